import { readFileSync } from "node:fs";
import { copyFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findVariable, NdArray, walk } from "../../../core/index.ts";
import { FIXTURES, useHdf5 } from "./shared.ts";

/** What h5py reads from the fixtures, written by scripts/make-hdf5-fixtures.py. */
const expected: Readonly<
  Record<string, Readonly<Record<string, { readonly shape: readonly number[] | null; readonly values: unknown[] }>>>
> = JSON.parse(readFileSync(join(FIXTURES, "expected.json"), "utf8"));

/** Numbers whose layout h5wasm hides and would misread; they are refused. */
const REFUSED = new Set(["numbers.h5/bfloat16", "numbers.h5/i2_precision12"]);

const { hdf5, path: temporary } = useHdf5();

describe("what h5py wrote", () => {
  for (const [name, datasets] of Object.entries(expected)) {
    it(`is read from ${name} value for value`, async () => {
      await using file = await hdf5.open(join(FIXTURES, name));
      for (const [path, { shape, values }] of Object.entries(datasets)) {
        const variable = findVariable(file, path);
        if (REFUSED.has(`${name}${path}`)) {
          await expect(variable.read(), path).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
          continue;
        }
        if (shape) expect(variable.shape, path).toEqual(shape);
        expect(plain(await variable.read()), path).toEqual(values);
      }
    });
  }

  it("is named by its dtype", async () => {
    await using file = await hdf5.open(join(FIXTURES, "numbers.h5"));
    const dtypes = Object.fromEntries([...walk(file)].map((variable) => [variable.path, variable.dtype]));
    expect(dtypes).toMatchObject({
      "/le/f2": "float16",
      "/be/f2": "float16",
      "/be/i8": "int64",
      "/le/u8": "uint64",
      "/bool": "bool",
      "/i3": "int32",
      "/u5": "uint64",
      "/bits": "uint16",
      "/complex/r": "float64",
    });
    expect(findVariable(file, "/be/f8").storage.typeNote).toBe("big-endian float64");
  });

  it("has opaque bytes as an axis, and nothing where there is no dataspace", async () => {
    await using file = await hdf5.open(join(FIXTURES, "numbers.h5"));
    const opaque = await findVariable(file, "/opaque").read();
    expect([opaque.dtype, opaque.shape, plain(opaque)]).toEqual(["uint8", [2, 3], [97, 98, 99, 0, 1, 2]]);
    expect((await findVariable(file, "/empty").read()).shape).toEqual([0]);
  });

  it("has attributes of every kind", async () => {
    await using file = await hdf5.open(join(FIXTURES, "attributes.h5"));
    const { attributes } = findVariable(file, "/d");
    const values = Object.entries(attributes).map(([name, value]) => [
      name,
      value instanceof NdArray ? plain(value) : value,
    ]);
    expect(values).toEqual([
      ["z_float", 1.5],
      ["int", 3],
      ["u8", 2n ** 64n - 1n],
      ["half", 0.5],
      ["be", [1, 2]],
      ["bool", true],
      ["text", "ünï"],
      ["bytes", "fixed"],
      ["texts", ["a", "bb"]],
      ["empty", []],
      ["enum", 2],
      ["sequence", [0, 1, 2]],
      ["reference", "/d"],
      ["big", [0, 1, 2, 3, 4, 5]],
    ]);
    await using compound = await hdf5.open(join(FIXTURES, "compound.h5"));
    expect(compound.attributes).toMatchObject({ "point/x": 1.5, "point/n": 2 });
  });

  it("refuses sequences of strings by code, and reads the rest of the file", async () => {
    await using file = await hdf5.open(join(FIXTURES, "sequences.h5"));
    await expect(findVariable(file, "/of_strings").read()).rejects.toMatchObject({ code: "TWIN_READ_FAILED" });
  });
});

describe("dimensions", () => {
  it("have the names of attached scales, each axis its own", async () => {
    await using file = await hdf5.open(join(FIXTURES, "scales.h5"));
    const dims = Object.fromEntries([...walk(file)].map((variable) => [variable.path, variable.dims]));
    expect(dims).toEqual({
      "/covariance": ["x", "dim_1"],
      "/field": ["time", "x"],
      "/group/deep": ["time"],
      "/labelled": ["dim_0", "component"],
      "/time": ["time"],
      "/x": ["x"],
    });
    expect(file.coordinates).toEqual(["time", "x"]);
    expect(file.dims).toEqual({ time: { length: 4, unlimited: false }, x: { length: 3, unlimited: false } });
    expect(file.variables["time"]).toMatchObject({ unit: "s", attributes: { units: "s" } });
  });

  it("are selected by the values of their coordinates, also those of an outer group", async () => {
    await using file = await hdf5.open(join(FIXTURES, "scales.h5"));
    expect(plain(await findVariable(file, "/field").read({ time: { from: 1, to: 2 }, x: { value: 20 } }))).toEqual([
      4, 7,
    ]);
    expect(plain(await findVariable(file, "/group/deep").read({ time: { value: 3 } }))).toEqual([3]);
    await expect(findVariable(file, "/field").read({ x: { value: 21 } })).rejects.toMatchObject({
      code: "TWIN_INVALID_SELECTION",
    });
  });
});

