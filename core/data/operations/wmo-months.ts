import type { Row } from "./statistics.ts";

/** So many days of a month in a row may not be missing. */
export const WMO_RUN = 5;
/** Nor so many all together. */
const WMO_DAYS = 11;
/** No count of days: the month is missing. */
const BROKEN = 255;

/** Months of cells, of whose days too many may be missing. */
export interface WmoMonths {
  /** Takes in days; the weight of a value is its day of the month, from 1. The days of a month come in order. */
  row(row: Row): void;
  /** Whether a month of so many days is missing. */
  isMissing(month: number, length: number): boolean;
}

/** Months without a day yet; two bytes for each. */
export function wmoMonths(count: number): WmoMonths {
  const [valid, last] = [new Uint8Array(count), new Uint8Array(count)];
  return {
    row: ({ values, from, count: length, base, cells, weight, weights }) => {
      for (let i = 0; i < length; i++) {
        const cell = base + (cells[i] as number);
        if (Number.isNaN(values[from + i]) || cell < base || valid[cell] === BROKEN) continue;
        const day = weights ? (weights[i] as number) : weight;
        valid[cell] = day - (last[cell] as number) > WMO_RUN ? BROKEN : (valid[cell] as number) + 1;
        last[cell] = day;
      }
    },
    isMissing: (month, length) =>
      valid[month] === BROKEN || isTooMany(length, valid[month] as number, last[month] as number),
  };
}

/** Whether too many days of a month are missing at its end, or all together: so many are there, and one is the last of them. */
export function isTooMany(length: number, valid: number, last: number): boolean {
  return length - last >= WMO_RUN || length - valid >= WMO_DAYS;
}
