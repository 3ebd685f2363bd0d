import { setTimeout as sleep } from "node:timers/promises";

/** Time and chance as retries need them; tests pass their own. */
export interface Timing {
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  /** @throws The reason of the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

/** The real ones. */
export const SYSTEM_TIMING: Timing = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { ...(signal && { signal }) }).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
  random: Math.random,
};
