import type { DataOf, DType, Scalar, ScalarOf } from "./dtype.ts";
import { InvalidArrayError } from "./errors.ts";
import {
  allocate,
  checkLayout,
  copyStrided,
  normaliseIndex,
  normaliseRange,
  numbersWithGaps,
  rowMajorStrides,
  safeNumbers,
  scalarAt,
} from "./layout.ts";

/** What an array knows beside its values. */
export interface NdArrayInit<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** One name per axis; `dim_0`, `dim_1`, … by default. */
  readonly dims?: readonly string[];
  /** UDUNITS spelling. */
  readonly unit?: string | undefined;
  /** Value that stands for missing; integers only (a `bigint` for 64-bit ones), as floats have NaN. */
  readonly fillValue?: number | bigint | undefined;
  /** Elements (not bytes) between neighbours along each axis; row-major by default. May be negative. */
  readonly strides?: readonly number[];
  /** Index in `data` of the first element; 0 by default. */
  readonly offset?: number;
}

/**
 * Numbers, booleans or strings on named axes, with a unit. A view (slice, transpose, renamed axes) shares its data; only
 * {@link contiguous} copies, and only where it must.
 */
export class NdArray<D extends DType = DType> {
  readonly data: DataOf<D>;
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly dims: readonly string[];
  readonly unit: string | undefined;
  /** The one value that stands for missing; `undefined` where none does. Only integers have it: in floats NaN is missing. */
  readonly fillValue: number | bigint | undefined;
  readonly strides: readonly number[];
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;

  /** @throws {@link InvalidArrayError} when shape, dims, strides, fill value and data do not fit each other. */
  constructor(data: DataOf<D>, init: NdArrayInit<D>) {
    const { shape } = init;
    this.data = data;
    this.dtype = init.dtype;
    this.shape = shape;
    this.dims = init.dims ?? shape.map((_, axis) => `dim_${axis}`);
    this.unit = init.unit;
    this.fillValue = init.fillValue;
    this.strides = init.strides ?? rowMajorStrides(shape);
    this.offset = init.offset ?? 0;
    this.size = shape.reduce((product, length) => product * length, 1);
    checkLayout(this);
  }

