import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DType, NdArray, type Scalar, type SliceRange } from "../../../core/index.ts";

/** A nested-list array: the naive reference. */
type Nested = Scalar | Nested[];

function nested(array: NdArray, axis = 0, at: number[] = []): Nested {
  if (axis === array.shape.length) return array.at(...at);
  return Array.from({ length: array.shape[axis] as number }, (_, i) => nested(array, axis + 1, [...at, i]));
}

function sliced(value: Nested, ranges: readonly (number | SliceRange)[]): Nested {
  const [range, ...rest] = ranges;
  if (range === undefined) return value;
  const list = value as Nested[];
  if (typeof range === "number") return sliced(list.at(range) as Nested, rest);
  const start = range.start ?? 0;
  const from = start < 0 ? start + list.length : start;
  const stop = range.stop ?? list.length;
  const to = stop < 0 ? stop + list.length : stop;
  return list
    .slice(from, Math.max(from, to))
    .filter((_, i) => i % (range.step ?? 1) === 0)
    .map((item) => sliced(item, rest));
}

function flat(value: Nested): Scalar[] {
  return Array.isArray(value) ? value.flatMap(flat) : [value];
}

const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 0, maxLength: 4 });
const arrays = shapes.map((shape) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return new NdArray(
    Int32Array.from({ length: size }, (_, i) => i),
    { dtype: "int32", shape },
  );
});

/** An array with, for each axis, an index or a range that is allowed. */
const slices = arrays.chain((array) =>
  fc.record({
    array: fc.constant(array),
    ranges: fc.tuple(
      ...array.shape.map((length) => {
        const end = fc.integer({ min: -length, max: length });
        const range = fc.record({ start: end, stop: end, step: fc.integer({ min: 1, max: 4 }) }, { requiredKeys: [] });
        return length === 0 ? range : fc.oneof(fc.integer({ min: -length, max: length - 1 }), range);
      }),
    ),
  }),
);

