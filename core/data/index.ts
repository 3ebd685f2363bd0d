export {
  AccessLog,
  type AccessRecord,
  type OnRead,
  type ReadEvent,
  type SourceAccess,
  type VariableAccess,
  watchReads,
  withDigests,
} from "./access/index.ts";
export { type DatasetInit, dataset, isUnnamedDimension, type VariableInit } from "./array-dataset.ts";
export { BufferPool } from "./buffer-pool.ts";
export {
  auxiliaryCoordinates,
  axisOf,
  boundsOf,
  type CfAxis,
  type CfFlag,
  cfFlags,
  findByStandardName,
} from "./cf/conventions.ts";
export { convertTimes } from "./cf/convert-times.ts";
export { type CfDate, formatDate, type PartialDate, parseDate, parsePartialDate } from "./cf/date.ts";
export { type DecodeOptions, decodeCf } from "./cf/decode-cf.ts";
export { InvalidDateError, InvalidTimeUnitError } from "./cf/errors.ts";
export type { CfProblem, ProblemListener } from "./cf/problem.ts";
export { type CfTime, cfTime, type TimeReference } from "./cf/time.ts";
export { isTimeUnit } from "./cf/time-unit.ts";
export { type Block, bytesPerElement, gridBlocks, rowMajorBlockShape } from "./chunk-grid.ts";
export { contentDigest } from "./content-digest.ts";
export { type Line, lineCopier } from "./copy-line.ts";
export type {
  Attributes,
  AttributeValue,
  CompressedChunk,
  DataChunk,
  Dataset,
  Dimension,
  Storage,
  Variable,
} from "./dataset.ts";
export type { DataOf, DType, DTypeData, Scalar, ScalarOf } from "./dtype.ts";
export {
  InvalidArrayError,
  InvalidDatasetError,
  InvalidSelectionError,
  UnsafeIntegerError,
  VariableNotFoundError,
} from "./errors.ts";
export {
  type CoordinateGap,
  type CoordinateOverlap,
  type DatasetPart,
  type FederatedConversion,
  type FederatedDataset,
  type FederatedPart,
  type FederatedPartFacts,
  type FederatedPlace,
  type FederateOptions,
  type FederationReport,
  federate,
  PartChangedError,
  PartsDisagreeError,
  PartUnavailableError,
} from "./federate/index.ts";
export { decodeHalves, encodeHalves, halfBits, halfValue } from "./float16.ts";
export { toIndexSelection } from "./index-selection.ts";
export { allocate } from "./layout.ts";
export { NdArray, type NdArrayInit, type SliceRange } from "./nd-array.ts";
export type { NonZero, NumericDType } from "./non-zero.ts";
export type { ComputeOptions } from "./operations/accumulate.ts";
export { type AnomalyOptions, anomaly } from "./operations/anomaly.ts";
export { type AreaMeanOptions, areaMean } from "./operations/area-mean.ts";
export { type AreaWeightsOptions, areaWeights } from "./operations/area-weights.ts";
export { broadcastVariable } from "./operations/broadcast-variable.ts";
export { type ClimatologyOptions, climatology } from "./operations/climatology.ts";
export { convertVariables } from "./operations/convert-variables.ts";
export { type GroupByOptions, groupBy } from "./operations/group-by.ts";
export type { GroupKey } from "./operations/groups.ts";
export { lazySeries } from "./operations/lazy-series.ts";
export { longitudesFrom } from "./operations/longitudes-from.ts";
export { mapSeries } from "./operations/map-series.ts";
export { type FindMissingPeriods, type MissingRule, missingPeriods } from "./operations/missing.ts";
export { type ArrayPart, periodCoordinates } from "./operations/period-coordinates.ts";
export { type ReduceOptions, reduce } from "./operations/reduce.ts";
export { type ResampleOptions, resample } from "./operations/resample.ts";
export { type RollingOptions, rolling } from "./operations/rolling.ts";
export { selectRegion } from "./operations/select-region.ts";
export type { SeriesInput, SeriesKernel, SeriesOptions, SeriesOutput } from "./operations/series.ts";
export type { Statistic } from "./operations/statistics.ts";
export {
  checkQuality,
  InvalidRulesError,
  parseQualityRules,
  QualityError,
  type QualityExample,
  type QualityOptions,
  type QualityReport,
  type QualityRules,
  QualityRulesSchema,
  type QualityViolation,
  type VariableRules,
} from "./quality/index.ts";
export { type IndexSelection, readBlocks } from "./read-blocks.ts";
export { type AxisSelection, resolveSelection, type Selectable, selectedLayout } from "./resolve-selection.ts";
export type { DimensionSelection, IndexRange, NearestValue, Selection, ValueRange } from "./selection.ts";
export { nonZero, type SparseArray } from "./sparse-array.ts";
export { type SubsetOptions, subset } from "./subset.ts";
export { type Summary, summarise } from "./summary.ts";
export { absentSteps } from "./time/absent-steps.ts";
export { InvalidFrequencyError, InvalidTimeAxisError } from "./time/errors.ts";
export { daysText, type StepRange, stepsInPeriod } from "./time/period-steps.ts";
export { type Periods, periodsOf } from "./time/periods.ts";
export { readTimeAxis, type TimeAxis, type TimeStep, timeAxis, unitSeconds } from "./time/time-axis.ts";
export { findVariable, walk } from "./tree.ts";
export {
  areConvertible,
  type ConversionOptions,
  convertArray,
  convertUnits,
  type LinearMap,
} from "./units/convert-units.ts";
export { IncompatibleUnitsError, UnknownUnitError } from "./units/errors.ts";
