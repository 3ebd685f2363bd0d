import type { Dataset, Selection } from "../core/index.ts";
import { UsageError } from "./errors.ts";

/**
 * Reads `--slice` options: `dim=a:b:step`, half-open, each part may be left out; `dim=i` is one index and drops the
 * dimension. Negative numbers count from the end. By coordinate: `dim=from..to`, ends included, and `dim=value~tolerance`,
 * the nearest one; both may be dates.
 */
export function parseSlices(slices: readonly string[]): Selection {
  const selection = new Map<string, Selection[string]>();
  for (const slice of slices) {
    const [, dim, text = ""] = /^(.+?)=(.*)$/s.exec(slice.trim()) ?? [];
    const wanted = byIndex(text) ?? byValue(text);
    if (dim === undefined || wanted === undefined) {
      throw new UsageError(
        `"${slice}" is no slice. Write dim=start:stop:step, dim=start:stop or dim=index; by coordinate dim=from..to or dim=value~tolerance.`,
      );
    }
    if (selection.has(dim)) throw new UsageError(`Dimension "${dim}" is sliced twice.`);
    selection.set(dim, wanted);
  }
  return Object.fromEntries(selection);
}

function byIndex(text: string): Selection[string] | undefined {
  const match = /^(?:([+-]?\d+)|([+-]?\d+)?:([+-]?\d+)?(?::([+-]?\d+)?)?)$/.exec(text);
  if (!match) return undefined;
  const [, index, start, stop, step] = match;
  if (index !== undefined) return Number(index);
  return {
    ...(start !== undefined && { start: Number(start) }),
    ...(stop !== undefined && { stop: Number(stop) }),
    ...(step !== undefined && { step: Number(step) }),
  };
}

function byValue(text: string): Selection[string] | undefined {
  const range = /^(.+?)\.\.(.+)$/.exec(text);
  if (range) {
    const [from, to] = [coordinate(range[1] as string), coordinate(range[2] as string)];
    return from === undefined || to === undefined ? undefined : { from, to };
  }
  const near = /^(.+)~(.+)$/.exec(text);
  const value = near && coordinate(near[1] as string);
  const tolerance = Number(near?.[2] ?? Number.NaN);
  return value == null || !(tolerance >= 0) ? undefined : { value, tolerance };
}

/**
 * Slices of a time with its years as dates, where nothing but years was typed: `time=1961..1990` is 30 years, and not days 1961 to
 * 1990 since whenever.
 */
export function yearsOfTimes({ variables }: Pick<Dataset, "variables">, selection: Selection): Selection {
  return Object.fromEntries(
    Object.entries(selection).map(([dim, wanted]): [string, Selection[string]] => {
      const unit = Object.hasOwn(variables, dim) ? variables[dim]?.unit : undefined;
      if (typeof wanted !== "object" || !("from" in wanted) || !/ since /.test(unit ?? "")) return [dim, wanted];
      const { from, to } = wanted;
      return isYear(from) && isYear(to) ? [dim, { from: `${from}`, to: `${to}` }] : [dim, wanted];
    }),
  );
}

function isYear(value: number | string): boolean {
  return Number.isInteger(value) && Number(value) >= 1000 && Number(value) <= 9999;
}

/** A number, or a date such as `2005-03-01T12:00`; a year alone is a number until the dimension is known. */
function coordinate(text: string): number | string | undefined {
  const number = Number(text);
  if (text.trim() !== "" && Number.isFinite(number)) return number;
  return /^[+-]?\d+-\d{1,2}(-\d{1,2}([T ]\d{1,2}(:\d{1,2}(:\d{1,2}(\.\d+)?)?)?)?)?$/.test(text) ? text : undefined;
}