describe("NdArray", () => {
  it("slices as nested lists do", () => {
    fc.assert(
      fc.property(slices, ({ array, ranges }) => {
        const selection = Object.fromEntries(ranges.map((range, axis) => [`dim_${axis}`, range]));
        const view = array.slice(selection);
        expect(nested(view)).toEqual(sliced(nested(array), ranges));
        expect(view.data).toBe(array.data);
      }),
      { numRuns: 500 },
    );
  });

  it("slices of slices and transposes keep their values when made contiguous", () => {
    fc.assert(
      fc.property(slices, fc.infiniteStream(fc.nat()), ({ array, ranges }, random) => {
        const selection = Object.fromEntries(ranges.map((range, axis) => [`dim_${axis}`, range]));
        const view = array.slice(selection);
        const order = [...view.dims]
          .map((dim) => ({ dim, key: random.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ dim }) => dim);
        const turned = view.transpose(order);
        const copy = turned.contiguous();
        expect(copy.isContiguous).toBe(true);
        expect(nested(copy)).toEqual(nested(turned));
        expect(Array.from(turned.values())).toEqual(flat(nested(turned)));
      }),
      { numRuns: 500 },
    );
  });

  it("reshapes in row-major order, and views share the data", () => {
    const array = new NdArray(Float64Array.of(1, 2, 3, 4, 5, 6), { dtype: "float64", shape: [2, 3], unit: "MeV" });
    const tall = array.reshape([3, 2], ["a", "b"]);
    expect(nested(tall)).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(tall.data).toBe(array.data);
    expect(tall.unit).toBe("MeV");
    const turned = array.transpose(["dim_1", "dim_0"]).reshape([6]);
    expect([...turned.values()]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(() => array.reshape([4])).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARRAY" }));
  });

  it("reads backwards along a negative stride", () => {
    const data = Int16Array.of(1, 2, 3, 4, 5, 6);
    const backwards = new NdArray(data, { dtype: "int16", shape: [2, 3], strides: [-3, -1], offset: 5 });
    expect(nested(backwards)).toEqual([
      [6, 5, 4],
      [3, 2, 1],
    ]);
    expect([...backwards.contiguous().values()]).toEqual([6, 5, 4, 3, 2, 1]);
    expect(nested(backwards.slice({ dim_1: { start: 1 } }))).toEqual([
      [5, 4],
      [2, 1],
    ]);
  });

  it("repeats values along a stride of zero", () => {
    const row = new NdArray(Float32Array.of(1, 2), { dtype: "float32", shape: [3, 2], strides: [0, 1] });
    expect([...row.values()]).toEqual([1, 2, 1, 2, 1, 2]);
  });

  it("copies long runs of consecutive elements exactly", () => {
    const data = Float64Array.from({ length: 4 * 50 * 40 }, (_, i) => i);
    const array = new NdArray(data, { dtype: "float64", shape: [4, 50, 40] });
    const view = array.slice({ dim_0: { start: 1, step: 2 }, dim_1: { start: 10, stop: 45 } });
    expect([...view.contiguous().values()]).toEqual(flat(nested(view)));
  });

  it("gives booleans as booleans, 64-bit integers as bigints, text as text", () => {
    const bools = new NdArray(Uint8Array.of(0, 1), { dtype: "bool", shape: [2] });
    expect([bools.at(0), bools.at(1)]).toEqual([false, true]);
    expect([...bools.toFloat64()]).toEqual([0, 1]);
    const big = new NdArray(BigUint64Array.of(2n ** 64n - 1n), { dtype: "uint64", shape: [] });
    expect(big.at()).toBe(18446744073709551615n);
    const text = new NdArray(["µ", ""], { dtype: "string", shape: [2] });
    expect(text.at(-2)).toBe("µ");
    expect(() => text.toFloat64()).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARRAY" }));
  });

  it("converts 64-bit integers to float64 only where that is exact", () => {
    const limit = 2n ** 53n - 1n;
    const safe = new NdArray(BigInt64Array.of(limit, -limit, 0n), { dtype: "int64", shape: [3] });
    expect([...safe.toFloat64()]).toEqual([Number(limit), -Number(limit), 0]);
    const unsafe = new NdArray(BigInt64Array.of(0n, limit + 1n), { dtype: "int64", shape: [2] });
    expect(() => unsafe.toFloat64()).toThrow(
      expect.objectContaining({ code: "TWIN_UNSAFE_INTEGER", value: limit + 1n }),
    );
  });

  it("holds float16 widened", () => {
    const halves = new NdArray(Float32Array.of(0.5, 65504), { dtype: "float16", shape: [2] });
    expect(halves.is("float16")).toBe(true);
    expect([...halves.toFloat64()]).toEqual([0.5, 65504]);
  });

  const wrong: readonly (readonly [string, () => unknown])[] = [
    ["fewer elements than the shape needs", () => make([2, 2], 3)],
    ["a negative length", () => make([-1], 3)],
    ["a fractional length", () => make([1.5], 3)],
    ["two axes of one name", () => new NdArray(Int8Array.of(1), { dtype: "int8", shape: [1, 1], dims: ["x", "x"] })],
    ["fewer names than axes", () => new NdArray(Int8Array.of(1), { dtype: "int8", shape: [1, 1], dims: ["x"] })],
    ["a stride that leaves the data", () => new NdArray(new Int8Array(4), { dtype: "int8", shape: [3], strides: [2] })],
    ["an offset before the data", () => new NdArray(new Int8Array(4), { dtype: "int8", shape: [2], strides: [-1] })],
    ["a fractional stride", () => new NdArray(new Int8Array(4), { dtype: "int8", shape: [2], strides: [1.5] })],
    ["an offset that is no number", () => new NdArray(new Int8Array(4), { dtype: "int8", shape: [2], offset: NaN })],
    [
      "data of another kind than the dtype",
      () => new NdArray(new Float32Array(2) as never, { dtype: "float64", shape: [2] }),
    ],
    ["a list for numbers", () => new NdArray([1, 2] as never, { dtype: "float64", shape: [2] })],
    ["numbers for text", () => new NdArray(new Uint8Array(2) as never, { dtype: "string", shape: [2] })],
    ["an unknown dtype", () => new NdArray(new Uint8Array(2) as never, { dtype: "float" as never, shape: [2] })],
    ["an index outside the axis", () => make([3], 3).at(3)],
    ["an index too few", () => make([3, 1], 3).at(0)],
    ["a fractional index", () => make([3], 3).at(0.5)],
    ["an unknown axis", () => make([3], 3).slice({ x: 0 })],
    ["an end outside the axis", () => make([3], 3).slice({ dim_0: { stop: 4 } })],
    ["a step of zero", () => make([3], 3).slice({ dim_0: { step: 0 } })],
    ["a transpose that leaves an axis out", () => make([3, 1], 3).transpose(["dim_0"])],
  ];
  for (const [what, act] of wrong) {
    it(`refuses ${what}`, () => {
      expect(act).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARRAY" }));
    });
  }
});

function make(shape: readonly number[], size: number): NdArray<DType> {
  return new NdArray(new Float64Array(size), { dtype: "float64", shape });
}

describe("fillValue", () => {
  const data = Int16Array.of(1, -9, 3, 4, -9, 6);
  const array = new NdArray(data, { dtype: "int16", shape: [2, 3], dims: ["y", "x"], fillValue: -9 });

  it("is kept by every view and copy", () => {
    const views = [
      array.slice({ y: 0 }),
      array.transpose(["x", "y"]),
      array.transpose(["x", "y"]).contiguous(),
      array.transpose(["x", "y"]).reshape([6]),
      array.reshape([3, 2]),
      array.withDims(["a", "b"]),
      array.withUnit("m"),
    ];
    expect(views.map((view) => view.fillValue)).toEqual(views.map(() => -9));
  });

  it("is NaN as float64, and itself otherwise", () => {
    expect([...array.toFloat64()]).toEqual([1, Number.NaN, 3, 4, Number.NaN, 6]);
    expect(array.at(0, 1)).toBe(-9);
    expect(array.values()).toBe(data);
    const least = -(2n ** 63n);
    const big = new NdArray(BigInt64Array.of(least, 5n), { dtype: "int64", shape: [2], fillValue: least });
    expect([...big.toFloat64()]).toEqual([Number.NaN, 5]);
  });

  it.each([
    ["int8", Int8Array, 128, "one of its integers"],
    ["uint8", Uint8Array, -1, "one of its integers"],
    ["uint32", Uint32Array, 2 ** 32, "one of its integers"],
    ["int16", Int16Array, 0.5, "one of its integers"],
    ["int16", Int16Array, 1n, "one of its integers"],
    ["int64", BigInt64Array, 1, "one of its integers"],
    ["uint64", BigUint64Array, -1n, "one of its integers"],
    ["float32", Float32Array, 1e20, "left out"],
    ["bool", Uint8Array, 1, "left out"],
  ] as const)("of %s must be a value of it", (dtype, Data, fillValue, problem) => {
    const make = (): unknown => new NdArray(new Data(0) as NdArray["data"], { dtype, shape: [0], fillValue });
    expect(make).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARRAY", message: expect.stringContaining(problem) }),
    );
  });
});
