/**
 * Climate: indices, extremes, storms, and a twin of a field that follows observations.
 *
 * @module
 */
export { Climate } from "./contracts.ts";
export { ClimateInputError, UnknownIndexError } from "./errors.ts";
export {
  type AnomalyScorer,
  type BlockMaximaKind,
  type BlockMaximaOptions,
  blockMaxima,
  type DetectExtremesOptions,
  detectExtremes,
  type EofScorer,
  type EofScorerOptions,
  type ExtremeEvent,
  type ExtremeEvents,
  type ExtremesInput,
  eofScorer,
  fitEofScorer,
  type ModelScorerOptions,
  modelScorer,
  type PeaksKind,
  type ReturnLevelFit,
  type ReturnLevelOptions,
  returnLevels,
  type ScoreOptions,
  type Season,
  seasonalScorer,
  type Tail,
  type Threshold,
} from "./extremes/index.ts";
export type { AdaptableClimate } from "./following/adaptable-climate.ts";
export { analysisRegression } from "./following/analysis-regression.ts";
export type { Analysis } from "./following/assimilate.ts";
export {
  crossValidateEmulators,
  type EmulatorCandidate,
  type ScoredCandidate,
} from "./following/choose-emulator.ts";
export { type EmulatorDocument, loadEmulator, parseEmulator, saveEmulator } from "./following/document.ts";
export { ClimateEmulator, type ClimateShift } from "./following/emulator.ts";
export type { FieldForecast } from "./following/field-forecast.ts";
export { type EmulatorFitOptions, fitClimateEmulator } from "./following/fit-emulator.ts";
export { type FollowOptions, follow } from "./following/follow.ts";
export { Follower, type FollowerCounts } from "./following/follower.ts";
export type { FollowerOptions } from "./following/follower-options.ts";
export type { LeadSkill } from "./following/lead-skill.ts";
export { observeField } from "./following/observe-field.ts";
export { type ClimateEmulatorOptions, type ClimateTwin, climateEmulator } from "./following/plugin.ts";
export { type FieldSeries, readField } from "./following/read-field.ts";
export { type Station, type StationNetwork, stationNetwork } from "./following/stations.ts";
export { type SyntheticClimateOptions, syntheticClimate } from "./following/synthetic-climate.ts";
export { type TwinExperiment, type TwinExperimentOptions, twinExperiment } from "./following/twin-experiment.ts";
export { type ClimateIndexOptions, climateIndex } from "./indices/climate-index.ts";
export type { IndexContext, IndexDefinition, IndexInput, IndexParameter } from "./indices/definition.ts";
export { type StandardizedIndexOptions, standardizedIndex } from "./indices/drought/standardized-index.ts";
export { findIndex } from "./indices/find-index.ts";
export {
  buildUpIndex,
  dailySeverityRating,
  droughtCode,
  duffMoistureCode,
  fineFuelMoistureCode,
  fireWeatherIndex,
  initialSpreadIndex,
  type NoonWeather,
  type Overwintering,
  overwinteredDroughtCode,
} from "./indices/fire/codes.ts";
export { FIRE_DANGER_CLASSES, fireDangerClass } from "./indices/fire/danger-classes.ts";
export type { LatitudeBands } from "./indices/fire/day-length.ts";
export { type FireWeatherOptions, fireWeather } from "./indices/fire/fire-weather.ts";
export type { DryStart } from "./indices/fire/recurrence.ts";
export type { FireSeason } from "./indices/fire/season.ts";
export { INDICES } from "./indices/index.ts";
export { type PercentileOfDayOptions, percentileOfDay } from "./indices/percentile/percentile-of-day.ts";
export { type ClimateOptions, climate } from "./plugin.ts";
export { type ClimateReportInput, type ClimateReportOptions, climateReport } from "./report/climate-report.ts";
export {
  type DetectStormsOptions,
  detectStorms,
  distanceKm,
  matchTracks,
  type Place,
  readHurdat,
  readTracksCsv,
  type StormCandidate,
  type StormDims,
  type StormField,
  type StormTrack,
  type StormTracksOptions,
  stormTracks,
  type TrackMatch,
  type TrackPoint,
  type TrackRow,
  type TrackStormsOptions,
  type TropicalCriteria,
  trackRows,
  trackStorms,
  tracksCsv,
  tracksDataset,
  type WarmCoreOptions,
} from "./storms/index.ts";
export { climateExtremesTask } from "./tasks/extremes.ts";
export { climateIndexTask } from "./tasks/index-task.ts";
export { type StormDomain, stormDomain, tracksWithin } from "./tasks/storm-domain.ts";
export { climateTracksTask } from "./tasks/tracks.ts";
