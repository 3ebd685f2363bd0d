import {
  andersonDarling,
  bootstrapFit,
  type ExtremeValueDistribution,
  fitGev,
  fitGpd,
  fitGumbel,
  lMomentsOfSorted,
  returnLevel,
} from "../../../core/index.ts";
import type { Peaks } from "./peaks.ts";

/** Whether a cell has a fit, and why not. */
export const STATUS = { fitted: 0, no_data: 1, too_few: 2, no_variation: 3 } as const;

/** How cells are fitted. */
export interface FitOptions {
  readonly periods: readonly number[];
  readonly confidence: number;
  readonly interval: "parametric" | "nonparametric" | "none";
  readonly resamplings: number;
  readonly seed: bigint;
  readonly minimum: number;
}

/** Extremes of one cell. */
export type CellExtremes =
  | { readonly values: Float64Array; readonly family: "gev" | "gumbel"; readonly perYear: number }
  | { readonly values: Float64Array; readonly family: "gpd"; readonly threshold: number; readonly years: number };

/** What is known of one cell. */
export interface CellFit {
  readonly status: number;
  readonly count: number;
  readonly distribution?: ExtremeValueDistribution;
  /** `[period]`. */
  readonly levels?: readonly number[];
  /** `[period]`, then of the shape. */
  readonly lower?: Float64Array;
  readonly upper?: Float64Array;
  readonly distance?: number;
  readonly pValue?: number;
  readonly peaks?: Peaks;
}

/** Fits extremes by L-moments, with what {@link FitOptions} ask for. */
export function fitExtremes(extremes: CellExtremes, options: FitOptions): CellFit {
  const { periods, interval, minimum } = options;
  const count = extremes.values.length;
  if (count === 0) return { status: extremes.family === "gpd" ? STATUS.too_few : STATUS.no_data, count };
  if (count < minimum) return { status: STATUS.too_few, count };
  const sorted = extremes.values.slice().sort();
  const distributionOf = (values: Float64Array): ExtremeValueDistribution | undefined => {
    const l = lMomentsOfSorted(values);
    if (extremes.family === "gpd") return fitGpd(l, extremes.threshold);
    return extremes.family === "gev" ? fitGev(l) : fitGumbel(l);
  };
  const distribution = distributionOf(sorted);
  if (!distribution) return { status: STATUS.no_variation, count };
  const perYear = (n: number): number => (extremes.family === "gpd" ? n / extremes.years : extremes.perYear);
  const levels = (of: ExtremeValueDistribution, n: number): number[] =>
    periods.map((period) => returnLevel(of, period, perYear(n)));
  const base = {
    ...{ status: STATUS.fitted, count, distribution, levels: levels(distribution, count) },
    distance: andersonDarling(sorted, distribution),
  };
  if (interval === "none") return base;
  const { resamplings, confidence, seed } = options;
  const { lower, upper, pValue } = bootstrapFit(
    { sorted, distribution, fit: distributionOf, statistics: (of, n) => [...levels(of, n), of.shape] },
    { method: interval, resamplings, confidence, seed, randomCount: extremes.family === "gpd" },
  );
  return { ...base, lower, upper, pValue };
}
