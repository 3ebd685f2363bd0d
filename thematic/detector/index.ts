/**
 * Calorimeters: showers in CaloChallenge's layout, their parametrised simulation (GFLASH), and how faithful a simulation
 * is.
 *
 * @module
 */
export { type AdaptedGeneratorOptions, adaptedGenerator } from "./adaptation/adapted-generator.ts";
export type { DetectorCalibration, NoisyCell } from "./adaptation/calibration.ts";
export { type AdaptableDetectorOptions, adaptableDetector } from "./adaptation/plugin.ts";
export {
  type BatchOptions,
  Calorimeter,
  type DatasetOptions,
  type ShowerBatch,
  type Showers,
  type SimulateRequest,
} from "./contracts.ts";
export {
  EvidenceInvalidError,
  EvidenceMismatchError,
  GeometryInvalidError,
  GeometryUnsupportedError,
  NoSimulatorError,
  ResponseInvalidError,
  ShowersInvalidError,
  TestBeamInvalidError,
} from "./errors.ts";
export { type EffectiveMedium, effectiveMedium } from "./geometry/effective-medium.ts";
export { type CalorimeterGeometry, loadGeometry, SHIPPED_GEOMETRIES, type Slab } from "./geometry/geometry.ts";
export type { GflashConstants } from "./gflash/constants.ts";
export type { Gflash } from "./gflash/gflash.ts";
export { type GflashOptions, gflash } from "./gflash/plugin.ts";
export { publishedConstants } from "./gflash/published.ts";
export { type CalorimeterOptions, calorimeter } from "./plugin.ts";
export { type ApplyResponseOptions, applyResponse } from "./response/apply-response.ts";
export {
  type Cell,
  type HotCell,
  type ResponseConditions,
  type ResponseOptions,
  responseConditions,
} from "./response/conditions.ts";
export { type WithResponseOptions, withResponse } from "./response/with-response.ts";
export { simulate } from "./tasks/simulate.ts";
export { validate } from "./tasks/validate.ts";
export type { TestBeamChange, TestBeamTime } from "./testbeam/changes.ts";
export type { TestBeamConditions } from "./testbeam/history.ts";
export type { TestBeamScript } from "./testbeam/script.ts";
export type { ShowerSet, ShowersReused } from "./testbeam/stored-source.ts";
export { loadTestBeam, TestBeam, type TestBeamEventsOptions } from "./testbeam/test-beam.ts";
export { type TrueConditions, trueConditions } from "./testbeam/true-conditions.ts";
export { fullSimulationMs } from "./timing/full-simulation.ts";
export { type SimulationTiming, type TimingOptions, timeSimulation } from "./timing/time-simulation.ts";
export {
  type ClassifierVerdict,
  type Evidence,
  parseEvidence,
  readEvidence,
  type StoredEvidence,
} from "./validation/evidence.ts";
export { validationReport } from "./validation/report-document.ts";
export {
  LAYER_FEATURES,
  type LayerFeature,
  type ShowerFeatures,
  showerFeatures,
  type VoxelVisitor,
} from "./validation/shower-features.ts";
export {
  comparisonTable,
  correlationTable,
  distanceTable,
  evidenceTable,
  separationTable,
  spectrumWarning,
  tailTable,
} from "./validation/tables.ts";
export type { ValidateOptions } from "./validation/validate.ts";
export type {
  Compared,
  ComparedHistogram,
  Containment,
  CorrelationDifference,
  Correlations,
  DecadeJudgement,
  Distances,
  EnergyInterval,
  EnergyPoint,
  FrechetScore,
  Judgement,
  KernelScore,
  NeighbourScore,
  ProfilePoint,
  ResolutionFit,
  Separation,
  SetSummary,
  Tail,
  Validation,
} from "./validation/validation.ts";
