import { quantiles, type TimeAxis, unitSeconds } from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";

/** From where on values count: a quantile (Hyndman and Fan's type 8) of the valid values of each cell, or one number for all. */
export type Threshold = { readonly quantile: number } | { readonly value: number };

/** Peaks of a series over a threshold. */
export interface Peaks {
  readonly threshold: number;
  /** The largest value of each cluster, in order of time. */
  readonly values: Float64Array;
  /** Step of each. */
  readonly steps: Int32Array;
  /** Steps above the threshold. */
  readonly exceedances: number;
  /** Years of valid steps. */
  readonly years: number;
}

const DAYS: Readonly<Record<string, number>> = { noleap: 365, all_leap: 366, "360_day": 360, julian: 365.25 };

/** Days of a mean year of a calendar. */
export function daysPerYear({ time }: TimeAxis): number {
  return DAYS[time.calendar] ?? 365.2425;
}

/**
 * Makes what finds peaks. Steps above the threshold (`>`) belong to one cluster where less than `runDays` lie between them in
 * which no step is above it; missing steps are not above it.
 *
 * @throws `TWIN_CLIMATE_INPUT_INVALID` where the steps of the axis are not of one length.
 * @see R. L. Smith, I. Weissman, J. R. Statist. Soc. B 56 (1994) 515, the runs method.
 */
export function peakFinder(
  axis: TimeAxis,
  { threshold, runDays }: { readonly threshold: Threshold; readonly runDays: number },
): (series: Float64Array) => Peaks | undefined {
  const { step, values: times } = axis;
  if (!step) {
    throw new ClimateInputError(
      `Peaks need steps of one length, to know how long was looked for them; along "${axis.dim}" steps differ. Take \`resample\` first.`,
    );
  }
  const stepYears = "months" in step ? step.months / 12 : step.seconds / 86_400 / daysPerYear(axis);
  const perDay = unitSeconds(axis.time) / 86_400;
  const stepDays = stepYears * daysPerYear(axis);
  return (series) => {
    const valid = series.filter((value) => !Number.isNaN(value));
    if (valid.length === 0) return undefined;
    const limit =
      "value" in threshold ? threshold.value : (quantiles(valid, [threshold.quantile], { type: 8 })[0] as number);
    const [peaks, steps]: [number[], number[]] = [[], []];
    let exceedances = 0;
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < series.length; i++) {
      const value = series[i] as number;
      if (!(value > limit)) continue;
      exceedances++;
      const between = ((times[i] as number) - last) * perDay - stepDays;
      last = times[i] as number;
      if (peaks.length === 0 || between > runDays - 1e-6) {
        peaks.push(value);
        steps.push(i);
      } else if (value > (peaks.at(-1) as number)) {
        peaks[peaks.length - 1] = value;
        steps[steps.length - 1] = i;
      }
    }
    return {
      threshold: limit,
      values: Float64Array.from(peaks),
      steps: Int32Array.from(steps),
      exceedances,
      years: valid.length * stepYears,
    };
  };
}
