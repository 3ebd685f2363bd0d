import { cp, mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testConnector } from "twinloom/testing";
import { describe } from "vitest";
import { dataset, NdArray } from "../../../core/index.ts";
import { FIXTURES, newZarr } from "./shared.ts";

const time = Float64Array.from({ length: 9 }, (_, i) => i * 0.5);
const temperature = Float64Array.from({ length: 36 }, (_, i) => i * 0.25);
const flags = Uint8Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? 1 : 0));

/** What scripts/make-zarr-fixtures.py writes by zarr-python. */
const truth = dataset({
  attributes: { title: "a slab of air" },
  variables: {
    time: new NdArray(time, { dtype: "float64", shape: [9], dims: ["time"], unit: "s" }),
    level: new NdArray(Float32Array.of(1000, 850, 500, 100), {
      dtype: "float32",
      shape: [4],
      dims: ["level"],
      unit: "hPa",
    }),
    temperature: new NdArray(temperature, { dtype: "float64", shape: [9, 4], dims: ["time", "level"], unit: "K" }),
  },
  groups: {
    group: { variables: { flags: new NdArray(flags, { dtype: "bool", shape: [9], dims: ["time"] }) } },
  },
});

describe.each([
  [2, "gzip"],
  [3, "gzip"],
  [3, "zstd"],
] as const)("Zarr version %d, %s", (formatVersion, compressor) => {
  testConnector(async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-zarr-"));
    const location = join(FIXTURES, `conformance-v${formatVersion}.zarr`);
    const short = join(folder, "short.zarr");
    await cp(location, short, { recursive: true });
    await truncate(join(short, formatVersion === 2 ? ".zmetadata" : "zarr.json"), 300);
    const file = join(folder, "file.zarr");
    await writeFile(file, "no folder");
    const empty = join(folder, "empty.zarr");
    await mkdir(empty);
    let count = 0;
    return {
      connector: newZarr({ formatVersion, compressor, cacheBytes: 1e6 }),
      location,
      truth,
      newLocation: () => join(folder, `new-${++count}.zarr`),
      unreadable: [short, file, empty],
      dispose: () => rm(folder, { recursive: true, force: true }),
    };
  });
});
