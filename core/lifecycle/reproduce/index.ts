export { type CompareRunsOptions, compareRuns } from "./compare-runs.ts";
