import type { Variable } from "../dataset.ts";
import type { DType } from "../dtype.ts";

/**
 * Computes one cell from whole series: `inputs[i]` is the series of the i-th input at the cell, float64 with NaN where it is missing;
 * the results go into `outputs`, which are NaN before. The arrays are used again for the next cell.
 */
export type SeriesKernel = (inputs: readonly Float64Array[], outputs: readonly Float64Array[]) => void;

/** One result of a {@link SeriesKernel}: a series along a dimension of its own. */
export interface SeriesOutput {
  readonly name: string;
  /** Dimension and length of the series. */
  readonly dim: string;
  readonly length: number;
  /** `"float64"` by default. */
  readonly dtype?: Extract<DType, "float32" | "float64">;
  readonly unit?: string | undefined;
}

/** A variable that series are taken from. */
export interface SeriesInput {
  readonly variable: Variable;
  /** Unit in which the kernel gets the values; as they are by default. */
  readonly unit?: string | undefined;
  /** As in `convertUnits`. */
  readonly context?: "water" | undefined;
}

/** What is computed, from series along which dimension, and in how much memory. */
export interface SeriesOptions {
  /** Dimension of the series: `"time"`. */
  readonly along: string;
  readonly outputs: readonly SeriesOutput[];
  readonly kernel: SeriesKernel;
  /** For all arrays together: what is read, copies, and results. 256e6 by default. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told the part of the work that is done, from 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}
