/**
 * Statistics that tell when a stream of events is no longer what it was, each with a stated rate of false alarms; when it
 * changed; estimates that follow what drifts; and the loop that lets a twin follow its instrument. All are pure functions of
 * the values: no clock, no random numbers; state is plain JSON, from which they go on bit for bit.
 *
 * @packageDocumentation
 */
export { Adwin, type AdwinOptions, type AdwinRow, type AdwinState } from "./adwin.ts";
export { type ChangePoint, type ChangePointOptions, changePoint } from "./change-point.ts";
export { Cusum, type CusumOptions, type CusumState } from "./cusum.ts";
export { type BankAlarm, CusumBank, type CusumBankOptions, type CusumBankState } from "./cusum-bank.ts";
export {
  type CusumDesign,
  cusumDelay,
  cusumFalseAlarmRate,
  cusumThreshold,
  leastDetectionDelay,
} from "./cusum-threshold.ts";
export type { DetectorState, DriftAlarm, DriftDirection, SequentialDetector } from "./detector.ts";
export { KsWindow, type KsWindowOptions, type KsWindowState } from "./ks-window.ts";
export type { Innovation, LinearEstimateState } from "./linear-estimate.ts";
export { Adaptation } from "./loop/adaptation.ts";
export type { AdaptationState, PhaseState, StandingState } from "./loop/adaptation-state.ts";
export { type Attribution, type AttributionOptions, attribute, type Explanation } from "./loop/attribute.ts";
export { type Comparison, type ComparisonOptions, compareConditions } from "./loop/compare-conditions.ts";
export type {
  AcceptedDecision,
  AdaptationAlarm,
  AlarmedDecision,
  Decision,
  DecisionBase,
  DismissedDecision,
  ProposedDecision,
  ReferredDecision,
  RefusedDecision,
  RetrainingDecision,
  RolledBackDecision,
} from "./loop/decision.ts";
export type { FeatureWindowState } from "./loop/feature-window.ts";
export { type ConditionsFit, type FitOptions, fitConditions } from "./loop/fit-conditions.ts";
export type { LeftOver, NormalDeviance } from "./loop/left-over.ts";
export { type AdaptationOptions, AdaptationOptionsSchema, type AdaptationSettings } from "./loop/options.ts";
export type { DecisionMemory, PhaseName } from "./loop/phases.ts";
export type { NormalTables } from "./loop/watch.ts";
export { type MatchedDirection, matchedDirection } from "./matched-direction.ts";
export { type NormalScoreTable, normalScoreTable } from "./normal-score-table.ts";
export { NormalScores } from "./normal-scores.ts";
export { PageHinkley, type PageHinkleyOptions, type PageHinkleyState } from "./page-hinkley.ts";
export type { PageState } from "./page-recursion.ts";
export {
  RecursiveLeastSquares,
  type RecursiveLeastSquaresOptions,
  type RecursiveLeastSquaresState,
} from "./recursive-least-squares.ts";
export {
  type Estimated,
  type ResponseMeasurement,
  SlowControlFilter,
  type SlowControlFilterOptions,
  type SlowControlFilterState,
  type SlowControlRegressor,
} from "./slow-control-filter.ts";
