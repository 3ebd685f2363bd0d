import { monthNumbers } from "./periods.ts";
import { type TimeAxis, unitSeconds } from "./time-axis.ts";

/** `[step]`: how many steps the axis lacks just before it. All 0 where the axis has no {@link TimeAxis.step}. */
export function absentSteps({ length, values, year, month, step, time }: TimeAxis): Int32Array {
  const absent = new Int32Array(length);
  if (!step) return absent;
  const seconds = unitSeconds(time);
  const months = monthNumbers(time);
  const monthOf = (i: number): number => months.of(year[i] as number, month[i] as number);
  for (let i = 1; i < length; i++) {
    const steps =
      "seconds" in step
        ? (((values[i] as number) - (values[i - 1] as number)) * seconds) / step.seconds
        : (monthOf(i) - monthOf(i - 1)) / step.months;
    absent[i] = Math.round(steps) - 1;
  }
  return absent;
}
