import { InvalidArgumentError } from "../../../core/index.ts";
import type { BatchOptions } from "../contracts.ts";

const DEFAULT_BATCH = 100;

/** Consecutive ranges of at most `batchSize` showers. */
export function* batchRanges(
  count: number,
  options: BatchOptions,
): Generator<{ readonly start: number; readonly stop: number }> {
  const { start = 0, stop = count, batchSize = DEFAULT_BATCH } = options;
  const whole = [start, stop, batchSize].every(Number.isInteger);
  if (!whole || start < 0 || stop > count || start > stop || batchSize < 1) {
    throw new InvalidArgumentError(
      `Showers [${start}, ${stop}) in batches of ${batchSize} cannot be had: there are ${count}, and batches need 1 or more.`,
    );
  }
  for (let from = start; from < stop; from += batchSize) yield { start: from, stop: Math.min(from + batchSize, stop) };
}
