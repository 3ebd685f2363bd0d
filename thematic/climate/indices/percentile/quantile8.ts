/**
 * Where the quantile of a probability lies in a sorted sample: Hyndman and Fan's type 8 (alpha = beta = 1/3), as xclim computes it.
 *
 * @see R. J. Hyndman, Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996) 361.
 */
export interface QuantilePlace {
  /** Index of the value below, counted from the smallest. */
  readonly below: number;
  /** 0 where the quantile is the value below; else that one and the next are mixed. */
  readonly fraction: number;
}

/** The place in a sample of `n` values; at its ends the quantile is the smallest or the largest value. `n` is 1 or more. */
export function quantilePlace(n: number, probability: number): QuantilePlace {
  const position = n * probability + (1 / 3 + probability * (1 - 1 / 3 - 1 / 3)) - 1;
  if (n < 2 || position < 0) return { below: 0, fraction: 0 };
  if (position >= n - 1) return { below: n - 1, fraction: 0 };
  const below = Math.floor(position);
  return { below, fraction: position - below };
}

/** Between two neighbours of a sample; from the nearer one, so that the result is monotonic. */
export function mix(low: number, high: number, fraction: number): number {
  if (fraction === 0) return low;
  const difference = high - low;
  return fraction < 0.5 ? low + difference * fraction : high - difference * (1 - fraction);
}

/** The quantile of the first `n` values of an array, whose order is changed; NaN where there are none. None of them is NaN. */
export function quantile8(values: Float64Array, n: number, probability: number): number {
  if (n === 0) return Number.NaN;
  const { below, fraction } = quantilePlace(n, probability);
  const low = select(values, n, below);
  if (fraction === 0) return low;
  let high = Number.POSITIVE_INFINITY;
  for (let i = below + 1; i < n; i++) high = Math.min(high, values[i] as number);
  return mix(low, high, fraction);
}

/**
 * The value at an index of the rising order of the first `n`, and puts it there: none before it is greater, none behind it less.
 *
 * @see C. A. R. Hoare, "Algorithm 65: Find", Communications of the ACM 4 (1961) 321.
 */
function select(values: Float64Array, n: number, index: number): number {
  let [from, to] = [0, n - 1];
  while (from < to) {
    const pivot = values[(from + to) >> 1] as number;
    let [i, j] = [from, to];
    while (i <= j) {
      while ((values[i] as number) < pivot) i++;
      while ((values[j] as number) > pivot) j--;
      if (i > j) break;
      const value = values[i] as number;
      values[i++] = values[j] as number;
      values[j--] = value;
    }
    if (index <= j) to = j;
    else if (index >= i) from = i;
    else break;
  }
  return values[index] as number;
}