describe("links", () => {
  it("are reported, and a walk through them ends", async () => {
    await using file = await hdf5.open(join(FIXTURES, "links.h5"));
    expect(file.links).toEqual({
      "/dangling": { kind: "soft", target: "/nowhere", leadsTo: "nothing" },
      "/external": { kind: "external", file: "numbers.h5", target: "/scalar", leadsTo: "dataset" },
      "/external_group": { kind: "external", file: "links.h5", target: "/", leadsTo: "group" },
      "/external_missing": { kind: "external", file: "missing.h5", target: "/x", leadsTo: "nothing" },
      "/self": { kind: "soft", target: "/self", leadsTo: "nothing" },
      "/soft": { kind: "soft", target: "/a/data", leadsTo: "dataset" },
      "/soft_group": { kind: "soft", target: "/a", leadsTo: "group" },
      "/a/again": { kind: "hard", target: "/a", leadsTo: "loop" },
      "/a/loop": { kind: "soft", target: "/a", leadsTo: "loop" },
    });
    expect(file.problems.map(({ path }) => path)).toEqual(["/dangling", "/external_missing", "/self"]);
    expect(plain(await findVariable(file, "/external").read())).toEqual([2.5]);
    expect(plain(await findVariable(file, "/references").read())).toEqual(["/a/data", "/a", ""]);
  });
});

