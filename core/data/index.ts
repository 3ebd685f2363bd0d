export { type DatasetInit, dataset, isUnnamedDimension, type VariableInit } from "./array-dataset.ts";
export { type DecodeOptions, decodeCf } from "./cf/decode-cf.ts";
export type { CfProblem, ProblemListener } from "./cf/problem.ts";
export { type Block, bytesPerElement, gridBlocks, rowMajorBlockShape } from "./chunk-grid.ts";
export { contentDigest } from "./content-digest.ts";
export type { Attributes, AttributeValue, DataChunk, Dataset, Dimension, Storage, Variable } from "./dataset.ts";
export type { DataOf, DType, DTypeData, Scalar, ScalarOf } from "./dtype.ts";
export {
  InvalidArrayError,
  InvalidDatasetError,
  InvalidSelectionError,
  UnsafeIntegerError,
  VariableNotFoundError,
} from "./errors.ts";
export { decodeHalves, encodeHalves, halfBits, halfValue } from "./float16.ts";
export { allocate } from "./layout.ts";
export { NdArray, type NdArrayInit, type SliceRange } from "./nd-array.ts";
export { type IndexSelection, readBlocks } from "./read-blocks.ts";
export { type AxisSelection, resolveSelection, type Selectable, selectedLayout } from "./resolve-selection.ts";
export type { DimensionSelection, IndexRange, NearestValue, Selection, ValueRange } from "./selection.ts";
export { type Summary, summarise } from "./summary.ts";
export { findVariable, walk } from "./tree.ts";
