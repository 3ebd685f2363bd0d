import { copyFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testConnector } from "twinloom/testing";
import { afterAll, describe } from "vitest";
import { type DType, dataset, NdArray } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { Netcdf } from "../../../modules/netcdf/netcdf.ts";
import { FIXTURES } from "./shared.ts";

const time = Float64Array.from({ length: 9 }, (_, i) => i * 0.5);
const temperature = Float64Array.from({ length: 36 }, (_, i) => i * 0.25);
const count = Int8Array.from({ length: 36 }, (_, i) => i - 18);

/** What scripts/make-netcdf-fixtures.py writes by netCDF4-python. */
const truth = dataset({
  attributes: {
    title: "a slab of air",
    levels: new NdArray(Int32Array.of(1, 2, 3), { dtype: "int32", shape: [3] }),
  },
  variables: {
    time: new NdArray(time, { dtype: "float64", shape: [9], dims: ["time"], unit: "s" }),
    level: new NdArray(Float32Array.of(1000, 850, 500, 100), {
      dtype: "float32",
      shape: [4],
      dims: ["level"],
      unit: "hPa",
    }),
    temperature: {
      array: new NdArray(temperature, { dtype: "float64", shape: [9, 4], dims: ["time", "level"], unit: "K" }),
      attributes: { long_name: "air temperature" },
    },
    count: new NdArray(count, { dtype: "int8", shape: [9, 4], dims: ["time", "level"] }),
  },
});

/** All but those that NetCDF has not: halves and booleans are written as float32 and int8. */
const DTYPES: readonly DType[] = [
  ...(["float32", "float64", "string", "int8", "int16", "int32", "int64"] as const),
  ...(["uint8", "uint16", "uint32", "uint64"] as const),
];

// One for all cases: starting a worker takes a third of a second.
const hdf = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
const connector = new Netcdf({ hdf, sources: [], decode: true });
afterAll(() => hdf.stop());

for (const [format, shortBytes] of [
  ["cdf1", 300],
  ["cdf5", 400],
  ["nc4", 5000],
] as const) {
  describe(format, () => {
    testConnector(async () => {
      const folder = await mkdtemp(join(tmpdir(), "twinloom-netcdf-"));
      const location = join(FIXTURES, `conformance-${format}.nc`);
      const short = join(folder, "short.nc");
      await copyFile(location, short);
      await truncate(short, shortBytes);
      const text = join(folder, "text.nc");
      await writeFile(text, "no NetCDF");
      let written = 0;
      return {
        connector,
        location,
        truth,
        newLocation: () => join(folder, `new-${++written}.nc`),
        unreadable: [short, text],
        dtypes: DTYPES,
        addedAttributes: { _FillValue: Number.NaN },
        dispose: () => rm(folder, { recursive: true, force: true }),
      };
    });
  });
}
