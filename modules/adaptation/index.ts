/**
 * Statistics that tell when a stream of events is no longer what it was, each with a stated rate of false alarms; when it
 * changed; estimates that follow what drifts; and the loop that lets a twin follow its instrument. All are pure functions of
 * the values: no clock, no random numbers; state is plain JSON, from which they go on bit for bit.
 *
 * @packageDocumentation
 */
export { Adwin, type AdwinOptions, type AdwinRow, type AdwinState } from "./adwin.ts";
export { type ChangePoint, type ChangePointOptions, changePoint } from "./change-point.ts";
export { CounterAdaptation, type CounterAdaptationState } from "./counters/counter-adaptation.ts";
export type {
  CounterCondition,
  CounterDecision,
  CounterFinding,
  CountersAcceptedDecision,
  CountersAlarmedDecision,
  CountersDismissedDecision,
  CountersReferredDecision,
  ProvenCounterFinding,
} from "./counters/counter-decision.ts";
export { Cusum, type CusumOptions, type CusumState } from "./cusum.ts";
export { type BankAlarm, CusumBank, type CusumBankOptions, type CusumBankState } from "./cusum-bank.ts";
export {
  type CusumDesign,
  cusumDelay,
  cusumFalseAlarmRate,
  cusumThreshold,
  leastDetectionDelay,
} from "./cusum-threshold.ts";
export { type ConditionsAt, readConditionsOverTime } from "./decider/conditions-over-time.ts";
export {
  type ConditionsChange,
  checkDecisions,
  type Decided,
  type DecideOptions,
  type DecideProgress,
  decide,
  type RetrainingRequest,
} from "./decider/decide.ts";
export { decisionName, decisionText } from "./decider/decision-text.ts";
export { type RecordedDecision, readDecisions } from "./decider/decisions-journal.ts";
export { type DecisionsReportOptions, decisionsReport, outcomeText } from "./decider/decisions-report.ts";
export type { EventsTakenFrom } from "./decider/events-taken.ts";
export {
  type PlanRetrainingOptions,
  planRetraining,
  type RetrainingPlanned,
  type VersionGated,
} from "./decider/plan-retraining.ts";
export {
  type RetrainingPlan,
  RetrainingPlanSchema,
  readRetrainingPlan,
  type TrainingRecipe,
  type TrainingRung,
} from "./decider/retraining-plan.ts";
export { type SealChangesOptions, sealChanges, versionInUse } from "./decider/seal-changes.ts";
export type { DetectorState, DriftAlarm, DriftDirection, SequentialDetector } from "./detector.ts";
export { DecisionsDivergedError } from "./errors.ts";
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
  TrackedDecision,
} from "./loop/decision.ts";
export type { FeatureWindowState } from "./loop/feature-window.ts";
export { type ConditionsFit, type FitOptions, fitConditions } from "./loop/fit-conditions.ts";
export type { LeftOver, NormalDeviance } from "./loop/left-over.ts";
export { type AdaptationOptions, AdaptationOptionsSchema, type AdaptationSettings } from "./loop/options.ts";
export type { DecisionMemory, PhaseName } from "./loop/phases.ts";
export type { TrackedPathState } from "./loop/tracking/tracked-path.ts";
export type { TrackedCondition, TrackedDifferences, TrackerState } from "./loop/tracking/tracker-state.ts";
export type { NearestAlarm, NormalTables } from "./loop/watch.ts";
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
