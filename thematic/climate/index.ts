/**
 * Climate: indices, extremes, storms, and a twin of a field that follows observations.
 *
 * @module
 */
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
export { type ClimateIndexOptions, climateIndex } from "./indices/climate-index.ts";
export type { IndexContext, IndexDefinition, IndexInput, IndexParameter } from "./indices/definition.ts";
export { INDICES } from "./indices/index.ts";
