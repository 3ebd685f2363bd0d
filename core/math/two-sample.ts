import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** Keeps an empty pair of bins from dividing zero by zero; the value is CaloChallenge's. */
const EPSILON = 1e-16;

/**
 * Separation power of two histograms on the same edges (triangular discriminator): 0 for equal shapes, 1 for disjoint
 * ones. Both are normalised to 1 within the edges first; what lies outside is dropped. NaN where one is empty.
 *
 * S = ½ Σ (p - q)² / (p + q)
 *
 * @see CaloChallenge `evaluate.py`, the number behind the tables of arXiv:2410.21611.
 * @throws `TWIN_INVALID_ARGUMENT` for different numbers of bins.
 */
export function separationPower(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) {
    throw new InvalidArgumentError(
      `Histograms of ${a.length} and ${b.length} bins cannot be compared; use one binning.`,
    );
  }
  const totalA = total(a);
  const totalB = total(b);
  if (!(totalA > 0 && totalB > 0)) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const p = (a[i] as number) / totalA;
    const q = (b[i] as number) / totalB;
    sum += (p - q) ** 2 / (p + q + EPSILON);
  }
  return sum / 2;
}

/**
 * Separation power to be expected of two samples of one distribution, from the numbers of entries alone:
 * (K - 1)/4 · (1/n₁ + 1/n₂), K the number of bins that at least one of the two has entries in.
 *
 * Holds for bins with several independent entries each; correlated entries (voxels of one shower) lie higher.
 */
export function separationFloor(occupiedBins: number, entriesA: number, entriesB: number): number {
  return (Math.max(0, occupiedBins - 1) / 4) * (1 / entriesA + 1 / entriesB);
}

/** A sample with optional weights (0 or more, not all 0). */
export interface WeightedSample {
  readonly values: ArrayLike<number>;
  readonly weights?: ArrayLike<number>;
}

/**
 * Wasserstein-1 distance of two samples, in the unit of the values: the integral of |F(x) - G(x)|.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for an empty sample, a NaN or infinity, or weights that do not fit.
 */
export function wasserstein1(a: WeightedSample, b: WeightedSample): number {
  for (const { values } of [a, b]) {
    if (Array.prototype.includes.call(values, Infinity) || Array.prototype.includes.call(values, -Infinity)) {
      throw new InvalidArgumentError("The Wasserstein distance is not defined with infinities; remove them first.");
    }
  }
  let distance = 0;
  sweep(a, b, (difference, width) => {
    distance += Math.abs(difference) * width;
  });
  return distance;
}

/** Result of {@link kolmogorovSmirnov}. */
export interface KolmogorovSmirnov {
  /** Largest |F(x) - G(x)|, 0 to 1. */
  readonly statistic: number;
  /** Probability of a larger statistic if both come from one continuous distribution; asymptotic. */
  readonly pValue: number;
}

/**
 * Two-sample Kolmogorov-Smirnov test.
 *
 * @see The p-value is Kolmogorov's limit distribution at √(n₁n₂/(n₁+n₂))·D: scipy's `kstwobign.sf`. Good from about 50
 *   values per sample on; too large (conservative) where values tie.
 * @throws `TWIN_INVALID_ARGUMENT` for an empty sample or a NaN.
 */
export function kolmogorovSmirnov(a: ArrayLike<number>, b: ArrayLike<number>): KolmogorovSmirnov {
  let statistic = 0;
  sweep({ values: a }, { values: b }, (difference) => {
    statistic = Math.max(statistic, Math.abs(difference));
  });
  const size = (a.length * b.length) / (a.length + b.length);
  return { statistic, pValue: kolmogorovSurvival(Math.sqrt(size) * statistic) };
}

/** Probability that Kolmogorov's limit variable exceeds `x` (both theta-function series, each where it converges). */
function kolmogorovSurvival(x: number): number {
  if (x <= 0) return 1;
  let sum = 0;
  if (x < 1) {
    for (let k = 1; k < 50; k += 2) sum += Math.exp(-((k * Math.PI) ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * sum;
  }
  for (let k = 1; k < 50; k++) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return sum;
}

/** Walks over all values of both samples in order; tells F - G between each value and the next, and their distance. */
function sweep(a: WeightedSample, b: WeightedSample, step: (difference: number, width: number) => void): void {
  const left = cumulate(a);
  const right = cumulate(b);
  let i = 0;
  let j = 0;
  while (i < left.values.length || j < right.values.length) {
    const x = Math.min(left.values[i] ?? Number.POSITIVE_INFINITY, right.values[j] ?? Number.POSITIVE_INFINITY);
    while (i < left.values.length && (left.values[i] as number) <= x) i++;
    while (j < right.values.length && (right.values[j] as number) <= x) j++;
    const next = Math.min(left.values[i] ?? Number.POSITIVE_INFINITY, right.values[j] ?? Number.POSITIVE_INFINITY);
    step((left.below[i] as number) - (right.below[j] as number), next === Number.POSITIVE_INFINITY ? 0 : next - x);
  }
}

/** Sorted values and the fraction of weight below each index. */
function cumulate(sample: WeightedSample): { readonly values: Float64Array; readonly below: Float64Array } {
  const { values, weights } = sample;
  const n = values.length;
  if (n === 0) throw new InvalidArgumentError("A two-sample statistic needs at least one value in each sample.");
  if (weights && weights.length !== n) throw new InvalidArgumentError(`${n} values, but ${weights.length} weights.`);
  const sorted = Float64Array.from(values);
  const below = new Float64Array(n + 1);
  if (weights) {
    const order = Array.from({ length: n }, (_, i) => i).sort((p, q) => (values[p] as number) - (values[q] as number));
    for (let i = 0; i < n; i++) {
      sorted[i] = values[order[i] as number] as number;
      below[i + 1] = (below[i] as number) + checkedWeight(weights[order[i] as number] as number);
    }
    const sum = below[n] as number;
    if (!(sum > 0)) throw new InvalidArgumentError("The weights of a sample must not all be 0.");
    for (let i = 0; i <= n; i++) below[i] = (below[i] as number) / sum;
  } else {
    sorted.sort();
    for (let i = 0; i <= n; i++) below[i] = i / n;
  }
  if (Array.prototype.includes.call(values, Number.NaN)) {
    throw new InvalidArgumentError(
      "Two-sample statistics are not defined with NaN among the values; remove them first.",
    );
  }
  return { values: sorted, below };
}

function checkedWeight(weight: number): number {
  if (!(weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`Weights must be finite and 0 or more; got ${weight}.`);
  }
  return weight;
}

function total(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum;
}
