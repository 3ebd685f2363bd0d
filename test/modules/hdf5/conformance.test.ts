import { copyFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testConnector } from "twinloom/testing";
import { afterAll } from "vitest";
import { dataset, NdArray } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { FIXTURES } from "./shared.ts";

const time = Float64Array.from({ length: 9 }, (_, i) => i * 0.5);
const temperature = Float64Array.from({ length: 36 }, (_, i) => i * 0.25);
const flags = Uint8Array.from({ length: 9 }, (_, i) => (i % 3 === 0 ? 1 : 0));

/** What scripts/make-hdf5-fixtures.py writes into conformance.h5 by h5py. */
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

// One for all cases: starting a worker takes a third of a second.
const connector = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
afterAll(() => connector.stop());

testConnector(async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-hdf5-"));
  const location = join(FIXTURES, "conformance.h5");
  const short = join(folder, "short.h5");
  await copyFile(location, short);
  await truncate(short, 3000);
  const text = join(folder, "text.h5");
  await writeFile(text, "no HDF5");
  let count = 0;
  return {
    connector,
    location,
    truth,
    newLocation: () => join(folder, `new-${++count}.h5`),
    unreadable: [short, text],
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});
