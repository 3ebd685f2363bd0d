import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findVariable, type NdArray, type OpenDataset, VariableNotFoundError } from "../../../core/index.ts";
import { hasSamples, SAMPLES, useNetcdf } from "./shared.ts";

/** Statistics of netCDF4-python; see the README beside the samples. */
interface Numbers {
  readonly n?: number;
  readonly n_valid?: number;
  readonly nfin?: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly nstr?: number;
  readonly chars?: number;
  readonly first?: readonly string[];
  readonly members?: Readonly<Record<string, Numbers>>;
}

interface Expected {
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly raw?: Numbers;
  readonly decoded?: Numbers;
  readonly chars_sum?: number;
  readonly reference_reader_fails?: string;
}

interface ExpectedFile {
  readonly netcdf?: {
    readonly dims: Readonly<Record<string, readonly [number, boolean]>>;
    readonly vars: Readonly<Record<string, Expected>>;
  };
}

const FOLDER = join(SAMPLES, "hdf5");
const expected: Readonly<Record<string, ExpectedFile>> = hasSamples
  ? JSON.parse(readFileSync(join(FOLDER, "expected.json"), "utf8"))
  : {};

/**
 * Where the reference is known to be wrong: netCDF4-python 1.6.2 took any text in `_Unsigned` for "true" and gave 129;
 * 1.7.5 says that all is missing. By the NetCDF Users Guide the two bytes are the -127 that is stored.
 */
const WRONG_REFERENCE: Readonly<Record<string, Numbers>> = {
  "ubyte_classic.nc sb2": { n_valid: 2, sum: -254, min: -127, max: -127 },
};
/** The reference has extremes of unpacked values in float32. */
const FLOAT32 = 2 ** -23;

const { netcdf } = useNetcdf();

/** Members of the one compound in the samples, read from its bytes: `cp` of synth_nc4_360day.nc. */
const MEMBERS: Readonly<Record<string, (bytes: Buffer) => number>> = {
  a: (bytes) => bytes.readInt32LE(0),
  b: (bytes) => bytes.readDoubleLE(8),
};

describe.skipIf(!hasSamples)("real NetCDF files (skipped where ../shared/data is absent)", () => {
  for (const [name, { netcdf: wanted }] of Object.entries(expected)) {
    if (wanted === undefined) continue;
    it(`reads every variable of ${name} as netCDF4-python does, raw and decoded`, { timeout: 120_000 }, async () => {
      await using raw = await netcdf.open(join(FOLDER, name), { decode: false });
      await using decoded = await netcdf.open(join(FOLDER, name));
      for (const [dim, [length, unlimited]] of Object.entries(wanted.dims)) {
        expect(raw.dims[dim], dim).toEqual({ length, unlimited });
      }
      for (const [path, variable] of Object.entries(wanted.vars)) {
        await checkRaw(raw, path, variable);
        const numbers = WRONG_REFERENCE[`${name} ${path}`] ?? variable.decoded;
        if (numbers) await checkDecoded(decoded, path, numbers);
      }
    });
  }

  it("checks all of them, and refuses none", () => {
    const variables = Object.values(expected).flatMap((file) => Object.values(file.netcdf?.vars ?? {}));
    const unchecked = variables.filter(({ raw, chars_sum }) => raw === undefined && chars_sum === undefined);
    expect(variables.length).toBeGreaterThan(200);
    expect(unchecked).toEqual([]);
  });
});

async function checkRaw(file: OpenDataset, path: string, wanted: Expected): Promise<void> {
  const variable = findVariable(file, path);
  expect(variable.shape.slice(0, wanted.shape.length), path).toEqual(wanted.shape);
  const array = await variable.read();
  if (wanted.chars_sum !== undefined) {
    expect(
      [...(array.values() as Uint8Array)].reduce((sum, code) => sum + code, 0),
      path,
    ).toBe(wanted.chars_sum);
  } else if (wanted.raw?.nstr !== undefined) {
    const texts = array.values() as string[];
    expect(texts.length, path).toBe(wanted.raw.nstr);
    expect([...texts.join("")].length, path).toBe(wanted.raw.chars);
    expect(texts.slice(0, wanted.raw.first?.length), path).toEqual(wanted.raw.first);
  } else if (wanted.raw?.members) {
    const bytes = Buffer.from(array.values() as Uint8Array);
    const size = variable.shape.at(-1) as number;
    for (const [member, numbers] of Object.entries(wanted.raw.members)) {
      const read = MEMBERS[member];
      if (read === undefined) throw new VariableNotFoundError(member, Object.keys(MEMBERS));
      const values = Array.from({ length: bytes.length / size }, (_, i) => read(bytes.subarray(i * size)));
      checkNumbers(Float64Array.from(values), numbers, `${path}.${member}`);
    }
  } else checkNumbers(numbersOf(array), wanted.raw ?? {}, path);
}

async function checkDecoded(file: OpenDataset, path: string, wanted: Numbers): Promise<void> {
  const array = await findVariable(file, path).read();
  const valid = array.toFloat64().filter((value) => !Number.isNaN(value));
  expect(valid.length, `${path}: values that are not missing`).toBe(wanted.n_valid);
  checkNumbers(valid, wanted, path);
}

function numbersOf(array: NdArray): Float64Array {
  return Float64Array.from(array.values() as ArrayLike<number | bigint>, Number);
}

function checkNumbers(values: Float64Array, { n, nfin, sum, min, max }: Numbers, what: string): void {
  const finite = values.filter(Number.isFinite);
  if (n !== undefined) expect(values.length, what).toBe(n);
  if (nfin !== undefined) expect(finite.length, what).toBe(nfin);
  if (sum === undefined || min === undefined || max === undefined) return;
  const most = Math.max(Math.abs(min), Math.abs(max));
  const total = finite.reduce((all, value) => all + value, 0);
  expect(Math.abs(total - sum), `${what}: sum ${total}, not ${sum}`).toBeLessThanOrEqual(1e-9 * finite.length * most);
  const least = finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const largest = finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  expect(Math.abs(least - min), `${what}: least ${least}, not ${min}`).toBeLessThanOrEqual(FLOAT32 * most);
  expect(Math.abs(largest - max), `${what}: largest ${largest}, not ${max}`).toBeLessThanOrEqual(FLOAT32 * most);
}
