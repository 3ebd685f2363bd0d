import { type Dataset, formatDate, periodsOf, readTimeAxis, type TimeAxis } from "../../../core/index.ts";

/** Steps of a time axis, `[start, stop)`, and how a caption calls them. */
export interface Span {
  readonly start: number;
  readonly stop: number;
  readonly text: string;
}

/** What of the steps is drawn. */
export interface Spans {
  readonly whole: Span;
  /** First and last third, where there are six periods or years at least. */
  readonly thirds: readonly [Span, Span] | undefined;
  readonly latest: Span;
  /** What {@link latest} is: a day, a month, a year. */
  readonly stepName: string;
}

/** Fewer years than this make no first and last third. */
const LEAST_PERIODS = 6;

/** The spans of time that maps tell of. Steps shorter than a year are compared by whole years. */
export function spansOf(axis: TimeAxis): Spans {
  const { length } = axis;
  const isYearly = hasYearlySteps(axis);
  const of = (start: number, stop: number): Span => ({ start, stop, text: spanText(axis, start, stop) });
  const units = isYearly ? Array.from({ length }, (_, i) => [i, i + 1] as const) : wholeYears(axis);
  const count = units.length;
  const third = Math.floor(count / 3);
  const from = (unit: number): number => units[unit]?.[0] ?? 0;
  const to = (unit: number): number => units[unit]?.[1] ?? length;
  return {
    whole: of(0, length),
    thirds: count >= LEAST_PERIODS ? [of(from(0), to(third - 1)), of(from(count - third), to(count - 1))] : undefined,
    latest: of(length - 1, length),
    stepName: stepName(axis),
  };
}

/** Whether time has a step a year, or fewer. */
export function hasYearlySteps({ step, length, values, time }: TimeAxis): boolean {
  if (step && "months" in step) return step.months % 12 === 0;
  if (length < 2) return true;
  const days = /^\s*(\w+)/.exec(time.unit)?.[1] ?? "";
  const perDay = /^s/.test(days) ? 86_400 : /^m/.test(days) ? 1440 : /^h/.test(days) ? 24 : 1;
  return ((values[length - 1] as number) - (values[0] as number)) / (length - 1) / perDay > 300;
}

function stepName(axis: TimeAxis): string {
  const { step } = axis;
  if (step && "months" in step) return { 1: "month", 3: "season", 12: "year" }[step.months] ?? "period";
  if (step && step.seconds === 86_400) return "day";
  if (step && step.seconds === 30 * 86_400) return "month";
  return hasYearlySteps(axis) && axis.length > 1 ? "period" : "step";
}

/** Years with all their steps that follow each other. */
function wholeYears(axis: TimeAxis): readonly (readonly [number, number])[] {
  const { count, start, stop, expected } = periodsOf(axis, "YS");
  return Array.from({ length: count }, (_, i) => [start[i] as number, stop[i] as number] as const).filter(
    ([from, to], i) => to > from && (expected[i] === 0 || to - from === expected[i]),
  );
}

/** `1951 to 1980`, or dates where steps are shorter than a year. */
export function spanText(axis: TimeAxis, start: number, stop: number): string {
  const last = stop - 1;
  const [a, b] = [dateText(axis, start), dateText(axis, last)];
  return a === b ? a : `${a} to ${b}`;
}

/** The date of a step, as short as its steps allow. */
export function dateText(axis: TimeAxis, index: number): string {
  const { step } = axis;
  const date = formatDate(axis.time.decode(axis.values[index] as number));
  const [day = date, clock = ""] = date.split("T");
  if (axis.length > 1 && hasYearlySteps(axis)) return day.endsWith("-01-01") ? day.slice(0, -6) : day.slice(0, -3);
  if (step && ("months" in step || step.seconds >= 28 * 86_400)) return day.slice(0, -3);
  return step && "seconds" in step && step.seconds < 86_400 ? `${day} ${clock.slice(0, 5)}` : day;
}

/** Where steps stand on an axis of years: 1 July 2000 is about 2000.5. */
export function yearsAlong({ year, month, day, length, values }: TimeAxis): readonly number[] {
  return Array.from({ length }, (_, i) => {
    // Of a day, six-hourly steps would stand on top of each other.
    const part = (values[i] as number) % 1;
    return (year[i] as number) + ((month[i] as number) - 1) / 12 + ((day[i] as number) - 1 + Math.max(part, 0)) / 372;
  });
}

/** The time of a field; nothing where it has none, or none that increases. */
export async function timeOf(
  dataset: Dataset,
  dim: string | undefined,
  signal: AbortSignal | undefined,
): Promise<TimeAxis | undefined> {
  if (dim === undefined) return undefined;
  return await readTimeAxis(dataset, { dim, signal });
}
