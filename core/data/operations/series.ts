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
