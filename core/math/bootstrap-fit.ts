import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { type ExtremeValueDistribution, extremeValueLevel } from "./extreme-value.ts";
import { andersonDarling } from "./goodness-of-fit.ts";
import { quantiles } from "./quantiles.ts";
import { RandomStream } from "./random-stream.ts";

/** How {@link bootstrapFit} makes its samples. */
export interface BootstrapFitOptions {
  /** Samples of the fitted distribution (`"parametric"`), or of the values with replacement (`"nonparametric"`). */
  readonly method: "parametric" | "nonparametric";
  /** 500 by default. */
  readonly resamplings?: number;
  /** Probability that intervals are to have; 0.9 by default. */
  readonly confidence?: number;
  readonly seed: bigint;
  /** Whether the number of values is random as well, Poisson with their number as the mean: peaks over a threshold. */
  readonly randomCount?: boolean;
}

/** A fit, and what is told of it. */
export interface BootstrapTarget {
  /** The values that were fitted, in ascending order. */
  readonly sorted: Float64Array;
  readonly distribution: ExtremeValueDistribution;
  /** Fits another sample, in ascending order; `undefined` where that cannot be. */
  fit(sorted: Float64Array): ExtremeValueDistribution | undefined;
  /** What intervals are wanted of: return levels, parameters. `count` is the size of the sample. */
  statistics(distribution: ExtremeValueDistribution, count: number): readonly number[];
}

/** Intervals and a p-value. */
export interface BootstrapFit {
  /** One for each of the statistics; NaN where fewer than nine in ten resamplings could be fitted. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /**
   * Share of the samples whose A² ({@link andersonDarling}) from their own fit is at least that of the values, (1 + k) /
   * (1 + resamplings); NaN for `"nonparametric"`, which says nothing of the fit.
   */
  readonly pValue: number;
}

/**
 * Percentile intervals of what follows from a fit, and how well it fits, by fitting samples again. The i-th sample has a
 * random stream of its own, so equal values have equal intervals.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than 20 resamplings, or a confidence not in (0, 1).
 * @see B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", Chapman & Hall 1993, section 13.3; W. Stute,
 *   W. González-Manteiga, M. Presedo-Quindimil, Metrika 40 (1993) 243, for the p-value.
 */
export function bootstrapFit(target: BootstrapTarget, options: BootstrapFitOptions): BootstrapFit {
  const { method, resamplings = 500, confidence = 0.9, seed, randomCount = false } = options;
  checkBootstrap({ resamplings, confidence });
  const { sorted, distribution } = target;
  const stream = new RandomStream({ seed, id: 0n });
  const isParametric = method === "parametric";
  const observed = isParametric ? andersonDarling(sorted, distribution) : Number.NaN;
  const results: (readonly number[])[] = [];
  let asFar = 0;
  for (let i = 0; i < resamplings; i++) {
    stream.restart(BigInt(i));
    const count = randomCount ? stream.poisson(sorted.length) : sorted.length;
    const sample = new Float64Array(count);
    for (let k = 0; k < count; k++) {
      sample[k] = isParametric
        ? extremeValueLevel(distribution, stream.uniformOpen())
        : (sorted[Math.floor(stream.uniform() * sorted.length)] as number);
    }
    sample.sort();
    const again = count < 3 ? undefined : target.fit(sample);
    if (!again) continue;
    results.push(target.statistics(again, count));
    if (isParametric && andersonDarling(sample, again) >= observed) asFar++;
  }
  const width = target.statistics(distribution, sorted.length).length;
  const [lower, upper] = [new Float64Array(width).fill(Number.NaN), new Float64Array(width).fill(Number.NaN)];
  if (results.length < 0.9 * resamplings) return { lower, upper, pValue: Number.NaN };
  const outside = (1 - confidence) / 2;
  for (let at = 0; at < width; at++) {
    const column = Float64Array.from(results, (result) => result[at] as number);
    if (column.some(Number.isNaN)) continue;
    const [low, high] = quantiles(column, [outside, 1 - outside], { type: 8 });
    lower[at] = low as number;
    upper[at] = high as number;
  }
  return { lower, upper, pValue: isParametric ? (1 + asFar) / (1 + results.length) : Number.NaN };
}

/** @throws `TWIN_INVALID_ARGUMENT`. */
export function checkBootstrap({ resamplings, confidence }: { resamplings: number; confidence: number }): void {
  if (!Number.isInteger(resamplings) || resamplings < 20) {
    throw new InvalidArgumentError(`Intervals need at least 20 resamplings; got ${resamplings}.`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new InvalidArgumentError(`A confidence is in 0 to 1, ends excluded, such as 0.9; got ${confidence}.`);
  }
}
