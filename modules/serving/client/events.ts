import type { GeneratedBatch, NdArray } from "../../../core/index.ts";
import { joinRows, type RowArrays, sliceRows } from "../models/rows.ts";

/** Some events: their arrays by output name, and which of them a fallback made. */
export interface Events {
  readonly count: number;
  readonly arrays: RowArrays;
  readonly byFallback?: Uint8Array | undefined;
}

/** The events of parts, one after the other. */
export function joined(parts: readonly Events[]): Events {
  const made = parts.filter(({ count }) => count > 0);
  const [first] = made;
  if (first === undefined || made.length === 1) return first ?? { count: 0, arrays: {} };
  const count = made.reduce((sum, part) => sum + part.count, 0);
  const arrays = Object.keys(first.arrays).map((name) => [
    name,
    joinRows(made.map((part) => part.arrays[name] as NdArray)),
  ]);
  if (made.every(({ byFallback }) => byFallback === undefined)) return { count, arrays: Object.fromEntries(arrays) };
  const flags = made.flatMap((part) => [...(part.byFallback ?? new Uint8Array(part.count))]);
  return { count, arrays: Object.fromEntries(arrays), byFallback: Uint8Array.from(flags) };
}

/**
 * The events of two parts as they were asked for.
 *
 * @param isFirst - For each event, whether it is the next one of the first part.
 */
export function interleaved(first: Events, second: Events, isFirst: readonly boolean[]): Events {
  let [ofFirst, ofSecond] = [0, 0];
  return joined(isFirst.map((is) => (is ? row(first, ofFirst++) : row(second, ofSecond++))));
}

/** What a batch has of events. */
export function batchOf({ arrays, byFallback }: Events): Pick<GeneratedBatch, "arrays" | "byFallback"> {
  return { arrays, ...(byFallback && { byFallback }) };
}

function row({ arrays, byFallback }: Events, index: number): Events {
  const own = Object.entries(arrays).map(([name, array]) => [name, sliceRows(array, index, 1)] as const);
  return {
    count: 1,
    arrays: Object.fromEntries(own),
    ...(byFallback && { byFallback: byFallback.subarray(index, index + 1) }),
  };
}
