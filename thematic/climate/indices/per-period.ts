import type { SeriesKernel } from "../../../core/index.ts";
import type { IndexContext } from "./definition.ts";
import { breaksOf, type RunRange } from "./spells.ts";

/** A kernel of one value for each period: `value(inputs, start, stop)` of the steps from `start` to before `stop`. */
export function perPeriod(
  { periods }: IndexContext,
  value: (inputs: readonly Float64Array[], start: number, stop: number) => number,
): SeriesKernel {
  const { count, start, stop } = periods;
  return (inputs, outputs) => {
    const output = outputs[0] as Float64Array;
    for (let period = 0; period < count; period++) {
      output[period] = value(inputs, start[period] as number, stop[period] as number);
    }
  };
}

/**
 * As {@link perPeriod}, of a condition that is found out once for the whole series: a byte for each step, 1 where it holds.
 */
export function perCondition(
  context: IndexContext,
  fill: (inputs: readonly Float64Array[], condition: Uint8Array) => void,
  value: (condition: Uint8Array, range: RunRange) => number,
): SeriesKernel {
  const condition = new Uint8Array(context.axis.length);
  const { count } = context.periods;
  const breaks = breaksOf(context.axis);
  const ranges = Array.from({ length: count }, (_, period) => ({
    start: context.periods.start[period] as number,
    stop: context.periods.stop[period] as number,
    breaks,
  }));
  return (inputs, outputs) => {
    fill(inputs, condition);
    const output = outputs[0] as Float64Array;
    for (let period = 0; period < count; period++) {
      output[period] = value(condition, ranges[period] as (typeof ranges)[number]);
    }
  };
}
