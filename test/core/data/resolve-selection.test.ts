import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dataset, NdArray, resolveSelection, type Selection, type Variable } from "../../../core/index.ts";

function coordinate(values: readonly number[]): NdArray {
  return new NdArray(Float64Array.from(values), { dtype: "float64", shape: [values.length], dims: ["x"] });
}

/** A variable whose values are its indices along `x`, whose coordinate is given. */
function along(values: readonly number[]): Variable {
  const index = new NdArray(Int32Array.from(values.keys()), { dtype: "int32", shape: [values.length], dims: ["x"] });
  return dataset({ variables: { x: coordinate(values), index } }).variables["index"] as Variable;
}

async function indices(variable: Variable, selection: Selection): Promise<number[]> {
  return [...(await variable.read(selection)).toFloat64()];
}

const monotonic = fc
  .array(fc.integer({ min: -50, max: 50 }), { minLength: 0, maxLength: 30 })
  .chain((values) => fc.boolean().map((falls) => values.sort((a, b) => (falls ? b - a : a - b))));

describe("Selections by value", () => {
  it("ranges select what a filter selects, on rising and falling coordinates, with repeats", async () => {
    const limit = fc.integer({ min: -60, max: 60 });
    await fc.assert(
      fc.asyncProperty(monotonic, limit, limit, async (values, a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const expected = [...values.keys()].filter((i) => (values[i] as number) >= from && (values[i] as number) <= to);
        expect(await indices(along(values), { x: { from, to } })).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("nearest finds the first of the nearest, in any order, whatever is missing", async () => {
    const values = fc.array(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.constant(Number.NaN)), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(values, fc.integer({ min: -60, max: 60 }), async (coordinates, value) => {
        const away = coordinates.map((each) => Math.abs(each - value));
        const least = Math.min(...away.filter((each) => !Number.isNaN(each)));
        const reading = indices(along(coordinates), { x: { value, tolerance: 1000 } });
        if (!Number.isFinite(least)) await expect(reading).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
        else expect(await reading).toEqual([away.indexOf(least)]);
      }),
      { numRuns: 300 },
    );
  });

  it("takes only exact values without a tolerance, and tells the nearest", async () => {
    const variable = along([0, 10, 20]);
    expect(await indices(variable, { x: { value: 10 } })).toEqual([1]);
    await expect(variable.read({ x: { value: 12 } })).rejects.toMatchObject({
      code: "TWIN_INVALID_SELECTION",
      message:
        'Cannot select from "/index": no coordinate of "x" is within 0 of 12; the nearest is 10 at index 1. Give a `tolerance` of 2 or more to take it.',
    });
    expect(await indices(variable, { x: { value: 12, tolerance: 2 } })).toEqual([1]);
  });

  it("accepts open ends as infinities", async () => {
    const variable = along([5, 3, 1]);
    expect(await indices(variable, { x: { from: Number.NEGATIVE_INFINITY, to: 3 } })).toEqual([1, 2]);
    expect(await indices(along([Number.NEGATIVE_INFINITY, 0]), { x: { from: -1, to: 1 } })).toEqual([1]);
  });

  it("reads 64-bit integer coordinates", async () => {
    const time = new NdArray(BigInt64Array.of(100n, 200n, 300n), { dtype: "int64", shape: [3], dims: ["time"] });
    const { variables } = dataset({ variables: { time } });
    expect((await (variables["time"] as Variable).read({ time: { from: 150, to: 300 } })).values()).toEqual(
      BigInt64Array.of(200n, 300n),
    );
  });

  it("sees the coordinates of the groups above, and prefers its own", async () => {
    const values = new NdArray(Int32Array.of(1, 2), { dtype: "int32", shape: [2], dims: ["x"] });
    const root = dataset({
      variables: { x: coordinate([10, 20]) },
      groups: {
        same: { variables: { values } },
        own: { dims: { x: 2 }, variables: { x: coordinate([7, 8]), values } },
      },
    });
    expect(await indices(root.groups["same"]?.variables["values"] as Variable, { x: { value: 20 } })).toEqual([2]);
    expect(await indices(root.groups["own"]?.variables["values"] as Variable, { x: { value: 7 } })).toEqual([1]);
  });
});

describe("Selections that cannot be", () => {
  const variable = { path: "/run/energy", dims: ["event", "layer"], shape: [10, 4] };
  const wrong: readonly (readonly [Selection, string, string])[] = [
    [{ evnt: 0 }, "evnt", 'it has no dimension "evnt". Did you mean "event"? There are: event, layer.'],
    [{ event: 10 }, "event", 'index 10 is outside dimension "event", of length 10 (-10 to 9 are allowed).'],
    [{ event: 1.5 }, "event", 'index 1.5 is outside dimension "event", of length 10 (-10 to 9 are allowed).'],
    [{ layer: { stop: 5 } }, "layer", 'end 5 is outside dimension "layer" of length 4 (-4 to 4 are allowed).'],
    [{ layer: { step: 0 } }, "layer", 'step 0 of dimension "layer" must be an integer of 1 or more.'],
    [{ layer: { value: 1 } }, "layer", 'dimension "layer" has no coordinate to select by value. Select by index.'],
    [
      { layer: { begin: 1 } as never },
      "layer",
      '{ begin } selects nothing of "layer". Give an index or one of { start, stop, step }, { value, tolerance }, { from, to }.',
    ],
    [{ layer: "2" as never }, "layer", 'dimension "layer" needs an index, a range or a coordinate value; got 2.'],
    [{ layer: null as never }, "layer", 'dimension "layer" needs an index, a range or a coordinate value; got null.'],
  ];
  for (const [selection, dimension, problem] of wrong) {
    it(`says of ${JSON.stringify(selection)}: ${problem}`, async () => {
      const error = await resolveSelection(variable, selection, async () => undefined).catch((reason) => reason);
      expect(error).toMatchObject({ code: "TWIN_INVALID_SELECTION", variable: "/run/energy", dimension });
      expect(error.message).toBe(`Cannot select from "/run/energy": ${problem}`);
    });
  }

  it("refuses a range of values on a coordinate that is not monotonic, or has gaps", async () => {
    for (const values of [[1, 3, 2], [3, 1, 2], [1, Number.NaN, 3], [Number.NaN]]) {
      await expect(along(values).read({ x: { from: 0, to: 9 } })).rejects.toMatchObject({
        code: "TWIN_INVALID_SELECTION",
        message: expect.stringContaining("not monotonic"),
      });
    }
  });

  it("refuses a range that is upside down or not a number", async () => {
    for (const range of [{ from: 2, to: 1 }, { from: Number.NaN, to: 1 }, { from: 1 } as never]) {
      await expect(along([1, 2]).read({ x: range })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
    }
  });

  it("does not select by value on text", async () => {
    const x = new NdArray(["a", "b"], { dtype: "string", shape: [2], dims: ["x"] });
    const { variables } = dataset({ variables: { x } });
    await expect((variables["x"] as Variable).read({ x: { value: 1 } })).rejects.toMatchObject({
      code: "TWIN_INVALID_SELECTION",
    });
  });

  it("is not confused by dimensions named like members of every object", async () => {
    const odd = { path: "/odd", dims: ["constructor"], shape: [2] };
    expect(await resolveSelection(odd, {}, async () => undefined)).toMatchObject([{ count: 2, drop: false }]);
  });
});
