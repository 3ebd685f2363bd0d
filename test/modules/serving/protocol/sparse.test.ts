import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DataOf, type DType, NdArray } from "../../../../core/index.ts";
import { fromSparse, toSparse } from "../../../../modules/serving/protocol/sparse.ts";

/** Any bits of a single, most of them 0. */
const word = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) },
  // -0, quiet and signalling NaN with what they carry, the smallest subnormal.
  { weight: 1, arbitrary: fc.constantFrom(0x80000000 | 0, 0x7fc12345, 0x7f812345, 0xff800001 | 0, 1) },
);

function ofBits(bits: Int32Array<ArrayBuffer>, shape: readonly number[]): NdArray<"float32"> {
  return new NdArray(new Float32Array(bits.buffer), { dtype: "float32", shape });
}

function bitsOf(array: NdArray<"float32">): Int32Array {
  const { buffer, byteOffset, length } = array.values();
  return new Int32Array(buffer, byteOffset, length);
}

function flat<D extends DType>(dtype: D, data: DataOf<D>): NdArray<D> {
  return new NdArray(data, { dtype, shape: [data.length] });
}

describe("a sparse array", () => {
  it("brings every bit of any array back", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 4 });
    const arrays = shapes.chain((shape) => {
      const size = shape.reduce((product, length) => product * length, 1);
      return fc.array(word, { minLength: size, maxLength: size }).map((words) => ofBits(Int32Array.from(words), shape));
    });
    fc.assert(
      fc.property(arrays, (array) => {
        const parts = toSparse(array);
        const back = fromSparse(parts, array.shape);
        expect(back.shape).toEqual(array.shape);
        expect(bitsOf(back)).toEqual(bitsOf(array));
        expect(parts.values.size).toBe(bitsOf(array).filter((bits) => bits !== 0).length);
      }),
      { numRuns: 500, seed: 648 },
    );
  });

  it("has an event's entries between its offsets, each with its place in the event", () => {
    const rows = Float32Array.of(0, 5, 0, -0, 0, 0, 0, 0, 7, 0, 0, 8);
    const parts = toSparse(new NdArray(rows, { dtype: "float32", shape: [3, 2, 2] }));
    expect(parts.offsets.data).toEqual(Int32Array.of(0, 2, 2, 4));
    expect(parts.indices.data).toEqual(Uint16Array.of(1, 3, 0, 3));
    expect(parts.values.data).toEqual(Float32Array.of(5, -0, 7, 8));
  });

  it("is made of a view, too", () => {
    const rows = new NdArray(Float32Array.of(1, 0, 0, 4, 5, 0), { dtype: "float32", shape: [2, 3], dims: ["a", "b"] });
    const turned = rows.transpose(["b", "a"]);
    const parts = toSparse(turned);
    expect(parts.offsets.data).toEqual(Int32Array.of(0, 2, 3, 3));
    expect(fromSparse(parts, [3, 2]).data).toEqual(turned.values());
  });

  it.each([
    [65_536, "uint16"],
    [65_537, "int32"],
  ] as const)("of %i values per event has indices of %s", (length, dtype) => {
    const values = new Float32Array(length);
    values[length - 1] = 3;
    const parts = toSparse(new NdArray(values, { dtype: "float32", shape: [1, length] }));
    expect([parts.indices.dtype, parts.indices.at(0)]).toEqual([dtype, length - 1]);
    expect(fromSparse(parts, [1, length]).data).toEqual(values);
  });

  it("may have halves for values", () => {
    const parts = {
      offsets: flat("int32", Int32Array.of(0, 1)),
      indices: flat("uint16", Uint16Array.of(1)),
      values: flat("float16", Float32Array.of(2 ** -24)),
    };
    expect(fromSparse(parts, [1, 2])).toMatchObject({ dtype: "float32", data: Float32Array.of(0, 2 ** -24) });
  });

  it("is not made of a scalar", () => {
    expect(() => toSparse(new NdArray(Float32Array.of(1), { dtype: "float32", shape: [] }))).toThrow(/axis of events/);
  });
});

describe("sparse parts that do not fit are refused", () => {
  const good = {
    offsets: flat("int32", Int32Array.of(0, 2, 3)),
    indices: flat("int32", Int32Array.of(0, 3, 1)),
    values: flat("float32", Float32Array.of(1, 2, 3)),
  };
  const indices = (...places: readonly number[]): Readonly<Record<string, NdArray>> => ({
    indices: flat("int32", Int32Array.from(places)),
  });
  const offsets = (...ends: readonly number[]): Readonly<Record<string, NdArray>> => ({
    offsets: flat("int32", Int32Array.from(ends)),
  });

  it("as these are not", () => {
    expect(fromSparse(good, [2, 4]).data).toEqual(Float32Array.of(1, 0, 0, 2, 0, 3, 0, 0));
  });

  it.each([
    ["an index beyond the event", indices(0, 4, 1), /event 0 has indices that do not ascend from 0 to 3/],
    ["a negative index", indices(-1, 3, 1), /event 0/],
    ["an index twice", indices(3, 3, 1), /event 0/],
    ["descending indices", indices(3, 0, 1), /event 0/],
    ["indices whose differences overflow", indices(2147483647, -2147483648, 1), /event 0/],
    ["a bad index in the last event", indices(0, 3, 4), /event 1/],
    ["offsets that do not begin with 0", offsets(1, 2, 3), /begin with 0, never descend, and end with 3/],
    ["a negative offset", offsets(0, -1, 3), /begin with 0/],
    ["offsets that descend", offsets(0, 4, 3), /begin with 0/],
    ["offsets that end too early", offsets(0, 1, 2), /end with 3/],
    ["offsets that end too late", offsets(0, 2, 2147483647), /end with 3/],
    ["too few offsets", offsets(0, 3), /offsets are 2; 2 events need 3/],
    ["too many offsets", offsets(0, 1, 2, 3), /offsets are 4/],
    ["fewer indices than values", indices(0, 3), /2 indices and 3 values/],
    ["offsets of another dtype", { offsets: flat("float32", Float32Array.of(0, 2, 3)) }, /offsets are float32 of/],
    ["indices of another dtype", { indices: flat("int64", BigInt64Array.of(0n, 3n, 1n)) }, /uint16 or int32 was/],
    ["values of another dtype", { values: flat("float64", Float64Array.of(1, 2, 3)) }, /values are float64 of/],
    ["values on two axes", { values: good.values.reshape([3, 1]) }, /values are float32 of shape \[3,1\]/],
  ])("%s", (_, part, message) => {
    expect(() => fromSparse({ ...good, ...part }, [2, 4])).toThrow(
      expect.objectContaining({ code: "TWIN_WIRE_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("a shape that nobody can hold", () => {
    expect(() => fromSparse(good, [2, 2 ** 40])).toThrow(/more than can be held/);
  });
});
