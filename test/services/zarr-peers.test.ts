import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contentDigest, type Dataset, dataset, NdArray } from "../../core/index.ts";
import { Zarr } from "../../modules/zarr/zarr.ts";

const python = fileURLToPath(new URL("../../.venv/bin/python", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";

/** What a script of Python says of a store, as JSON. A warning of its libraries is an error. */
function ask(script: string, ...paths: readonly string[]): unknown {
  return JSON.parse(execFileSync(python, ["-W", "error", "-c", script, ...paths], { encoding: "utf8" }));
}

/** One that has all dtypes, gaps, units, unnamed and unlimited dimensions, groups, attributes, an empty and a large array. */
function sample(): Dataset {
  const vector = (length: number) => ({ shape: [length], dims: ["time"] });
  const numbers = Float32Array.from({ length: 300_000 }, (_, i) => Math.round(Math.sin(i) * 1000) / 8);
  return dataset({
    dims: { time: { length: 3, unlimited: true } },
    attributes: {
      title: "Zwölf",
      half: 0.5,
      whole: 3,
      big: 2n ** 60n,
      flag: true,
      nan: Number.NaN,
      ints: new NdArray(Int16Array.of(7, 8), { dtype: "int16", shape: [2] }),
      floats: new NdArray(Float64Array.of(1, 2), { dtype: "float64", shape: [2] }),
      names: new NdArray(["a", "", "é"], { dtype: "string", shape: [3] }),
    },
    variables: {
      time: new NdArray(Float64Array.of(0, 0.5, 1), {
        dtype: "float64",
        ...vector(3),
        unit: "days since 2000-01-01",
      }),
      f2: new NdArray(Float32Array.of(0.5, 65504, Number.NEGATIVE_INFINITY), { dtype: "float16", ...vector(3) }),
      f4: new NdArray(Float32Array.of(0.1, -0, Number.NaN), { dtype: "float32", ...vector(3), unit: "K" }),
      f8: {
        array: new NdArray(Float64Array.of(0.1, -9, 1), { dtype: "float64", ...vector(3) }),
        attributes: { _FillValue: -9 },
      },
      i1: new NdArray(Int8Array.of(-128, 0, 127), { dtype: "int8", ...vector(3) }),
      i4: {
        array: new NdArray(Int32Array.of(1, -1, 3), { dtype: "int32", ...vector(3) }),
        attributes: { _FillValue: -1 },
      },
      i8: new NdArray(BigInt64Array.of(-(2n ** 63n), 0n, 2n ** 63n - 1n), { dtype: "int64", ...vector(3) }),
      u8: new NdArray(BigUint64Array.of(0n, 1n, 2n ** 64n - 1n), { dtype: "uint64", ...vector(3) }),
      flag: new NdArray(Uint8Array.of(1, 0, 1), { dtype: "bool", ...vector(3) }),
      text: new NdArray(["alpha", "", "gämma"], { dtype: "string", ...vector(3) }),
      scalar: new NdArray(Float64Array.of(2.5), { dtype: "float64", shape: [] }),
      empty: new NdArray(new Float32Array(0), { dtype: "float32", shape: [0, 3], dims: ["nothing", "time"] }),
      one: new NdArray(Int16Array.of(1, 2), { dtype: "int16", shape: [2], dims: ["dim_0"] }),
      other: new NdArray(Int16Array.of(1, 2, 3), { dtype: "int16", shape: [3], dims: ["dim_0"] }),
      numbers: {
        array: new NdArray(numbers, { dtype: "float32", shape: [600, 500], dims: ["y", "x"] }),
        storage: { chunkShape: [128, 200] },
      },
    },
    groups: { raw: { variables: { inside: new NdArray(Int32Array.of(1, 2, 3), { dtype: "int32", ...vector(3) }) } } },
  });
}

// Without the environment this is skipped; scripts/python-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)("Zarr and Python (needs scripts/python-venv.sh)", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-peers-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each([
    [2, "gzip"],
    [2, "zstd"],
    [3, "gzip"],
    [3, "zstd"],
  ] as const)("stores that we write: version %d, %s", (formatVersion, compressor) => {
    const zarr = new Zarr({ cacheBytes: 64e6, maxChunkBytes: 512e6, formatVersion, compressor });
    let store = "";

    beforeAll(async () => {
      store = join(folder, `ours-${formatVersion}-${compressor}.zarr`);
      await zarr.write(store, sample());
    });

    it("are read by zarr-python, with types, attributes, chunks and dimensions", () => {
      const script = `
import sys, json, zarr
g = zarr.open_consolidated(sys.argv[1], mode="r")
f = lambda x: [repr(float(v)) for v in x]
a = dict(g.attrs); nan = a.pop("nan")
n = g["numbers"]
print(json.dumps({
  "format": g.metadata.zarr_format,
  "dtypes": {k: str(g[k].dtype) for k in ("f2", "f4", "f8", "i1", "i4", "i8", "u8", "flag", "numbers")},
  "f2": f(g["f2"][:]), "f4": f(g["f4"][:]), "f8": f(g["f8"][:]), "i8": [str(v) for v in g["i8"][:]], "u8": [str(v) for v in g["u8"][:]],
  "flag": g["flag"][:].tolist(), "text": g["text"][:].tolist(), "scalar": float(g["scalar"][()]), "empty": list(g["empty"].shape),
  "attributes": a, "nan": nan != nan, "kinds": [type(a["whole"]).__name__, type(a["half"]).__name__, [type(v).__name__ for v in a["floats"]]],
  "dims": list(n.metadata.dimension_names if g.metadata.zarr_format == 3 else n.attrs["_ARRAY_DIMENSIONS"]),
  "chunks": list(n.chunks), "sum": float(n[:].astype("f8").sum()), "inside": g["raw/inside"][:].tolist(),
  "compressors": [type(c).__name__.lower() for c in n.compressors], "units": g["f4"].attrs["units"]}))`;
      let sum = 0;
      for (let i = 0; i < 300_000; i++) sum += Math.fround(Math.round(Math.sin(i) * 1000) / 8);
      expect(ask(script, store)).toEqual({
        format: formatVersion,
        dtypes: {
          ...{ f2: "float16", f4: "float32", f8: "float64", i1: "int8", i4: "int32", i8: "int64", u8: "uint64" },
          ...{ flag: "bool", numbers: "float32" },
        },
        f2: ["0.5", "65504.0", "-inf"],
        f4: ["0.10000000149011612", "-0.0", "nan"],
        f8: ["0.1", "-9.0", "1.0"],
        i8: ["-9223372036854775808", "0", "9223372036854775807"],
        u8: ["0", "1", "18446744073709551615"],
        flag: [true, false, true],
        text: ["alpha", "", "gämma"],
        scalar: 2.5,
        empty: [0, 3],
        attributes: {
          ...{ title: "Zwölf", half: 0.5, whole: 3, big: 2 ** 60, flag: true, ints: [7, 8], floats: [1, 2] },
          names: ["a", "", "é"],
        },
        nan: true,
        kinds: ["int", "float", ["float", "float"]],
        dims: ["y", "x"],
        chunks: [128, 200],
        sum,
        inside: [1, 2, 3],
        compressors: [expect.stringContaining(compressor)],
        units: "K",
      });
    });

    it("are opened by xarray without a warning: coordinates, times, missing values, groups", () => {
      const script = `
import sys, json, xarray as xr
d = xr.open_zarr(sys.argv[1], chunks=None)
g = xr.open_datatree(sys.argv[1], engine="zarr", chunks=None)
n = lambda x: [None if v != v else v for v in x.values.tolist()]
print(json.dumps({"coords": list(d.coords), "sizes": dict(d.sizes), "time": [str(t) for t in d.time.values.astype("M8[h]")],
  "f4": n(d.f4), "f8": n(d.f8), "i4": n(d.i4), "text": d.text.values.tolist(), "units": d.f4.attrs["units"],
  "one": d.one.values.tolist(), "other": d.other.values.tolist(), "inside": g["raw"]["inside"].values.tolist(),
  "row": d.numbers.isel(y=599).values[:3].tolist()}))`;
      const row = [0, 1, 2].map((x) => Math.round(Math.sin(599 * 500 + x) * 1000) / 8);
      expect(ask(script, store)).toEqual({
        coords: ["time"],
        sizes: { time: 3, nothing: 0, one_dim_0: 2, other_dim_0: 3, y: 600, x: 500 },
        time: ["2000-01-01T00", "2000-01-01T12", "2000-01-02T00"],
        f4: [0.10000000149011612, -0, null],
        f8: [0.1, null, 1],
        i4: [1, null, 3],
        text: ["alpha", "", "gämma"],
        units: "K",
        one: [1, 2],
        other: [1, 2, 3],
        inside: [1, 2, 3],
        row,
      });
    });

    it("are still ours after xarray has copied them", async () => {
      const script = `
import sys, json, warnings, xarray as xr
warnings.simplefilter("ignore")
d = xr.open_dataset(sys.argv[1], engine="zarr", decode_cf=False, chunks=None)
for v in d.variables.values(): v.encoding = {} if "_FillValue" in v.attrs else {"_FillValue": None}
d.to_zarr(sys.argv[2], zarr_format=int(sys.argv[3]), consolidated=True)
print("{}")`;
      const copy = join(folder, `copy-${formatVersion}-${compressor}.zarr`);
      ask(script, store, copy, String(formatVersion));
      await using ours = await zarr.open(store, { decode: false });
      await using theirs = await zarr.open(copy, { decode: false });
      for (const [name, variable] of Object.entries(ours.variables)) {
        const [one, other] = [await variable.read(), await theirs.variables[name]?.read()];
        expect(other?.values(), name).toEqual(one.values());
        expect(other?.dims, name).toEqual(one.dims);
        expect(theirs.variables[name]?.attributes, name).toEqual(variable.attributes);
      }
      expect(theirs.variables["i4"]?.attributes["_FillValue"]).toBe(-1);
    });
  });

  it("undoes blosc of every kind, in one block and in many", async () => {
    const script = `
import sys, json, hashlib, numpy as np, zarr, numcodecs
rng = np.random.default_rng(3); g = zarr.create_group(sys.argv[1], zarr_format=2); digests = {}
for cname in ("blosclz", "lz4", "lz4hc", "zlib", "zstd"):
  for shuffle in (0, 1, 2):
    for dtype in ("u1", "i2", "f4", "f8"):
      for size in (30, 100_003):
        data = (np.cumsum(rng.integers(-3, 4, size)) % 120).astype(dtype); name = f"{cname}{shuffle}{dtype}_{size}"
        a = g.create_array(name, shape=data.shape, dtype=dtype, chunks=data.shape, compressors=numcodecs.Blosc(cname, 5, shuffle), fill_value=None)
        a[...] = data; digests[name] = hashlib.sha256(data.tobytes()).hexdigest()
zarr.consolidate_metadata(sys.argv[1]); print(json.dumps(digests))`;
    const store = join(folder, "blosc.zarr");
    const digests = JSON.parse(execFileSync(python, ["-W", "ignore", "-c", script, store], { encoding: "utf8" }));
    const zarr = new Zarr({ cacheBytes: 0, maxChunkBytes: 512e6, formatVersion: 3, compressor: "gzip" });
    await using file = await zarr.open(store);
    expect(Object.keys(digests)).toHaveLength(120);
    for (const [name, digest] of Object.entries(digests)) {
      const values = (await file.variables[name]?.read())?.values() as Float64Array;
      const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      expect(createHash("sha256").update(bytes).digest("hex"), name).toBe(digest);
    }
  });

  it("reads what xarray decodes as xarray does: packing, missing values, times, unsigned", async () => {
    const script = `
import sys, json, warnings, numpy as np, xarray as xr
warnings.simplefilter("ignore")
rng = np.random.default_rng(2)
data = np.round(rng.normal(280, 10, (50, 40)), 2); data[rng.random((50, 40)) < 0.1] = np.nan
d = xr.Dataset({"packed": (("t", "x"), data), "plain": (("t", "x"), data.astype("f4")), "count": (("x",), np.arange(40))},
  coords={"t": np.datetime64("2000-01-01") + np.arange(50).astype("m8[D]")})
encoding = {"packed": {"dtype": "i2", "scale_factor": 0.01, "add_offset": 280.0, "_FillValue": -32768, "chunks": (20, 30)}, "plain": {"_FillValue": -1e30, "chunks": (7, 40)}}
for v in (2, 3): d.to_zarr(sys.argv[1] + f"/theirs-{v}.zarr", zarr_format=v, encoding=encoding)
with xr.open_zarr(sys.argv[1] + "/theirs-2.zarr", chunks=None) as e:
  print(json.dumps({k: [None if v != v else float(v) for v in e[k].values.ravel()] for k in ("packed", "plain")}))`;
    const wanted = ask(script, folder) as Record<string, (number | null)[]>;
    const zarr = new Zarr({ cacheBytes: 64e6, maxChunkBytes: 512e6, formatVersion: 3, compressor: "gzip" });
    for (const version of [2, 3]) {
      await using file = await zarr.open(join(folder, `theirs-${version}.zarr`));
      for (const [name, values] of Object.entries(wanted)) {
        const array = await file.variables[name]?.read();
        expect(array?.unit).toBeUndefined();
        const found = array?.toFloat64() ?? [];
        expect(found).toHaveLength(values.length);
        for (const [i, value] of values.entries()) {
          if (value === null) expect(found[i]).toBeNaN();
          else expect(found[i]).toBeCloseTo(value, 9);
        }
      }
      expect(file.coordinates).toEqual(["t"]);
      expect(file.variables["t"]?.unit).toBe("days since 2000-01-01 00:00:00");
      await contentDigest(file);
    }
  });
});
