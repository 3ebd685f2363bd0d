import type { NdArray } from "../../../core/index.ts";

/**
 * Tells how unusual fields are: the larger the score, the more so. What made it, patterns fitted to a period or a trained
 * network, has seen other fields; scores of different scorers do not compare.
 */
export interface AnomalyScorer {
  /** For tables: `"eof(12)"`, `"vae.onnx"`. */
  readonly name: string;
  /** In which fields are to come; any where it is not stated. */
  readonly unit?: string | undefined;
  /** Names of the dimensions of a field and their lengths, where they are fixed: `{ lat: 6, lon: 5 }`. */
  readonly grid?: Readonly<Record<string, number>> | undefined;
  /** Coordinates of the fields it was made from, by dimension, where they are known. */
  readonly coordinates?: Readonly<Record<string, Float64Array>> | undefined;

  /**
   * @param fields - `[time, …]`; NaN is missing.
   * @returns `[time]`; NaN where a field has no score, as values that are needed are missing.
   * @throws `TWIN_CLIMATE_INPUT_INVALID` for fields of another shape; `TWIN_MODEL_FAILED`.
   */
  score(fields: NdArray, options?: ScoreOptions): Promise<Float64Array>;

  /**
   * What each cell has to do with the score of one field, to tell where an event is; `undefined` where a scorer cannot tell.
   *
   * @param field - `[1, …]`.
   * @returns `[cell]`, row-major.
   */
  cellScores?(field: NdArray, options?: ScoreOptions): Promise<Float64Array | undefined>;
}

/** Options of {@link AnomalyScorer.score}. */
export interface ScoreOptions {
  /** `[time]`, 1 to 12: the month of each field, for scorers that differ by season. */
  readonly months?: ArrayLike<number> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Seasons of three months. */
export type Season = "DJF" | "MAM" | "JJA" | "SON";

export const SEASONS: readonly Season[] = ["DJF", "MAM", "JJA", "SON"];

/** The season of a month, 1 to 12. */
export function seasonOf(month: number): Season {
  return SEASONS[Math.floor((month % 12) / 3)] as Season;
}
