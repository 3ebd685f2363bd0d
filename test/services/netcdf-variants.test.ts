import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findVariable, type NdArray, type Selection, type Variable } from "../../core/index.ts";
import { Hdf5 } from "../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../modules/netcdf/netcdf.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const script = fileURLToPath(new URL("netcdf-variants.py", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";
/** More of them by hand, from any number on: `NETCDF_VARIANTS=1000:2000`. */
const [FIRST, LAST] = (process.env["NETCDF_VARIANTS"] ?? "0:100").split(":") as [string, string];

interface Encoded {
  readonly bytes?: string;
  readonly texts?: readonly string[];
}

/** A variable as netCDF4-python reads it. */
interface Peer {
  readonly kind: string;
  readonly shape: readonly number[];
  readonly dims: readonly string[];
  /** Type and values, as text. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly raw: Encoded;
  readonly selections: readonly {
    readonly axes: readonly (number | [number, number, number])[];
    readonly raw: Encoded;
  }[];
  readonly decoded?: {
    readonly kind: string;
    readonly values: Encoded;
    readonly missing: Encoded;
    readonly undecided: Encoded;
  };
}

interface PeerFile {
  readonly path: string;
  readonly format: string;
  readonly variables: Readonly<Record<string, Peer>>;
}

const DTYPES: Readonly<Record<string, string>> = {
  ...{ i1: "int8", u1: "uint8", i2: "int16", u2: "uint16", i4: "int32", u4: "uint32", i8: "int64", u8: "uint64" },
  ...{ f4: "float32", f8: "float64", S1: "uint8", str: "string" },
};

describe.skipIf(!existsSync(python) && !isRequired)("odd NetCDF files (needs scripts/python-venv.sh)", () => {
  const hdf = new Hdf5({ cacheBytes: 64e6, timeoutMs: 60_000 });
  const netcdf = new Netcdf({ hdf, sources: [], decode: true });
  let folder = "";
  let files: readonly PeerFile[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-variants-"));
    files = ask(folder);
  }, 300_000);
  afterAll(async () => {
    await hdf.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("have the values that netCDF4-python has, stored and decoded, whole and in part", {
    timeout: 300_000,
  }, async () => {
    let checked = 0;
    for (const { path, format, variables } of files) {
      await using raw = await netcdf.open(path, { decode: false });
      await using decoded = await netcdf.open(path);
      for (const [name, peer] of Object.entries(variables)) {
        const at = `${path} (${format}) ${name}`;
        await checkRaw(findVariable(raw, name), peer, at);
        if (peer.decoded) await checkDecoded(findVariable(decoded, name), peer, at);
        checked++;
      }
    }
    expect(files).toHaveLength(Number(LAST) - Number(FIRST));
    expect(checked).toBeGreaterThan(3 * files.length);
  });

  it("are the same for netCDF4-python when they were written by us", { timeout: 300_000 }, async () => {
    const copies = join(folder, "copies");
    await mkdir(copies);
    for (const { path } of files) {
      await using file = await netcdf.open(path);
      await netcdf.write(join(copies, basename(path)), file);
    }
    for (const [i, { path, format, variables }] of ask(copies).entries()) {
      expect(format, path).toBe("NETCDF4");
      expect(stored(variables), path).toEqual(stored((files[i] as PeerFile).variables));
    }
  });
});

/** What netCDF4-python reads from the files of a folder; it makes those that are not there. */
function ask(folder: string): readonly PeerFile[] {
  const lines = execFileSync(python, [script, folder, FIRST, LAST], { encoding: "utf8", maxBuffer: 1e9 });
  return lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** What a copy must keep. */
function stored(variables: PeerFile["variables"]): readonly object[] {
  return Object.entries(variables).map(([name, { kind, shape, dims, attributes, raw }]) => {
    return { name, kind, shape, dims, attributes: Object.entries(attributes), raw };
  });
}

async function checkRaw(variable: Variable, peer: Peer, at: string): Promise<void> {
  expect([variable.dtype, variable.shape, variable.dims], at).toEqual([DTYPES[peer.kind], peer.shape, peer.dims]);
  expect(encoded(await variable.read()), at).toEqual(peer.raw);
  const selections = peer.selections.map(({ axes }) => selectionOf(axes, variable));
  const many = await variable.readMany(selections);
  for (const [i, selection] of selections.entries()) {
    const what = `${at} ${JSON.stringify(selection)}`;
    expect(encoded(many[i] as NdArray), what).toEqual(peer.selections[i]?.raw);
    expect(encoded(await variable.read(selection)), what).toEqual(peer.selections[i]?.raw);
  }
  for await (const { selection, array } of variable.chunks()) {
    expect(array.values(), at).toEqual((await variable.read(selection)).values());
  }
}

async function checkDecoded(variable: Variable, peer: Peer, at: string): Promise<void> {
  const { kind, values, missing, undecided } = peer.decoded as NonNullable<Peer["decoded"]>;
  expect(variable.dtype, at).toBe(DTYPES[kind]);
  const array = await variable.read();
  const ours = [...(array.values() as ArrayLike<number | bigint> & Iterable<number | bigint>)];
  const theirs = valuesOf(values, kind);
  const isMissing = Buffer.from(missing.bytes ?? "", "base64");
  const isOpen = Buffer.from(undecided.bytes ?? "", "base64");
  const shown = (value: number | bigint, i: number, isNothing: boolean): number | bigint | string => {
    if (isOpen[i]) return "undecided";
    return isNothing || Number.isNaN(value) ? "missing" : value;
  };
  const expected = theirs.map((value, i) => shown(value, i, isMissing[i] === 1));
  const found = ours.map((value, i) => shown(value, i, value === variable.fillValue));
  expect(found, at).toEqual(expected);
}

function selectionOf(axes: readonly (number | [number, number, number])[], { dims, shape }: Variable): Selection {
  return Object.fromEntries(
    axes.map((one, axis) => {
      const length = shape[axis] as number;
      const dim = dims[axis] as string;
      // Every other one from the end, so that both ways of counting are checked.
      if (typeof one === "number") return [dim, one % 2 === 0 ? one : one - length];
      const [start, stop, step] = one;
      return [dim, { start: axis % 2 === 1 && start > 0 && start < length ? start - length : start, stop, step }];
    }),
  );
}

function encoded(array: NdArray): Encoded {
  const values = array.values();
  if (Array.isArray(values)) return { texts: values };
  return { bytes: Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64") };
}

function valuesOf({ bytes = "" }: Encoded, kind: string): (number | bigint)[] {
  const copy = new Uint8Array(Buffer.from(bytes, "base64"));
  const view = new DataView(copy.buffer);
  const size = Number(kind[1]);
  const at = (i: number): number | bigint => {
    switch (kind) {
      case "i1":
        return view.getInt8(i);
      case "u1":
        return view.getUint8(i);
      case "i2":
        return view.getInt16(i, true);
      case "u2":
        return view.getUint16(i, true);
      case "i4":
        return view.getInt32(i, true);
      case "u4":
        return view.getUint32(i, true);
      case "i8":
        return view.getBigInt64(i, true);
      case "u8":
        return view.getBigUint64(i, true);
      case "f4":
        return view.getFloat32(i, true);
      default:
        return view.getFloat64(i, true);
    }
  };
  return Array.from({ length: copy.length / size }, (_, i) => at(i * size));
}
