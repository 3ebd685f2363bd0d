/** The storage of each dtype in memory. */
export interface DTypeData {
  /**
   * IEEE 754 half precision, held widened in a `Float32Array`: every half is exactly a single. Writers round back to
   * half, ties to even (docs/decisions/0003-float16-held-as-float32.md).
   */
  float16: Float32Array;
  float32: Float32Array;
  float64: Float64Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  /** 0 or 1. */
  bool: Uint8Array;
  string: string[];
}

/** Type of the elements of an array. */
export type DType = keyof DTypeData;

/** The flat storage of an array of dtype `D`. */
export type DataOf<D extends DType> = DTypeData[D];

/** One element of an array of dtype `D`. */
export type ScalarOf<D extends DType> = D extends "string"
  ? string
  : D extends "int64" | "uint64"
    ? bigint
    : D extends "bool"
      ? boolean
      : number;

/** Any element. */
export type Scalar = string | bigint | boolean | number;
