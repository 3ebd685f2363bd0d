import { InvalidArgumentError } from "../../../core/index.ts";
import type { Batching } from "./served.ts";

const DEFAULT_BATCHING: Batching = {
  maxBatchSize: 100,
  maxQueueDelayMs: 0,
  preferredBatchSizes: [],
  maxQueueSize: 10_000,
  maxQueueBytes: 256 * 2 ** 20,
};

/** Fills in what nobody says. @throws `TWIN_INVALID_ARGUMENT` for numbers that no queue can keep to. */
export function completeBatching(some: Partial<Batching> = {}): Batching {
  const batching = { ...DEFAULT_BATCHING, ...some };
  const { maxBatchSize, maxQueueDelayMs, preferredBatchSizes, maxQueueSize, maxQueueBytes } = batching;
  for (const [name, value] of Object.entries({ maxBatchSize, maxQueueSize, maxQueueBytes })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new InvalidArgumentError(`${name} is ${value}; it must be an integer of 1 or more.`);
  }
  if (!(Number.isFinite(maxQueueDelayMs) && maxQueueDelayMs >= 0)) {
    throw new InvalidArgumentError(`maxQueueDelayMs is ${maxQueueDelayMs}; it must be a number of 0 or more.`);
  }
  const wrong = preferredBatchSizes.find((size) => !(Number.isInteger(size) && size >= 1 && size <= maxBatchSize));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(
      `${wrong} is among the preferredBatchSizes; each must be an integer from 1 to maxBatchSize, ${maxBatchSize}.`,
    );
  }
  return batching;
}
