/**
 * Thresholds of the days 1 to 365 for years of 366 days: the days are stretched onto 1 to 366, and thresholds between them found by
 * linear interpolation. The 366th day itself, of leap years only, would have a sample of a quarter of the size. Thresholds that
 * are missing are filled before, by linear interpolation between their neighbours, as xclim's `percentile_doy` does.
 *
 * @returns Turns `[365]` into `[366]`, or `[n]` into `[m]`; `undefined` where lengths are equal and nothing is to do.
 */
export function stretchDays(
  from: number,
  to: number,
): ((thresholds: Float64Array, stretched: Float64Array) => void) | undefined {
  if (from === to) return undefined;
  const step = (to - 1) / (from - 1);
  const days = Float64Array.from({ length: from }, (_, i) => (i === from - 1 ? to : 1 + i * step));
  const below = new Int32Array(to);
  for (let day = 1, i = 0; day <= to; day++) {
    while (i < from - 2 && (days[i + 1] as number) <= day) i++;
    below[day - 1] = i;
  }
  return (thresholds, stretched) => {
    fillGaps(thresholds);
    for (let day = 1; day <= to; day++) {
      const i = below[day - 1] as number;
      // One by one: for lists that are taken apart, memory is thrown away for each day of each cell.
      const low = thresholds[i] as number;
      const high = thresholds[i + 1] as number;
      const start = days[i] as number;
      const stop = days[i + 1] as number;
      stretched[day - 1] = day === stop ? high : ((high - low) / (stop - start)) * (day - start) + low;
    }
  };
}

/** NaN between values, by linear interpolation; those before the first and behind the last stay. */
function fillGaps(values: Float64Array): void {
  let last = -1;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    if (last >= 0 && i - last > 1) {
      const [low, high] = [values[last] as number, values[i] as number];
      for (let gap = last + 1; gap < i; gap++) values[gap] = ((high - low) / (i - last)) * (gap - last) + low;
    }
    last = i;
  }
}