describe("selections", () => {
  const rows = (i: number, j: number, k: number): number => (i * 10 + j) * 6 + k;

  it.each(["contiguous", "chunked", "gzip", "gzip_shuffle", "fletcher32", "scaleoffset", "szip", "lzf"])(
    "of %s read what they name",
    async (name) => {
      await using file = await hdf5.open(join(FIXTURES, "storage.h5"));
      const variable = findVariable(file, name);
      const part = { dim_0: { start: 1, stop: 11, step: 3 }, dim_1: -2, dim_2: { start: 1, stop: 6, step: 2 } };
      const wanted = [1, 4, 7, 10].flatMap((i) => [1, 3, 5].map((k) => rows(i, 8, k)));
      for (const array of [await variable.read(part), ...(await variable.readMany([part, part]))]) {
        expect([array.shape, array.dims, plain(array)]).toEqual([[4, 3], ["dim_0", "dim_2"], wanted]);
      }
      expect(plain(await variable.read({ dim_0: 11, dim_1: 9, dim_2: 5 }))).toEqual([rows(11, 9, 5)]);
      expect((await variable.read({ dim_0: { start: 3, stop: 3 } })).shape).toEqual([0, 10, 6]);
    },
  );

  it("of array members cut the axes of the array, too", async () => {
    await using file = await hdf5.open(join(FIXTURES, "compound.h5"));
    const pos = findVariable(file, "/mixed/pos");
    expect(plain(await pos.read({ dim_0: { start: 2, stop: 5, step: 2 }, dim_1: 1 }))).toEqual([7, 13]);
    expect(plain(await pos.read({ dim_0: 6, dim_1: { start: 1 } }))).toEqual([19, 20]);
  });

  it("of sequences read the elements of the rows that hold them", async () => {
    await using file = await hdf5.open(join(FIXTURES, "sequences.h5"));
    const values = findVariable(file, "/f4/values");
    expect(values.shape).toEqual([10]);
    expect(plain(await values.read({ f4_element: { start: 2, stop: 9, step: 3 } }))).toEqual([2, 31, 40]);
    const [last, none] = await values.readMany([{ f4_element: -1 }, { f4_element: { start: 4, stop: 4 } }]);
    expect([plain(last as NdArray), plain(none as NdArray)]).toEqual([[41], []]);
    expect(plain(await findVariable(file, "/grid/values").read({ grid_element: { start: 3, stop: 7 } }))).toEqual([
      100, 100, 101, 100,
    ]);
  });

  it("come in storage chunks that cover a variable once", async () => {
    await using file = await hdf5.open(join(FIXTURES, "storage.h5"));
    for (const name of ["gzip", "contiguous"]) {
      let seen = 0;
      for await (const { array } of findVariable(file, name).chunks()) {
        seen += array.toFloat64().reduce((sum, value) => sum + value, 0);
      }
      expect(seen, name).toBe((720 * 719) / 2);
    }
  });

  it("outside a dimension are errors, and an aborted one rejects with the reason of its signal", async () => {
    await using file = await hdf5.open(join(FIXTURES, "storage.h5"));
    const variable = findVariable(file, "gzip");
    await expect(variable.read({ dim_0: 12 })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
    await expect(variable.read({ nope: 0 })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
    await expect(variable.read({}, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});

describe("raw access", () => {
  it("tells types, chunks, filters and scales", async () => {
    await using file = await hdf5.openHdf(join(FIXTURES, "scales.h5"));
    expect(file.root.datasets["field"]).toMatchObject({
      type: { class: "float", size: 8, bigEndian: false },
      scales: [["/time"], ["/x"]],
      isScale: false,
    });
    expect(file.root.datasets["time"]).toMatchObject({ isScale: true, attributes: { CLASS: "DIMENSION_SCALE" } });
    await using storage = await hdf5.openHdf(join(FIXTURES, "storage.h5"));
    expect(storage.root.datasets["unlimited"]).toMatchObject({ chunkShape: [2, 2], maxShape: [undefined, 2] });
    expect(storage.root.datasets["gzip_shuffle"]?.filters.map(({ id }) => id)).toEqual([2, 1]);
    // The order of creation is the file's order where it is tracked.
    expect(Object.keys(storage.root.datasets).slice(0, 3)).toEqual(["contiguous", "compact", "chunked"]);
  });

  it("reads slabs of columns and of sequences", async () => {
    await using file = await hdf5.openHdf(join(FIXTURES, "compound.h5"));
    const slab = [{ start: 1, count: 2, step: 3 }];
    expect(plain(await file.read({ path: "/mixed", members: ["id"] }, slab))).toEqual([1, 4]);
    await expect(file.read({ path: "/mixed", members: ["no"] })).rejects.toMatchObject({
      code: "TWIN_VARIABLE_NOT_FOUND",
    });
    // All of a compound is its bytes.
    expect(await file.read({ path: "/mixed" })).toMatchObject({ dtype: "uint8", shape: [7, 29] });
    await expect(file.read({ path: "/mixed", members: ["id"] }, [{ start: 6, count: 2 }])).rejects.toMatchObject({
      code: "TWIN_INVALID_SELECTION",
    });
    await using sequences = await hdf5.openHdf(join(FIXTURES, "sequences.h5"));
    const { counts, values } = await sequences.readRagged({ path: "/i8" }, [{ start: 3, count: 2 }]);
    expect([plain(counts), plain(values)]).toEqual([
      [4, 2],
      [30, 31, 32, 33, 40, 41],
    ]);
  });
});

describe("files that cannot be read", () => {
  it("are errors with a code and HDF5's own words", async () => {
    await expect(hdf5.open(temporary("none.h5"))).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    await expect(hdf5.open(FIXTURES)).rejects.toMatchObject({ code: "TWIN_FILE_UNREADABLE" });
    await writeFile(temporary("text.h5"), "This is no HDF5 file, whatever its name says.");
    await expect(hdf5.open(temporary("text.h5"))).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("file signature not found"),
    });
    await copyFile(join(FIXTURES, "storage.h5"), temporary("short.h5"));
    await truncate(temporary("short.h5"), 20_000);
    await expect(hdf5.open(temporary("short.h5"))).rejects.toMatchObject({
      code: "TWIN_FILE_UNREADABLE",
      message: expect.stringContaining("truncated file"),
    });
  });

  it("are recognised by their signature, also behind a user block", () => {
    expect(hdf5.recognises(readFileSync(join(FIXTURES, "numbers.h5")).subarray(0, 2048), "x")).toBe(true);
    expect(hdf5.recognises(readFileSync(join(FIXTURES, "user-block.h5")).subarray(0, 2048), "x")).toBe(true);
    expect(hdf5.recognises(Buffer.from("CDF\u0001"), "x.h5")).toBe(false);
    expect(hdf5.recognises(new Uint8Array(0), "x.h5")).toBe(false);
  });

  it("are closed once, and reading from them afterwards is an error", async () => {
    const file = await hdf5.open(join(FIXTURES, "numbers.h5"));
    const variable = findVariable(file, "/le/f4");
    await file.close();
    await file.close();
    await expect(variable.read()).rejects.toMatchObject({ code: "TWIN_FILE_CLOSED" });
  });

  it("is shown as the CF conventions mean it only where that is asked for", async () => {
    const location = temporary("packed.h5");
    const packed = new NdArray(Int16Array.of(10, -1, 30), { dtype: "int16", shape: [3] });
    await hdf5.createHdf(location, async (writer) => {
      const attributes = { scale_factor: 0.5, _FillValue: -1 };
      writer.createDataset("/t", { dtype: "int16", shape: [3], attributes });
      await writer.write("/t", packed);
    });
    await using stored = await hdf5.open(location);
    expect([...(await findVariable(stored, "t").read()).values()]).toEqual([10, -1, 30]);
    await using decoded = await hdf5.open(location, { decode: true });
    expect([...(await findVariable(decoded, "t").read()).values()]).toEqual([5, Number.NaN, 15]);
    expect(decoded).toMatchObject({ format: "hdf5", location, version: stored.version, problems: [] });
  });
});

/** Values as the script writes them into JSON. */
function plain(array: NdArray): unknown[] {
  if (array.is("bool")) return Array.from(array.values(), (value) => value !== 0);
  return Array.from(array.values() as ArrayLike<number | bigint | string>, (value) => {
    if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    if (typeof value === "number" && !Number.isFinite(value)) {
      return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }
    return value;
  });
}
