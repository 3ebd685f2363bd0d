import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findVariable, NdArray, type Scalar, walk } from "../../../core/index.ts";
import { FIXTURES, newZarr } from "./shared.ts";

interface Expected {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly (number | string | boolean)[];
}

/** What zarr-python reads, array by array. */
const expected: Readonly<Record<string, Readonly<Record<string, Expected>>>> = JSON.parse(
  await readFile(join(FIXTURES, "expected.json"), "utf8"),
);

/** Codecs that zarrita does not have. */
const REFUSED = new Set(["codecs-v2.zarr/lzma", "codecs-v2.zarr/bz2"]);

const zarr = newZarr();

describe.each(Object.entries(expected))("%s by zarr-python", (store, arrays) => {
  it.each(Object.entries(arrays).filter(([name]) => !REFUSED.has(`${store}/${name}`)))(
    "reads %s",
    async (name, wanted) => {
      await using file = await zarr.open(join(FIXTURES, store), { decode: false });
      const variable = name === "" ? walk(file).next().value : findVariable(file, name);
      const array = (await variable?.read()) as NdArray;
      expect(array.shape).toEqual(wanted.shape);
      if (!/^[<>|]|[US]\d|datetime|String|object/.test(wanted.dtype)) {
        expect(array.dtype).toBe(wanted.dtype);
      }
      expect(Array.from({ length: array.size }, (_, i) => plain(array.reshape([array.size]).at(i)))).toEqual(
        wanted.values,
      );
    },
  );

  it("shows every array and nothing else", async () => {
    await using file = await zarr.open(join(FIXTURES, store));
    expect([...walk(file)]).toHaveLength(Object.keys(arrays).length);
    expect(file.problems).toEqual([]);
  });
});

/** As scripts/make-zarr-fixtures.py writes values into JSON. */
function plain(value: Scalar): number | string | boolean {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "number") return value;
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  return Object.is(value, -0) ? "-0.0" : value;
}

describe.each([2, 3] as const)("Zarr version %d", (version) => {
  it("lists a store without consolidated metadata, and reads attributes of all kinds", async () => {
    await using file = await zarr.open(join(FIXTURES, `plain-v${version}.zarr`), { decode: false });
    expect(file.formatVersion).toBe(version);
    const { ints, floats, longs, texts, ...scalars } = file.attributes;
    expect(scalars).toEqual({
      text: "Größe",
      whole: 3,
      float: 0.5,
      huge: 9007199254740993n,
      flag: true,
      nan: Number.NaN,
      nothing: "null",
      object: '{"a":[1]}',
    });
    expect(
      [ints, floats, longs, texts].map((each) => each instanceof NdArray && [each.dtype, ...each.values()]),
    ).toEqual([
      ["int32", 1, 2],
      ["float64", 1, 2],
      ["int64", 2n ** 40n],
      ["string", "a", "b"],
    ]);
    const values = file.groups["outer"]?.groups["inner"]?.variables["values"];
    expect(values?.path).toBe("/outer/inner/values");
    expect(values?.dims).toEqual(["dim_0", "dim_1"]);
    expect((await values?.read({ dim_0: 2 }))?.values()).toEqual(Int16Array.of(4, 5));
  });

  it("decodes packed values, unless asked not to", async () => {
    const location = join(FIXTURES, `plain-v${version}.zarr`);
    await using decoded = await zarr.open(location);
    expect((await decoded.variables["packed"]?.read())?.values()).toEqual(Float64Array.of(10, 10.5, Number.NaN));
    await using raw = await zarr.open(location, { decode: false });
    expect((await raw.variables["packed"]?.read())?.values()).toEqual(Int16Array.of(0, 1, -1));
    expect(raw.variables["packed"]?.attributes).toMatchObject({ _FillValue: -1, units: "K" });
  });

  it("opens a store by its folder, with a slash, and by its files of metadata", async () => {
    const root = join(FIXTURES, `conformance-v${version}.zarr`);
    const key = version === 2 ? ".zmetadata" : "zarr.json";
    for (const location of [root, `${root}/`, `${root}/${key}`]) {
      expect(zarr.recognises(new Uint8Array(), location)).toBe(true);
      await using file = await zarr.open(location);
      expect(file.location).toBe(location);
      expect(new Set(Object.keys(file.variables))).toEqual(new Set(["level", "temperature", "time"]));
    }
  });

  it("shows a store that is one array", async () => {
    await using file = await zarr.open(join(FIXTURES, `one-v${version}.zarr`));
    expect(Object.keys(file.variables)).toEqual([`one-v${version}`]);
  });

  it("says how a variable is stored", async () => {
    await using file = await zarr.open(join(FIXTURES, `codecs-v${version}.zarr`));
    expect(file.variables["blosc_lz4"]?.storage).toMatchObject({ chunkShape: [16, 16], filters: ["blosc(lz4, 5)"] });
    expect(file.variables["gzip"]?.storage.filters).toEqual(["gzip(5)"]);
    if (version === 3) {
      expect(file.variables["sharded"]?.storage).toMatchObject({
        chunkShape: [8, 5],
        filters: ["zstd(0)", "sharding"],
      });
    }
    await using types = await zarr.open(join(FIXTURES, `types-v${version}.zarr`));
    expect(types.variables["int16_big"]?.storage.typeNote).toBe("big-endian int16");
    expect(types.variables["date"]?.unit).toBe("days since 1970-01-01");
  });
});

it("refuses a codec that it has not, by name, when its array is read", async () => {
  await using file = await zarr.open(join(FIXTURES, "codecs-v2.zarr"));
  for (const name of ["lzma", "bz2"]) {
    await expect(file.variables[name]?.read()).rejects.toMatchObject({
      code: "TWIN_READ_FAILED",
      message: expect.stringContaining(`needs the codec "${name}"`),
    });
  }
});
