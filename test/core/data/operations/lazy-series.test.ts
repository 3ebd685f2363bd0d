import { describe, expect, it } from "vitest";
import { dataset, lazySeries, NdArray, type Variable } from "../../../../core/data/index.ts";

const [T, Y, X] = [9, 4, 6];
const valueAt = (t: number, y: number, x: number): number => t * 10_000 + y * 100 + x;

function variable(chunkShape: readonly number[]): Variable {
  const values = Float64Array.from({ length: T * Y * X }, (_, i) =>
    valueAt(Math.floor(i / (Y * X)), Math.floor(i / X) % Y, i % X),
  );
  const array = new NdArray(values, { dtype: "float64", shape: [T, Y, X], dims: ["time", "lat", "lon"] });
  return dataset({ variables: { v: { array, storage: { chunkShape } } } }).variables["v"] as Variable;
}

async function doubled(
  chunkShape: readonly number[],
  maxBytes: number,
): Promise<{ readonly computed: { cells: number }; readonly results: Readonly<Record<string, Variable>> }> {
  const computed = { cells: 0 };
  const results = await lazySeries([{ variable: variable(chunkShape) }], {
    along: "time",
    outputs: [
      { name: "double", dim: "time", length: T, unit: "K" },
      { name: "half", dim: "time", length: T, dtype: "float32" },
    ],
    kernel: ([series], [double, half]) => {
      computed.cells++;
      for (let t = 0; t < T; t++) {
        const value = series?.[t] as number;
        if (double) double[t] = 2 * value;
        if (half) half[t] = value / 2;
      }
    },
    maxBytes,
  });
  return { computed, results };
}

const LAYOUTS = [
  ["chunks of one step", [1, Y, X]],
  ["chunks that extend in time", [T, 2, 3]],
] as const;

describe.each(LAYOUTS)("lazySeries of %s", (_, chunkShape) => {
  // 9 steps and two results of 9 steps take 484 bytes a cell: some cells a tile.
  const bytes = 3500;

  it("computes nothing before it is read", async () => {
    const { computed, results } = await doubled(chunkShape, bytes);
    expect(computed.cells).toBe(0);
    expect(results["double"]).toMatchObject({ dims: ["time", "lat", "lon"], shape: [T, Y, X], unit: "K" });
    expect(results["half"]?.dtype).toBe("float32");
    expect(results["double"]?.storage.chunkShape?.[0]).toBe(T);
  });

  it("reads all, parts, single indices and steps", async () => {
    const { results } = await doubled(chunkShape, bytes);
    const all = await results["double"]?.read();
    expect(all?.values()).toEqual(
      Float64Array.from(
        { length: T * Y * X },
        (_value, i) => 2 * valueAt(Math.floor(i / (Y * X)), Math.floor(i / X) % Y, i % X),
      ),
    );
    const part = await results["half"]?.read({
      time: 4,
      lat: { start: 1, step: 2 },
      lon: { start: 1, stop: 6, step: 3 },
    });
    expect(part?.dims).toEqual(["lat", "lon"]);
    expect([...(part?.values() ?? [])]).toEqual(
      [valueAt(4, 1, 1), valueAt(4, 1, 4), valueAt(4, 3, 1), valueAt(4, 3, 4)].map((v) => v / 2),
    );
    const many = await results["double"]?.readMany([
      { lat: 0, lon: 0, time: 2 },
      { lat: 3, lon: 5, time: 8 },
    ]);
    expect(many?.map((array) => array.at())).toEqual([2 * valueAt(2, 0, 0), 2 * valueAt(8, 3, 5)]);
  });

  it("computes each tile once for all chunks, and keeps the last one for all results", async () => {
    const { computed, results } = await doubled(chunkShape, bytes);
    let chunks = 0;
    for await (const { selection, array } of results["double"]?.chunks() ?? []) {
      chunks++;
      const { lat, lon } = selection as Record<"lat" | "lon", { start: number; stop: number }>;
      expect(array.at(3, 0, 0)).toBe(2 * valueAt(3, lat.start, lon.start));
    }
    expect(chunks).toBeGreaterThan(1);
    expect(computed.cells).toBe(Y * X);
    const place = { lat: 3, lon: 5 };
    await results["half"]?.read(place);
    await results["double"]?.read({ ...place, time: 0 });
    expect(computed.cells).toBe(Y * X);
    await results["double"]?.read({ lat: 0, lon: 0 });
    expect(computed.cells).toBeGreaterThan(Y * X);
    expect(computed.cells).toBeLessThan(2 * Y * X);
  });
});
