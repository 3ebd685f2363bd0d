import {
  frechetDistance,
  type MeanAndCovariance,
  moments,
  RandomStream,
  RunningCovariance,
} from "../../../core/index.ts";
import type { FeatureSet } from "./distance-features.ts";
import { breathe } from "./pool.ts";
import type { FrechetScore } from "./validation.ts";

/** Batch sizes, evenly spaced in 1/n. */
const POINTS = 10;
/** The largest batch over the smallest: CaloChallenge has 10,000 to 50,000. */
const RANGE = 5;
const LARGEST_BATCH = 50_000;
const PURPOSE_FIRST = 10;
const PURPOSE_SECOND = 11;

/** How a {@link FrechetScore} is drawn. */
export interface FrechetOptions {
  readonly seed: bigint;
  /** Batches of each size. */
  readonly draws: number;
  readonly batchSizes: readonly number[];
  readonly signal?: AbortSignal | undefined;
  onDraw?(done: number): void;
}

/**
 * Batch sizes for sets of which the smaller has so many showers: up to all of it, from a fifth of that. `undefined` where
 * the smallest batch would have fewer showers than features, so that its covariance says nothing.
 */
export function frechetBatchSizes(showers: number, features: number): readonly number[] | undefined {
  const largest = Math.min(showers, LARGEST_BATCH);
  const smallest = Math.floor(largest / RANGE);
  if (smallest < features) return undefined;
  return Array.from({ length: POINTS }, (_, i) => {
    const share = i / (POINTS - 1);
    return Math.floor(1 / ((1 - share) / smallest + share / largest) + 1e-6);
  });
}

/**
 * Fréchet physics distance: that of normal distributions with the means and covariances of batches drawn with
 * replacement, as a straight line in 1/n that is followed to infinite n.
 *
 * Batches of one draw are the beginnings of its largest one, which costs a fourth of drawing each anew; the expected value
 * at each size is the same.
 *
 * @see JetNet `jetnet/evaluation/gen_metrics.py`, `fpd`; R. Kansal et al., arXiv:2211.10295.
 */
export async function frechetScore(a: FeatureSet, b: FeatureSet, options: FrechetOptions): Promise<FrechetScore> {
  const { draws, batchSizes, seed, signal, onDraw } = options;
  const sums = new Float64Array(batchSizes.length);
  const wholes = [whole(a), whole(b)] as const;
  const sets = [a, b].map(({ rows: { width, values }, members }, index) => {
    const stream = new RandomStream({ seed, id: 0n, purpose: index === 0 ? PURPOSE_FIRST : PURPOSE_SECOND });
    const origin = wholes[index]?.mean ?? [];
    const draw = (running: RunningCovariance): void => {
      running.add(values, (members[Math.floor(stream.uniform() * members.length)] as number) * width);
    };
    return { stream, draw, begin: (): RunningCovariance => new RunningCovariance(width, origin) };
  });
  for (let number = 0; number < draws; number++) {
    const running = sets.map(({ stream, begin }) => {
      stream.restart(BigInt(number));
      return begin();
    });
    for (const [point, size] of batchSizes.entries()) {
      await breathe(signal);
      const [first, second] = running.map((covariance, index) => {
        while (covariance.count < size) sets[index]?.draw(covariance);
        return covariance.result();
      });
      if (first && second) sums[point] = (sums[point] as number) + frechetDistance(first, second);
    }
    onDraw?.(number + 1);
  }
  return {
    ...extrapolate(
      batchSizes,
      sums.map((sum) => sum / draws),
    ),
    full: frechetDistance(...wholes),
    batchSizes: [batchSizes[0] as number, batchSizes.at(-1) as number],
    draws,
  };
}

/** Mean and covariance of all rows of a set. */
function whole({ rows: { width, values }, members }: FeatureSet): MeanAndCovariance {
  const first = (members[0] as number) * width;
  const running = new RunningCovariance(width, values.subarray(first, first + width));
  for (const member of members) running.add(values, member * width);
  return running.result();
}

/** Least squares of value = a + b/n with a, b ≥ 0; the error of a is from the scatter around the line. */
export function extrapolate(
  sizes: readonly number[],
  values: Float64Array,
): { readonly value: number; readonly error: number; readonly slope: number } {
  const x = sizes.map((size) => 1 / size);
  const meanX = moments(x).mean;
  const meanY = moments(values).mean;
  let [xx, xy, squares] = [0, 0, 0];
  x.forEach((each, i) => {
    xx += (each - meanX) ** 2;
    xy += (each - meanX) * ((values[i] as number) - meanY);
    squares += each ** 2;
  });
  const free = { value: meanY - (xy / xx) * meanX, slope: xy / xx };
  // With both bounds at most one holds: a rising line that would start below zero goes through zero; a falling one is flat.
  const through = x.reduce((sum, each, i) => sum + each * (values[i] as number), 0) / squares;
  const line = free.slope < 0 ? { value: meanY, slope: 0 } : free.value < 0 ? { value: 0, slope: through } : free;
  const residual = x.reduce((sum, each, i) => sum + ((values[i] as number) - line.value - line.slope * each) ** 2, 0);
  const variance = residual / Math.max(1, x.length - 2);
  return { ...line, error: Math.sqrt(variance * (1 / x.length + meanX ** 2 / xx)) };
}
