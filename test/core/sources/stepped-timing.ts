import { setImmediate } from "node:timers/promises";
import type { Timing } from "../../../core/sources/timing.ts";

/** Time that stands still but for what is slept, and chance that is none. */
export function steppedTiming({ random = 0.5 }: { readonly random?: number } = {}): {
  readonly timing: Timing;
  readonly pauses: readonly number[];
  advance(ms: number): void;
} {
  const pauses: number[] = [];
  let now = 0;
  const timing: Timing = {
    now: () => now,
    random: () => random,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      pauses.push(ms);
      now += ms;
      await setImmediate();
    },
  };
  return {
    timing,
    pauses,
    advance: (ms) => {
      now += ms;
    },
  };
}
