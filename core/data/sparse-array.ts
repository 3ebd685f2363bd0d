import type { DataOf } from "./dtype.ts";
import { allocate } from "./layout.ts";
import { NdArray } from "./nd-array.ts";
import { elementsAt, findNonZero, type NonZero, type NumericDType, scatter } from "./non-zero.ts";

/** An array of mostly zeros, of which only the other elements are in memory. */
export class SparseArray<D extends NumericDType = NumericDType> implements NonZero<D> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** Number of elements, zeros included. */
  readonly size: number;
  readonly places: Uint32Array;
  readonly elements: DataOf<D>;

  /** @internal Places ascend, each once and below the size; elements of 0 are left out here. */
  constructor(
    { places, elements }: NonZero<D>,
    { dtype, shape, size }: { readonly dtype: D; readonly shape: readonly number[]; readonly size: number },
  ) {
    const zero = typeof elements[0] === "bigint" ? 0n : 0;
    const hasZero = (elements as Float64Array).includes(zero as number);
    const kept = hasZero ? nonZeroOf(elements) : undefined;
    this.dtype = dtype;
    this.shape = shape;
    this.size = size;
    this.places = kept ? kept.places.map((place) => places[place] as number) : places;
    this.elements = kept ? kept.elements : elements;
  }

  /** All values, flat and row-major, in memory of their own. */
  values(): DataOf<D> {
    const values = allocate(this.dtype, this.size);
    scatter(this, values as DataOf<NumericDType>);
    return values;
  }

  /** With its zeros, on axes `dim_0`, `dim_1`, … */
  toDense(): NdArray<D> {
    return new NdArray(this.values(), { dtype: this.dtype, shape: this.shape });
  }
}

/**
 * The elements of an array that are not 0, in row-major order. Those of a sparse one are at hand; a dense one is looked through.
 *
 * @example
 * const { places, elements } = nonZero(event.tensors["shower"]);
 * for (let i = 0; i < places.length; i++) hits[places[i]] += elements[i] > thresholdMeV;
 */
export function nonZero<D extends NumericDType>(array: NdArray<D> | SparseArray<D>): NonZero<D> {
  return array instanceof SparseArray ? array : nonZeroOf(array.values());
}

function nonZeroOf<E extends DataOf<NumericDType>>(values: E): { readonly places: Uint32Array; readonly elements: E } {
  const places = new Uint32Array(values.length + 1);
  const found = places.slice(0, findNonZero(values, places));
  return { places: found, elements: elementsAt(values, found) };
}
