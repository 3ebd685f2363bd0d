import fc from "fast-check";
import { type DataOf, type DType, NdArray } from "../../../../core/index.ts";

/** Any half, widened. */
const half = fc
  .oneof(fc.integer({ min: -2048, max: 2048 }), fc.constantFrom(-0, 65504, -65504, 2 ** -24, Infinity, Number.NaN))
  .map(Math.fround);

/** Any data of a dtype, of the given length. */
const DATA: { readonly [D in DType]: (size: number) => fc.Arbitrary<DataOf<D>> } = {
  bool: (size) => numbers(fc.integer({ min: 0, max: 1 }), size).map((values) => Uint8Array.from(values)),
  int8: (size) => fc.int8Array(exactly(size)),
  int16: (size) => fc.int16Array(exactly(size)),
  int32: (size) => fc.int32Array(exactly(size)),
  int64: (size) => fc.bigInt64Array(exactly(size)),
  uint8: (size) => fc.uint8Array(exactly(size)),
  uint16: (size) => fc.uint16Array(exactly(size)),
  uint32: (size) => fc.uint32Array(exactly(size)),
  uint64: (size) => fc.bigUint64Array(exactly(size)),
  float16: (size) => numbers(half, size).map((values) => Float32Array.from(values)),
  float32: (size) => fc.float32Array(exactly(size)),
  float64: (size) => fc.float64Array(exactly(size)),
  string: (size) => fc.array(fc.string({ unit: "binary" }), exactly(size)),
};

export const DTYPES: readonly DType[] = Object.keys(DATA) as DType[];

/** Any array of a dtype, with 0 to 3 axes of length 0 to 4. */
export function anyArray(dtype: DType): fc.Arbitrary<NdArray> {
  return fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return (DATA[dtype](size) as fc.Arbitrary<DataOf<DType>>).map((data) => new NdArray(data, { dtype, shape }));
  });
}

/** What must survive a journey: dtype, shape, and elements told apart where `===` does not (-0, NaN). */
export function contentOf(array: NdArray): unknown {
  return { dtype: array.dtype, shape: array.shape, values: [...array.values()] };
}

function exactly(size: number): { readonly minLength: number; readonly maxLength: number } {
  return { minLength: size, maxLength: size };
}

function numbers(one: fc.Arbitrary<number>, size: number): fc.Arbitrary<number[]> {
  return fc.array(one, exactly(size));
}
