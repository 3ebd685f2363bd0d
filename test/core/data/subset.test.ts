import { describe, expect, it } from "vitest";
import { dataset, findVariable, NdArray, subset, toIndexSelection } from "../../../core/index.ts";

const axis = (values: readonly number[], dim: string, unit?: string) =>
  new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: [dim], unit });
const whole = dataset({
  attributes: { title: "Whole" },
  variables: {
    time: { array: axis([0, 1, 2, 3, 4, 5], "time", "days since 2000-01-01"), attributes: { bounds: "time_bnds" } },
    time_bnds: new NdArray(new Float64Array(12), { dtype: "float64", shape: [6, 2], dims: ["time", "bnds"] }),
    lat: axis([10, 20, 30], "lat"),
    tas: {
      array: new NdArray(
        Float64Array.from({ length: 18 }, (_, i) => i),
        { dtype: "float64", shape: [6, 3], dims: ["time", "lat"], unit: "K" },
      ),
      storage: { chunkShape: [4, 2] },
    },
    other: axis([7, 8], "other"),
  },
  groups: { deep: { variables: { x: axis([0, 1, 2, 3, 4, 5], "time") } } },
});

describe("subset", () => {
  it("keeps variables with the coordinates and bounds that they need", async () => {
    const part = await subset(whole, { variables: ["tas"] });
    expect(Object.keys(part.variables)).toEqual(["time", "time_bnds", "lat", "tas"]);
    expect(Object.keys(part.dims)).toEqual(["time", "bnds", "lat"]);
    expect(part.groups).toEqual({});
    expect(part.attributes).toEqual({ title: "Whole" });
    const deep = await subset(whole, { variables: ["/deep/x"] });
    expect(Object.keys(deep.groups)).toEqual(["deep"]);
    await expect(subset(whole, { variables: ["tsa"] })).rejects.toMatchObject({ code: "TWIN_VARIABLE_NOT_FOUND" });
  });

  it("cuts every variable that has the dimension, and selections are within the cut", async () => {
    const part = await subset(whole, {
      selection: { time: { start: 1, stop: 6, step: 2 }, lat: { from: 15, to: 30 } },
    });
    const tas = findVariable(part, "tas");
    expect([tas.shape, part.dims["time"], tas.storage.chunkShape]).toEqual([
      [3, 2],
      { length: 3, unlimited: false },
      [3, 2],
    ]);
    expect((await tas.read()).values()).toEqual(Float64Array.of(4, 5, 10, 11, 16, 17));
    expect((await tas.read({ time: -1, lat: { start: 1 } })).values()).toEqual(Float64Array.of(17));
    expect((await tas.readMany([{ time: { start: 0, step: 2 }, lat: 0 }]))[0]?.values()).toEqual(
      Float64Array.of(4, 16),
    );
    expect((await findVariable(part, "/deep/x").read()).values()).toEqual(Float64Array.of(1, 3, 5));
    await expect(tas.read({ time: 3 })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
    const values: number[] = [];
    for await (const { array } of tas.chunks()) values.push(...array.toFloat64());
    expect(values).toEqual([4, 5, 10, 11, 16, 17]);
  });

  it("drops a dimension of which one index is kept, and can keep nothing", async () => {
    const one = await subset(whole, { variables: ["tas"], selection: { time: { value: "2000-01-03" } } });
    expect(findVariable(one, "tas").dims).toEqual(["lat"]);
    expect((await findVariable(one, "tas").read()).values()).toEqual(Float64Array.of(6, 7, 8));
    expect((await findVariable(one, "time").read()).at()).toBe(2);
    const none = await subset(whole, { selection: { lat: { start: 1, stop: 1 } } });
    expect((await findVariable(none, "tas").read()).shape).toEqual([6, 0]);
    await expect(subset(whole, { selection: { depth: 0 } })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
  });
});

describe("a variable of a subset", () => {
  it("is read by values and dates of the coordinates that are left", async () => {
    const part = await subset(whole, { selection: { time: { start: 1, stop: 6, step: 2 }, lat: { start: 1 } } });
    const tas = findVariable(part, "tas");
    expect((await tas.read({ time: { from: "2000-01-03", to: "2000-01-05" }, lat: { value: 30 } })).values()).toEqual(
      Float64Array.of(11),
    );
    expect((await findVariable(part, "/deep/x").read({ time: { value: 5 } })).at()).toBe(5);
    await expect(tas.read({ lat: { value: 10 } })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
  });
});

describe("toIndexSelection", () => {
  it("turns values and dates into indices, and leaves out what is not selected", async () => {
    const tas = findVariable(whole, "tas");
    expect(await toIndexSelection(whole, tas, { time: { from: "2000-01-02", to: "2000-01-03" } })).toEqual({
      time: { start: 1, stop: 3, step: 1 },
    });
    expect(await toIndexSelection(whole, tas, { lat: { value: 19, tolerance: 2 }, time: -1 })).toEqual({
      time: 5,
      lat: 1,
    });
    // The coordinate of a group is that of the groups above.
    expect(await toIndexSelection(whole, findVariable(whole, "/deep/x"), { time: { from: 4, to: 9 } })).toEqual({
      time: { start: 4, stop: 6, step: 1 },
    });
  });
});
