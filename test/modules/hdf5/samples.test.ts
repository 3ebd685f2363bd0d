import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { findVariable, type Variable } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { hasSamples, SAMPLES } from "./shared.ts";

/** What h5py 3.7 and netCDF4-python read; see the README beside the samples. */
interface Expected {
  readonly shape?: readonly number[] | null;
  readonly n?: number;
  readonly nfin?: number;
  readonly sum?: number;
  readonly min?: number;
  readonly max?: number;
  readonly nstr?: number;
  readonly chars?: number;
  readonly first?: readonly string[];
  readonly vlen?: number;
  readonly members?: Readonly<Record<string, Expected>>;
  readonly re?: Expected;
  readonly im?: Expected;
  readonly softlink?: string;
  readonly external?: readonly [string, string];
}

interface ExpectedFile {
  readonly hdf5?: Readonly<Record<string, Expected>>;
  readonly netcdf?: {
    readonly format: string;
    readonly vars: Readonly<Record<string, { readonly shape?: readonly number[]; readonly raw?: Expected }>>;
  };
}

const expected: Readonly<Record<string, ExpectedFile>> = hasSamples
  ? JSON.parse(readFileSync(join(SAMPLES, "expected.json"), "utf8"))
  : {};

const hdf5 = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000 });
afterAll(() => hdf5.stop());

type File = Awaited<ReturnType<Hdf5["open"]>>;

describe.skipIf(!hasSamples)("real HDF5 files (skipped where ../shared/data is absent)", () => {
  for (const [name, { hdf5: datasets }] of Object.entries(expected)) {
    if (datasets === undefined) continue;
    it(`reads ${name} as h5py does`, { timeout: 120_000 }, async () => {
      await using file = await hdf5.open(join(SAMPLES, name));
      for (const [path, wanted] of Object.entries(datasets)) await check(file, path, wanted);
    });
  }

  for (const [name, { netcdf }] of Object.entries(expected)) {
    if (!netcdf?.format.startsWith("NETCDF4")) continue;
    it(`reads the stored numbers of ${name} as netCDF4-python does`, { timeout: 120_000 }, async () => {
      await using file = await hdf5.open(join(SAMPLES, name));
      let checked = 0;
      for (const [path, { raw }] of Object.entries(netcdf.vars)) {
        const variable = find(file, `/${path}`);
        // A variable that NetCDF sees longer than it is stored, or under another name, is no matter of plain HDF5.
        if (raw?.n === undefined || variable === undefined || size(variable) !== raw.n) continue;
        await checkNumbers(variable, raw);
        checked++;
      }
      expect(checked).toBeGreaterThan(0);
    });
  }
});

function find(file: File, path: string): Variable | undefined {
  try {
    return findVariable(file, path);
  } catch {
    return undefined;
  }
}

function size(variable: Variable): number {
  return variable.shape.reduce((product, length) => product * length, 1);
}

async function check(file: File, path: string, wanted: Expected): Promise<void> {
  if (wanted.softlink !== undefined) {
    expect(file.links[path], path).toMatchObject({ kind: "soft", target: wanted.softlink });
  } else if (wanted.external) {
    expect(file.links[path], path).toMatchObject({
      kind: "external",
      file: wanted.external[0],
      target: wanted.external[1],
    });
  } else if (wanted.members) {
    for (const [member, inside] of Object.entries(wanted.members)) await check(file, `${path}/${member}`, inside);
  } else if (wanted.re && wanted.im) {
    await checkNumbers(findVariable(file, `${path}/r`), wanted.re);
    await checkNumbers(findVariable(file, `${path}/i`), wanted.im);
  } else if (wanted.vlen !== undefined) {
    const counts = await findVariable(file, `${path}/counts`).read();
    expect(
      counts.toFloat64().reduce((sum, count) => sum + count, 0),
      path,
    ).toBe(wanted.vlen);
    await checkNumbers(findVariable(file, `${path}/values`), wanted);
  } else if (wanted.nstr !== undefined) {
    await checkText(findVariable(file, path), wanted);
  } else {
    const variable = findVariable(file, path);
    // A dataset without a dataspace has no shape; we show it without elements.
    if (wanted.shape !== undefined) expect(variable.shape, path).toEqual(wanted.shape ?? [0]);
    await checkNumbers(variable, wanted);
  }
}

async function checkText(variable: Variable, wanted: Expected): Promise<void> {
  const array = await variable.read();
  if (!array.is("string")) throw new Error(`${variable.path} is ${array.dtype}`);
  const values = array.values();
  expect(values.length, variable.path).toBe(wanted.nstr);
  // The reference counts no characters for object references; ours are paths.
  if (variable.storage.typeNote?.includes("reference")) return;
  expect([...values.join("")].length, variable.path).toBe(wanted.chars);
  expect(values.slice(0, wanted.first?.length), variable.path).toEqual(wanted.first);
}

async function checkNumbers(variable: Variable, { n, nfin, sum, min, max }: Expected): Promise<void> {
  const array = await variable.read();
  const values = Float64Array.from(array.values() as ArrayLike<number | bigint>, Number);
  const finite = values.filter(Number.isFinite);
  if (n !== undefined) expect(values.length, variable.path).toBe(n);
  if (nfin !== undefined) expect(finite.length, variable.path).toBe(nfin);
  if (sum === undefined || min === undefined || max === undefined) return;
  const scale = finite.length * Math.max(Math.abs(min), Math.abs(max));
  expect(Math.abs(finite.reduce((total, value) => total + value, 0) - sum), variable.path).toBeLessThanOrEqual(
    1e-9 * scale,
  );
  expect(
    finite.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    variable.path,
  ).toBe(min);
  expect(
    finite.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
    variable.path,
  ).toBe(max);
}
