import { describe, expect, it } from "vitest";
import { broadcastVariable, dataset, NdArray, type Variable } from "../../../../core/index.ts";

const latitude = dataset({
  variables: {
    lat: new NdArray(Float64Array.of(10, 20, 30), { dtype: "float64", shape: [3], dims: ["y"], unit: "degrees_north" }),
  },
}).variables["lat"] as Variable;
const wide = broadcastVariable(latitude, { dims: ["time", "y", "x"], shape: [4, 3, 2] });

describe("broadcastVariable", () => {
  it("repeats values along the dimensions that a variable lacks", async () => {
    const array = await wide.read();
    expect([array.dims, array.shape, array.unit]).toEqual([["time", "y", "x"], [4, 3, 2], "degrees_north"]);
    expect([...array.toFloat64()]).toEqual(Array.from({ length: 24 }, (_, i) => [10, 20, 30][Math.floor(i / 2) % 3]));
    expect(array.data).toHaveLength(3);
  });

  it("reads a part, and other orders of dimensions", async () => {
    const part = await wide.read({ time: 2, y: { start: 1 }, x: { start: 0, stop: 2 } });
    expect([part.dims, [...part.toFloat64()]]).toEqual([
      ["y", "x"],
      [20, 20, 30, 30],
    ]);
    const single = await wide.read({ y: -1 });
    expect([...single.toFloat64()]).toEqual(new Array(8).fill(30));
    const empty = await wide.read({ y: { start: 1, stop: 1 } });
    expect(empty.shape).toEqual([4, 0, 2]);
    const turned = (await wide.read({ time: { start: 0, stop: 2 } })).transpose(["x", "y", "time"]);
    expect([...turned.contiguous().data]).toEqual([10, 10, 20, 20, 30, 30, 10, 10, 20, 20, 30, 30]);
  });

  it("gives blocks that make the whole", async () => {
    let sum = 0;
    for await (const { array } of wide.chunks()) for (const value of array.toFloat64()) sum += value;
    expect(sum).toBe(8 * 60);
  });

  it("refuses what does not fit", () => {
    expect(() => broadcastVariable(latitude, { dims: ["time", "y"], shape: [4, 5] })).toThrow('along "y" = 3');
    expect(() => broadcastVariable(latitude, { dims: ["time"], shape: [4] })).toThrow('along "y" = 3');
  });
});
