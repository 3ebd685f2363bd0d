import { moments, quantiles, RandomStream } from "../../../core/index.ts";
import type { FeatureSet } from "./distance-features.ts";
import { breathe } from "./pool.ts";
import type { KernelScore } from "./validation.ts";

const BATCHES = 10;
/** CaloChallenge takes 10,000, a hundred times the work; only the error depends on it. */
const LARGEST_BATCH = 1000;
const DEGREE = 4;
/** Normal distribution's one sigma to both sides, as the error of a median of few numbers. */
const SPREAD: readonly [number, number] = [0.16275, 0.83725];
const PURPOSE_FIRST = 12;
const PURPOSE_SECOND = 13;

/**
 * Kernel physics distance: the unbiased squared maximum mean discrepancy with the kernel (x·y/d + 1)⁴, median over batches
 * drawn with replacement. May be negative.
 *
 * @see JetNet `jetnet/evaluation/gen_metrics.py`, `kpd`; R. Kansal et al., arXiv:2211.10295.
 */
export async function kernelScore(
  a: FeatureSet,
  b: FeatureSet,
  options: { readonly seed: bigint; readonly signal?: AbortSignal | undefined; onBatch?(done: number): void },
): Promise<KernelScore> {
  const batchSize = Math.min(a.members.length, b.members.length, LARGEST_BATCH);
  const values: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const draw = ({ rows: { width, values: all }, members }: FeatureSet, purpose: number): Float64Array => {
      const stream = new RandomStream({ seed: options.seed, id: BigInt(batch), purpose });
      const rows = new Float64Array(batchSize * width);
      for (let row = 0; row < batchSize; row++) {
        const from = (members[Math.floor(stream.uniform() * members.length)] as number) * width;
        rows.set(all.subarray(from, from + width), row * width);
      }
      return rows;
    };
    const [x, y] = [draw(a, PURPOSE_FIRST), draw(b, PURPOSE_SECOND)];
    values.push(await discrepancy(x, y, { width: a.rows.width, signal: options.signal }));
    options.onBatch?.(batch + 1);
  }
  const [low, value, high] = quantiles(values, [SPREAD[0], 0.5, SPREAD[1]]) as [number, number, number];
  return { value, error: (high - low) / 2, batchSize, batches: BATCHES, mean: moments(values).mean };
}

/** Unbiased squared maximum mean discrepancy of as many rows of `x` and `y`. */
export async function discrepancy(
  x: Float64Array,
  y: Float64Array,
  { width, signal }: { readonly width: number; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const n = x.length / width;
  const within = async (rows: Float64Array): Promise<number> => {
    let sum = 0;
    for (let i = 1; i < n; i++) {
      if (i % 256 === 0) await breathe(signal);
      for (let j = 0; j < i; j++) sum += kernel(rows, i, rows, j, width);
    }
    return (2 * sum) / (n * (n - 1));
  };
  let between = 0;
  for (let i = 0; i < n; i++) {
    if (i % 256 === 0) await breathe(signal);
    for (let j = 0; j < n; j++) between += kernel(x, i, y, j, width);
  }
  return (await within(x)) + (await within(y)) - (2 * between) / (n * n);
}

function kernel(x: Float64Array, i: number, y: Float64Array, j: number, width: number): number {
  const left = i * width;
  const right = j * width;
  let [even, odd] = [0, 0];
  const pairs = width - (width % 2);
  for (let k = 0; k < pairs; k += 2) {
    even += (x[left + k] as number) * (y[right + k] as number);
    odd += (x[left + k + 1] as number) * (y[right + k + 1] as number);
  }
  if (pairs < width) even += (x[left + pairs] as number) * (y[right + pairs] as number);
  return ((even + odd) / width + 1) ** DEGREE;
}
