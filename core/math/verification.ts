import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { quantiles } from "./quantiles.ts";
import { RandomStream } from "./random-stream.ts";

/** A number with the interval that a bootstrap gives it. */
export interface BootstrapInterval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How {@link blockBootstrap} resamples. */
export interface BlockBootstrapOptions {
  /** Seed, 0 to 2^64 - 1. Resampling `i` uses stream `i` of it. */
  readonly seed: bigint;
  /** 2,000 by default. */
  readonly resamplings?: number;
  /** Probability of the interval, above 0 and below 1; 0.95 by default. */
  readonly level?: number;
}

/**
 * A statistic of sums over blocks (years, seasons), with its percentile interval by bootstrap over the blocks. Within a block
 * errors may depend on each other as they like; blocks must be long enough to be nearly independent. With few blocks the interval
 * is too narrow: below ten, take it as a hint.
 *
 * @param sums - Of each block the sums that the statistic is made of, `[block][quantity]`: squared errors, products, counts.
 * @param statistic - Gets the sums of the blocks drawn, reused between calls: a ratio, a correlation.
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than two blocks, blocks unlike in length, a level or number of resamplings out of range.
 * @see H. R. Künsch, Annals of Statistics 17 (1989) 1217; here blocks do not overlap.
 *
 * @example
 * // Root mean square error of two seasons: sums of squares, and counts.
 * blockBootstrap([[40, 10], [90, 10]], ([squares = 0, count = 0]) => Math.sqrt(squares / count), { seed: 1n }).value; // => 2.549…
 */
export function blockBootstrap(
  sums: readonly ArrayLike<number>[],
  statistic: (sums: Float64Array) => number,
  { seed, resamplings = 2000, level = 0.95 }: BlockBootstrapOptions,
): BootstrapInterval {
  const blocks = sums.length;
  const size = sums[0]?.length ?? 0;
  if (blocks < 2) throw new InvalidArgumentError(`A bootstrap over blocks needs two of them; got ${blocks}.`);
  const odd = sums.findIndex(({ length }) => length !== size);
  if (odd >= 0) throw new InvalidArgumentError(`Block ${odd} has ${sums[odd]?.length} sums, the first one ${size}.`);
  if (!Number.isInteger(resamplings) || resamplings < 2) {
    throw new InvalidArgumentError(`A bootstrap needs at least 2 resamplings; got ${resamplings}.`);
  }
  if (!(level > 0 && level < 1)) throw new InvalidArgumentError(`The level of an interval is in 0 to 1; got ${level}.`);
  const total = new Float64Array(size);
  const add = (block: ArrayLike<number>): void => {
    for (let q = 0; q < size; q++) total[q] = (total[q] as number) + (block[q] as number);
  };
  sums.forEach(add);
  const value = statistic(total);
  const stream = new RandomStream({ seed, id: 0n });
  const drawn = Float64Array.from({ length: resamplings }, (_, i) => {
    stream.restart(BigInt(i));
    total.fill(0);
    for (let k = 0; k < blocks; k++) add(sums[Math.floor(stream.uniform() * blocks)] as ArrayLike<number>);
    return statistic(total);
  });
  const [low, high] = quantiles(drawn, [(1 - level) / 2, (1 + level) / 2]) as [number, number];
  return { value, low, high };
}

/**
 * Skill of a score (mean square error, RMSE, CRPS: 0 is perfect) against that of a reference forecast: 1 is perfect, 0 as good as
 * the reference, below 0 worse.
 */
export function skillScore(score: number, reference: number): number {
  return 1 - score / reference;
}
