import { type Dataset, type Model, type Token, token } from "../../core/index.ts";
import type { BlockMaximaOptions } from "./extremes/block-maxima.ts";
import type { DetectExtremesOptions, ExtremeEvents } from "./extremes/detect-extremes.ts";
import type { EofScorer, EofScorerOptions } from "./extremes/eof-scorer.ts";
import type { ModelScorerOptions } from "./extremes/model-scorer.ts";
import type { ReturnLevelOptions } from "./extremes/return-levels.ts";
import type { AnomalyScorer } from "./extremes/scorer.ts";
import type { ClimateIndexOptions } from "./indices/climate-index.ts";
import type { IndexDefinition } from "./indices/definition.ts";
import type { StormTracksOptions } from "./storms/storm-tracks.ts";
import type { StormTrack } from "./storms/track.ts";

/** What is computed from climate data, as one part of a twin: the functions of this module under one name. */
export interface Climate {
  /** Every index that there is, with its definition. */
  readonly indices: readonly IndexDefinition[];

  /** As `climateIndex`. */
  index(dataset: Dataset, name: string, options?: ClimateIndexOptions): Promise<Dataset>;

  /** As `blockMaxima`. */
  blockMaxima(dataset: Dataset, options: BlockMaximaOptions): Promise<Dataset>;

  /** As `returnLevels`. */
  returnLevels(dataset: Dataset, options: ReturnLevelOptions): Promise<Dataset>;

  /** As `fitEofScorer`. */
  fitEofScorer(dataset: Dataset, options: EofScorerOptions): Promise<EofScorer>;

  /**
   * As `modelScorer`, by the model of the twin.
   *
   * @throws `TWIN_INVALID_ARGUMENT` where the twin has no model, and what `modelScorer` throws.
   */
  modelScorer(options?: ModelScorerOptions): AnomalyScorer;

  /** As `detectExtremes`. */
  detectExtremes(dataset: Dataset, options: DetectExtremesOptions): Promise<ExtremeEvents>;

  /** As `stormTracks`. */
  stormTracks(dataset: Dataset, options: StormTracksOptions): Promise<readonly StormTrack[]>;

  /** The network that scores fields, where the twin has one. */
  readonly model?: Model | undefined;
}
export const Climate: Token<Climate> = token("climate");
