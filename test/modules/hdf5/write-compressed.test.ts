import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type DataChunk, type Dataset, dataset, findVariable, NdArray, type Variable } from "../../../core/index.ts";
import { useHdf5 } from "./shared.ts";

const { hdf5, path } = useHdf5();

const VALUES = Float32Array.from({ length: 10 }, (_, i) => i / 3);

/** Five rows of two in chunks of two rows, which come compressed; how often somebody asks for their values is counted. */
function compressed(asked: { count: number }): Dataset {
  const array = new NdArray(VALUES, { dtype: "float32", shape: [5, 2], dims: ["row", "column"] });
  const plain = dataset({ variables: { x: { array } } });
  const original = plain.variables["x"] as Variable;
  async function* chunks(): AsyncGenerator<DataChunk> {
    for (let start = 0; start < 5; start += 2) {
      const stop = Math.min(5, start + 2);
      const bytes = new Uint8Array(16);
      bytes.set(new Uint8Array(VALUES.slice(2 * start, 2 * stop).buffer));
      const shuffled = Uint8Array.from({ length: 16 }, (_, i) => bytes[(i % 4) * 4 + Math.floor(i / 4)] as number);
      yield {
        selection: { row: { start, stop }, column: { start: 0, stop: 2 } },
        compressed: { shape: [2, 2], bytes: deflateSync(shuffled) },
        get array() {
          asked.count++;
          const values = VALUES.slice(2 * start, 2 * stop);
          return new NdArray(values, { dtype: "float32", shape: [stop - start, 2], dims: ["row", "column"] });
        },
      };
    }
  }
  const { name, dtype, dims, shape, unit, attributes } = original;
  const x: Variable = {
    ...{ name, path: "/x", dtype, dims, shape, unit, attributes, storage: { filters: [], chunkShape: [2, 2] } },
    read: (...given) => original.read(...given),
    readMany: (...given) => original.readMany(...given),
    chunks,
  };
  return { ...plain, variables: { x } };
}

async function written(name: string): Promise<readonly number[]> {
  await using file = await hdf5.open(path(name));
  return [...(await findVariable(file, "x").read()).toFloat64()];
}

describe("chunks that were compressed before", () => {
  it("are stored as they are, and nobody asks for their values", async () => {
    const asked = { count: 0 };
    await hdf5.write(path("taken.h5"), compressed(asked));
    expect(await written("taken.h5")).toEqual([...VALUES]);
    expect(asked.count).toBe(0);
  });

  it("are written by their values where the file stores them otherwise", async () => {
    const asked = { count: 0 };
    await hdf5.write(path("plain.h5"), compressed(asked), { compressionLevel: 0 });
    expect(await written("plain.h5")).toEqual([...VALUES]);
    expect(asked.count).toBe(3);
  });
});
