import type { DayWindows } from "./day-windows.ts";
import { quantile8 } from "./quantile8.ts";
import { slidingQuantiles } from "./sliding-quantiles.ts";
import { stretchDays } from "./stretch-days.ts";

/** Thresholds of one series: `[dayofyear]`, from day 1; NaN where the window of a day has no value in any year. */
export type DayThresholds = (series: Float64Array) => Float64Array;

/**
 * Percentiles of each day of the year, from all values of the base period in a window around that day. The array that is given
 * back is used again for the next series.
 *
 * @param percentile - 0 to 100.
 */
export function dayThresholds(windows: DayWindows, percentile: number): DayThresholds {
  const estimate = estimateThresholds(windows, percentile);
  const values = new Float64Array(windows.length);
  const thresholds = new Float64Array(windows.days);
  const stretch = stretchDays(windows.days, windows.daysOfYear);
  const stretched = new Float64Array(windows.daysOfYear);
  return (series) => {
    windows.fill(series, values);
    estimate(values, thresholds);
    if (!stretch) return thresholds;
    stretch(thresholds, stretched);
    return stretched;
  };
}

/** Thresholds of the days 1 to {@link DayWindows.days}, of values as {@link DayWindows.fill} gives them. */
export function estimateThresholds(
  windows: DayWindows,
  percentile: number,
): (values: Float64Array, thresholds: Float64Array) => void {
  const slide = slidingQuantiles(windows, percentile / 100);
  const sampled = sampleOf(windows);
  const sample = new Float64Array(sampled.most);
  const irregular = [...windows.isRegular.keys()].filter((day) => windows.isRegular[day] === 0);
  return (values, thresholds) => {
    slide(values, thresholds);
    for (const day of irregular) {
      thresholds[day] = quantile8(sample, sampled.take(day + 1, values, sample), percentile / 100);
    }
  };
}

/** Takes the sample of a day: all values that are not missing in the window around it, where the day is in the base period. */
export function sampleOf({ half, yearStart, yearLength, first, stop }: DayWindows): {
  readonly most: number;
  take(day: number, values: Float64Array, sample: Float64Array): number;
} {
  return {
    most: yearStart.length * (2 * half + 1),
    take(day, values, sample) {
      let n = 0;
      for (let year = 0; year < yearStart.length; year++) {
        const centre = (yearStart[year] as number) + day - 1;
        if (centre < first || centre >= stop || day > (yearLength[year] as number)) continue;
        const [from, to] = [Math.max(first, centre - half), Math.min(stop - 1, centre + half)];
        for (let i = from; i <= to; i++) {
          const value = values[i] as number;
          if (!Number.isNaN(value)) sample[n++] = value;
        }
      }
      return n;
    },
  };
}
