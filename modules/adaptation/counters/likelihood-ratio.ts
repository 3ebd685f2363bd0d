import type { CounterCondition } from "./counter-decision.ts";

/** A silent counter may count so much of what it should, and is still told to be silent. */
const SILENT = 0.1;
const LOG_SILENT = Math.log(SILENT);

/** What a counter did in some events, and what the others of its group let expect. */
export interface Counted {
  events: number;
  counted: number;
  /** Bounds on what is expected of it if it is sound. */
  lower: number;
  upper: number;
}

/** Which change is looked for. */
export interface CounterChange {
  readonly from: CounterCondition;
  readonly to: CounterCondition;
  /** Of a noisy counter: how many times as often it counts. */
  readonly times: number;
  /** Of one that was noisy: probability that it counts by itself. */
  readonly rate: number;
}

/**
 * The logarithm of a likelihood ratio: of the change, against none. Its exponential has a mean of at most 1 where nothing has changed:
 * of Poisson counts with means m and m', the ratio is exp(m - m') (m'/m)^n, and exp(-d)(1 + d) ≤ 1 makes that hold for what
 * happens or not in each event, however events depend on each other, if m is its mean given the others of the group.
 */
export function logRatio(
  { events, counted, lower, upper }: Readonly<Counted>,
  { from, to, times, rate }: CounterChange,
): number {
  // Nothing has counted, or nobody is left to compare with.
  if (upper === 0) return 0;
  if (to === "silent") return counted * LOG_SILENT + lower * (1 - SILENT);
  // Most counters count rarely.
  if (to === "noisy") return (counted === 0 ? 0 : counted * Math.log(times)) - upper * (times - 1);
  if (from === "silent") return -counted * LOG_SILENT - upper * (1 - SILENT);
  // Half of its noise may be gone, and it is still noisy.
  const noisy = lower + (events * rate) / 2;
  return noisy <= upper ? 0 : counted * Math.log(upper / noisy) + noisy - upper;
}

/** After how many events a counter that has become silent is seen, if groups count as in the reference. */
export function silenceDelay(lowerPerEvent: number, threshold: number): number {
  return threshold / (lowerPerEvent * (1 - SILENT));
}
