import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { moments } from "./moments.ts";
import { RandomStream } from "./random-stream.ts";

/** How {@link bootstrapError} resamples. */
export interface BootstrapOptions {
  /** Number of resamplings, at least 2. Default 200: the error itself is then known to 5 %. */
  readonly resamplings?: number;
  /** Seed, 0 to 2^64 - 1. Resampling `i` uses stream `i` of it. */
  readonly seed: bigint;
}

/**
 * Standard error of a statistic by bootstrap: its standard deviation over resamplings with replacement.
 *
 * @param size - Number of items in the sample.
 * @param statistic - Gets the indices of the items of a resampling, `size` of them, reused between calls.
 * @throws `TWIN_INVALID_ARGUMENT` for an empty sample or fewer than two resamplings.
 * @see B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979) 1.
 */
export function bootstrapError(
  size: number,
  statistic: (indices: Uint32Array) => number,
  options: BootstrapOptions,
): number {
  const resamplings = options.resamplings ?? 200;
  if (!Number.isInteger(size) || size < 1) throw new InvalidArgumentError(`Bootstrap needs a sample; size ${size}.`);
  if (!Number.isInteger(resamplings) || resamplings < 2) {
    throw new InvalidArgumentError(`Bootstrap needs at least 2 resamplings; got ${resamplings}.`);
  }
  const indices = new Uint32Array(size);
  const stream = new RandomStream({ seed: options.seed, id: 0n });
  const results = Float64Array.from({ length: resamplings }, (_, i) => {
    stream.restart(BigInt(i));
    for (let k = 0; k < size; k++) indices[k] = Math.floor(stream.uniform() * size);
    return statistic(indices);
  });
  return moments(results).standardDeviation();
}
