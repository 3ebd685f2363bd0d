import { regularizedGammaP } from "../../../../core/index.ts";

/** Of delays that are `null` where there was no alarm: those are longer than all others. */
export interface DelaySummary {
  readonly trials: number;
  readonly median: number | null;
  /** Holds the median of all that could have been drawn, with 95 % confidence at least: two of the delays. */
  readonly interval: readonly [low: number | null, high: number | null];
  readonly quartiles: readonly [low: number | null, high: number | null];
  /** `null` where there was a trial without alarm. */
  readonly mean: number | null;
  readonly meanError: number | null;
}

export function summaryOf(delays: readonly (number | null)[]): DelaySummary {
  const sorted = delays.map((delay) => delay ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const trials = sorted.length;
  const at = (index: number): number | null => numberOf(sorted[index] as number);
  const quantile = (probability: number): number | null => {
    const place = probability * (trials - 1);
    const [low, high] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number];
    return numberOf(low === high ? low : low + (place - Math.floor(place)) * (high - low));
  };
  const below = ranksOutside(trials);
  const mean = sorted.reduce((sum, delay) => sum + delay, 0) / trials;
  const variance = sorted.reduce((sum, delay) => sum + (delay - mean) ** 2, 0) / (trials - 1);
  return {
    trials,
    median: quantile(0.5),
    interval: [at(below), at(trials - 1 - below)],
    quartiles: [quantile(0.25), quantile(0.75)],
    mean: numberOf(mean),
    meanError: numberOf(Math.sqrt(variance / trials)),
  };
}

function numberOf(value: number): number | null {
  return Number.isFinite(value) ? Math.round(value) : null;
}

/**
 * How many of the sorted values may be left out at each end for the median to be between the others with 95 % confidence.
 *
 * @see W. R. Thompson, Annals of Mathematical Statistics 7 (1936) 122: signs are binomial.
 */
function ranksOutside(trials: number): number {
  let [term, sum] = [0.5 ** trials, 0];
  for (let count = 0; ; count++) {
    sum += term;
    if (sum > 0.025) return Math.max(0, count - 1);
    term *= (trials - count) / (count + 1);
  }
}

/**
 * Exact 95 % interval of a Poisson mean.
 *
 * @see F. Garwood, Biometrika 28 (1936) 437.
 */
export function poissonMean(count: number): readonly [low: number, high: number] {
  // P(at least k) = P(k, mean), P(at most k) = 1 - P(k + 1, mean).
  return [count === 0 ? 0 : solved(count, 0.025), solved(count + 1, 0.975)];
}

function solved(shape: number, probability: number): number {
  let [low, high] = [0, 10 + 3 * shape];
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (regularizedGammaP(shape, middle) < probability) low = middle;
    else high = middle;
  }
  return high;
}
