import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testHdfFiles } from "twinloom/testing";
import { afterAll } from "vitest";
import { NdArray } from "../../../core/index.ts";
import { Hdf5 } from "../../../modules/hdf5/hdf5.ts";
import { FIXTURES } from "./shared.ts";

// What scripts/make-hdf5-fixtures.py writes by h5py into compound.h5 and sequences.h5.
const rows = 7;
const truth = [
  {
    column: { path: "/mixed", members: ["id"] },
    values: new NdArray(
      Int32Array.from({ length: rows }, (_, i) => i),
      { dtype: "int32", shape: [rows] },
    ),
  },
  {
    column: { path: "/mixed", members: ["pos"] },
    values: new NdArray(
      Float32Array.from({ length: 3 * rows }, (_, i) => i),
      { dtype: "float32", shape: [rows, 3] },
    ),
  },
  {
    column: { path: "/nested", members: ["outer", "y"] },
    values: new NdArray(Int16Array.of(-2, -1, 0, 1), { dtype: "int16", shape: [2, 2] }),
  },
];

// One for all cases: starting a worker takes a third of a second.
const hdfFiles = new Hdf5({ cacheBytes: 1e6, timeoutMs: 60_000 });
afterAll(() => hdfFiles.stop());

testHdfFiles(async () => {
  const folder = await mkdtemp(join(tmpdir(), "twinloom-hdf-files-"));
  const text = join(folder, "text.h5");
  await writeFile(text, "no HDF5");
  let count = 0;
  return {
    hdfFiles,
    location: join(FIXTURES, "compound.h5"),
    truth,
    ragged: {
      location: join(FIXTURES, "sequences.h5"),
      column: { path: "/f4" },
      counts: [3, 0, 1, 4, 2],
      values: new NdArray(Float32Array.of(0, 1, 2, 20, 30, 31, 32, 33, 40, 41), { dtype: "float32", shape: [10] }),
    },
    newLocation: () => join(folder, `new-${++count}.h5`),
    unreadable: [text],
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
});
