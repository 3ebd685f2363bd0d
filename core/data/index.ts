export type { Attributes, AttributeValue, DataChunk, Dataset, Dimension, Storage, Variable } from "./dataset.ts";
export type { DataOf, DType, DTypeData, Scalar, ScalarOf } from "./dtype.ts";
export { InvalidArrayError, UnsafeIntegerError } from "./errors.ts";
export { NdArray, type NdArrayInit, type SliceRange } from "./nd-array.ts";
export type { DimensionSelection, IndexRange, NearestValue, Selection, ValueRange } from "./selection.ts";
