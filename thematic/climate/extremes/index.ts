export { type BlockMaximaOptions, blockMaxima, type Tail } from "./block-maxima.ts";
export {
  type DetectExtremesOptions,
  detectExtremes,
  type ExtremeEvent,
  type ExtremeEvents,
} from "./detect-extremes.ts";
export { type EofScorer, type EofScorerOptions, eofScorer, fitEofScorer } from "./eof-scorer.ts";
export type { ExtremesInput } from "./extremes-input.ts";
export { type ModelScorerOptions, modelScorer } from "./model-scorer.ts";
export type { Threshold } from "./peaks.ts";
export {
  type BlockMaximaKind,
  type PeaksKind,
  type ReturnLevelFit,
  type ReturnLevelOptions,
  returnLevels,
} from "./return-levels.ts";
export type { AnomalyScorer, ScoreOptions, Season } from "./scorer.ts";
export { seasonalScorer } from "./seasonal-scorer.ts";