  /** Element at an index per axis; negative counts from the end. */
  at(...indices: readonly number[]): ScalarOf<D> {
    return scalarAt(this, this.#position(indices));
  }

  /**
   * A view; one entry per axis selected by name: an index (the axis is dropped) or `{ start, stop, step }` with
   * `step` at least 1. Ends outside the axis are errors.
   */
  slice(selection: Readonly<Record<string, number | SliceRange>>): NdArray<D> {
    for (const name of Object.keys(selection)) this.axis(name);
    let offset = this.offset;
    const shape: number[] = [];
    const strides: number[] = [];
    const dims: string[] = [];
    this.dims.forEach((name, axis) => {
      const wanted = (Object.hasOwn(selection, name) ? selection[name] : undefined) ?? {};
      const stride = this.strides[axis] as number;
      if (typeof wanted === "number") {
        offset += normaliseIndex(wanted, this, axis) * stride;
        return;
      }
      const { start, step, count } = normaliseRange(wanted, { name, length: this.shape[axis] as number });
      offset += start * stride;
      shape.push(count);
      strides.push(stride * step);
      dims.push(name);
    });
    return this.#view({ shape, strides, dims, offset });
  }

  /** A view with the axes in another order. */
  transpose(dims: readonly string[]): NdArray<D> {
    const axes = dims.map((name) => this.axis(name));
    if (new Set(axes).size !== this.shape.length || axes.length !== this.shape.length) {
      throw new InvalidArrayError(`transpose needs each of [${this.dims}] once; got [${dims}].`);
    }
    return this.#view({
      shape: axes.map((axis) => this.shape[axis] as number),
      strides: axes.map((axis) => this.strides[axis] as number),
      dims,
    });
  }

  /** As many values on other axes; a view where this array is contiguous, else a copy. */
  reshape(shape: readonly number[], dims?: readonly string[]): NdArray<D> {
    if (shape.reduce((product, length) => product * length, 1) !== this.size) {
      throw new InvalidArrayError(
        `Shape [${this.shape}] has ${this.size} elements; shape [${shape}] would need another number.`,
      );
    }
    const source = this.contiguous();
    return new NdArray(source.data, {
      dtype: this.dtype,
      shape,
      unit: this.unit,
      fillValue: this.fillValue,
      offset: source.offset,
      ...(dims && { dims }),
    });
  }

  /** A view with other axis names. */
  withDims(dims: readonly string[]): NdArray<D> {
    return this.#view({ dims });
  }

  /** A view with another unit; values are not converted. */
  withUnit(unit: string | undefined): NdArray<D> {
    return this.#view({ unit });
  }

  /** Axis number of a name. @throws {@link InvalidArrayError} when there is none. */
  axis(name: string): number {
    const axis = this.dims.indexOf(name);
    if (axis < 0) throw new InvalidArrayError(`No axis "${name}"; this array has [${this.dims}].`);
    return axis;
  }

  /** Whether the elements lie in row-major order without gaps. */
  get isContiguous(): boolean {
    let expected = 1;
    for (let axis = this.shape.length - 1; axis >= 0; axis--) {
      const length = this.shape[axis] as number;
      if (length !== 1 && this.strides[axis] !== expected) return false;
      expected *= length;
    }
    return true;
  }

  /** This array if it is contiguous, else a row-major copy. */
  contiguous(): NdArray<D> {
    if (this.isContiguous) return this;
    const data = allocate(this.dtype, this.size);
    copyStrided(this.data, this, data);
    const { dtype, shape, dims, unit, fillValue } = this;
    return new NdArray(data, { dtype, shape, dims, unit, fillValue });
  }

  /** The values, flat and row-major: a view of the data where contiguous, else a copy. */
  values(): DataOf<D> {
    const { data, offset } = this.contiguous();
    if (offset === 0 && data.length === this.size) return data;
    return (
      Array.isArray(data) ? data.slice(offset, offset + this.size) : data.subarray(offset, offset + this.size)
    ) as DataOf<D>;
  }

  /**
   * The values as float64, flat and row-major; booleans as 0 and 1, missing integers as NaN. A view of the data where it
   * is float64 already.
   *
   * @throws {@link UnsafeIntegerError} when a 64-bit integer is not exactly a float64 (beyond ±(2^53 - 1));
   *   {@link InvalidArrayError} for strings.
   */
  toFloat64(): Float64Array {
    const values: Scalar[] | Exclude<DataOf<DType>, string[]> = this.values();
    if (values instanceof Float64Array) return values;
    if (values instanceof BigInt64Array || values instanceof BigUint64Array) return safeNumbers(values, this.fillValue);
    if (Array.isArray(values)) throw new InvalidArrayError("Strings have no numeric value.");
    return numbersWithGaps(values, this.fillValue);
  }

  /** Whether the dtype is `dtype`; narrows the type. */
  is<E extends DType>(dtype: E): this is NdArray<E> {
    return (this.dtype as DType) === dtype;
  }

  #position(indices: readonly number[]): number {
    if (indices.length !== this.shape.length) {
      throw new InvalidArrayError(
        `Give ${this.shape.length} indices, one per axis [${this.dims}]; got ${indices.length}.`,
      );
    }
    return indices.reduce(
      (position, index, axis) => position + normaliseIndex(index, this, axis) * (this.strides[axis] as number),
      this.offset,
    );
  }

  #view(change: Partial<NdArrayInit<D>>): NdArray<D> {
    const { dtype, shape, dims, unit, fillValue, strides, offset } = this;
    return new NdArray(this.data, { dtype, shape, dims, unit, fillValue, strides, offset, ...change });
  }
}

/** Indices `start`, `start + step`, … before `stop`. */
export interface SliceRange {
  readonly start?: number;
  readonly stop?: number;
  readonly step?: number;
}
