export { attestReproduction } from "./attest-reproduction.ts";
export type { RunFiles } from "./compare-files.ts";
export { type CompareRunsOptions, compareRuns } from "./compare-runs.ts";
export { keepRun } from "./find-run.ts";
export {
  type Cause,
  type Difference,
  LAYERS,
  type Layer,
  type LayerComparison,
  type Metric,
  type OutputComparison,
  type ReproductionReport,
  ReproductionReportSchema,
  VERDICTS,
  type Verdict,
} from "./report.ts";
export { type Rerun, type RerunOptions, rerun } from "./rerun.ts";
export { type OutputTolerance, parseTolerances, type Tolerances } from "./tolerances.ts";
