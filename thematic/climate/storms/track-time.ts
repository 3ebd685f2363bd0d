import { type CfTime, cfTime, formatDate } from "../../../core/index.ts";

const STANDARD: CfTime = cfTime({ unit: "hours since 1970-01-01" });

/** Year, month, day, hour and minute of the standard calendar as the time of a track; `undefined` where there is no such date. */
export function trackTime(numbers: readonly number[]): { readonly time: string; readonly hours: number } | undefined {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = numbers;
  const date = { year, month, day, hour, minute, second: 0, microsecond: 0 };
  if (!numbers.every(Number.isInteger)) return undefined;
  try {
    return { time: formatDate(date), hours: STANDARD.encode(date) };
  } catch {
    return undefined;
  }
}
