import { axisOf } from "../cf/conventions.ts";
import { type CfDate, formatDate } from "../cf/date.ts";
import { type CfTime, cfTime, type TimeReference } from "../cf/time.ts";
import { isTimeUnit } from "../cf/time-unit.ts";
import type { Dataset, Variable } from "../dataset.ts";
import { InvalidTimeAxisError } from "./errors.ts";

/** The steps of a dataset along time, as dates of its calendar. Steps increase. */
export interface TimeAxis {
  /** Name of the dimension. */
  readonly dim: string;
  readonly length: number;
  /** Unit and calendar of {@link values}. */
  readonly time: CfTime;
  /** `[step]`, in the unit of {@link time}. */
  readonly values: Float64Array;
  /** `[step]`; as in the calendar. */
  readonly year: Int32Array;
  /** `[step]`, 1 to 12. */
  readonly month: Uint8Array;
  /** `[step]`, from 1. */
  readonly day: Uint8Array;
  /** `[step]`, from 1: up to 360, 365 or 366, as the year has days; 355 in 1582 of the standard calendar, which lacks ten (cftime counts these). */
  readonly dayOfYear: Uint16Array;
  /** How far apart the steps are; `undefined` where they are not alike, or there is only one. */
  readonly step: TimeStep | undefined;
}

/** Whole months (28 days and more, at about the same day of each month, or at its end), or a number of seconds: 30 days, where all months have them. A gap does not make steps unlike: the step is the most common distance, where all others are multiples of it. */
export type TimeStep = { readonly months: number } | { readonly seconds: number };

/**
 * The time axis of a dataset.
 *
 * @param options - `dim`: name of the dimension; by default that of the one coordinate that is a time.
 * @throws `TWIN_TIME_AXIS_INVALID` where there is none, where there are several, or where its values do not increase or are missing;
 *   `TWIN_TIME_UNIT_INVALID`; what reading throws.
 */
export async function readTimeAxis(
  dataset: Dataset,
  options: { readonly dim?: string | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<TimeAxis> {
  const { dim, signal } = options;
  const coordinate = dim === undefined ? onlyTime(dataset) : named(dataset, dim);
  const values = (await coordinate.read({}, { signal })).toFloat64();
  const { calendar } = coordinate.attributes;
  return timeAxis(values, {
    dim: coordinate.name,
    unit: coordinate.unit ?? "",
    ...(typeof calendar === "string" && { calendar }),
  });
}

/** The time axis of numbers in a time unit. @throws As {@link readTimeAxis}. */
export function timeAxis(
  values: Float64Array,
  { dim = "time", ...reference }: TimeReference & { readonly dim?: string },
): TimeAxis {
  const time = cfTime(reference);
  const { length } = values;
  const [year, month, day] = [new Int32Array(length), new Uint8Array(length), new Uint8Array(length)];
  const dayOfYear = new Uint16Array(length);
  const days = cfTime({ unit: "days since 2000-01-01", calendar: time.calendar });
  let before = Number.NEGATIVE_INFINITY;
  let firstOfYear = Number.NaN;
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    if (!(value > before)) throw disordered(dim, i, values, time);
    before = value;
    const date = time.decode(value);
    if (i === 0 || date.year !== year[i - 1]) firstOfYear = days.encode(startOfDay({ ...date, month: 1, day: 1 }));
    year[i] = date.year;
    month[i] = date.month;
    day[i] = date.day;
    dayOfYear[i] = days.encode(startOfDay(date)) - firstOfYear + 1;
  }
  const axis = { dim, length, time, values, year, month, day, dayOfYear };
  return { ...axis, step: stepOf(axis) };
}

function startOfDay(date: CfDate): CfDate {
  return { ...date, hour: 0, minute: 0, second: 0, microsecond: 0 };
}

/** Seconds of one of its units. */
export function unitSeconds(time: CfTime): number {
  const [zero, one] = [time.decode(0), time.decode(1)];
  const days = cfTime({ unit: "days since 2000-01-01", calendar: time.calendar });
  return Math.round((days.encode(one) - days.encode(zero)) * 86_400e6) / 1e6;
}

function stepOf(axis: Omit<TimeAxis, "step">): TimeStep | undefined {
  const { length, values, year, month, day, time } = axis;
  if (length < 2) return undefined;
  const monthsApart = (i: number): number =>
    ((year[i] as number) - (year[i - 1] as number)) * 12 + (month[i] as number) - (month[i - 1] as number);
  const seconds = unitSeconds(time);
  const apart = (i: number): number => ((values[i] as number) - (values[i - 1] as number)) * seconds;
  const exact = commonStep(length, apart, 1e-3);
  if (exact !== undefined && (exact < SHORTEST_MONTH || time.calendar === "360_day")) return { seconds: exact };
  // Once a month, at the first, in the middle, or at the end, whatever that is in each month.
  const isMonthly = day.every((each) => Math.abs(each - (day[0] as number)) <= 2) || day.every((each) => each >= 28);
  const months = isMonthly ? commonStep(length, monthsApart, 0) : undefined;
  if (months !== undefined) return { months };
  return exact === undefined ? undefined : { seconds: exact };
}

/** Seconds. Two steps that are 31 days apart are a month apart, from one day of a month to that of the next. */
const SHORTEST_MONTH = 28 * 86_400;

/** The smallest distance, where all others are multiples of it. */
function commonStep(length: number, apart: (i: number) => number, tolerance: number): number | undefined {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < length; i++) least = Math.min(least, apart(i));
  if (!(least > tolerance)) return undefined;
  const step = tolerance === 0 ? least : Math.round(least * 1e3) / 1e3;
  for (let i = 1; i < length; i++) {
    const times = apart(i) / step;
    if (Math.abs(times - Math.round(times)) * step > tolerance) return undefined;
  }
  return step;
}

function onlyTime(dataset: Dataset): Variable {
  const times = dataset.coordinates
    .map((name) => dataset.variables[name] as Variable)
    .filter((variable) => variable.unit !== undefined && isTimeUnit(variable.unit) && axisOf(variable) === "T");
  if (times.length === 1) return times[0] as Variable;
  const names = times.length === 0 ? dataset.coordinates : times.map(({ name }) => name);
  throw new InvalidTimeAxisError(
    times.length === 0
      ? `No coordinate is a time (its unit would be such as "days since 1990-01-01"). Coordinates: ${names.join(", ") || "none"}.`
      : `Several coordinates are times: ${names.join(", ")}. Name one, as \`dim\`.`,
  );
}

function named(dataset: Dataset, dim: string): Variable {
  const variable = Object.hasOwn(dataset.variables, dim) ? dataset.variables[dim] : undefined;
  if (
    variable &&
    variable.dims.length === 1 &&
    variable.dims[0] === dim &&
    variable.unit &&
    isTimeUnit(variable.unit)
  ) {
    return variable;
  }
  throw new InvalidTimeAxisError(
    `"${dim}" is no time coordinate: that is a variable "${dim}" along a dimension of its name, with a unit such as "days since 1990-01-01".`,
  );
}

function disordered(dim: string, i: number, values: Float64Array, time: CfTime): InvalidTimeAxisError {
  const text = (index: number): string => {
    const value = values[index] as number;
    return Number.isFinite(value) ? formatDate(time.decode(value)) : String(value);
  };
  if (i === 0) return new InvalidTimeAxisError(`The first step of "${dim}" is ${values[0]}, which is no time.`);
  return new InvalidTimeAxisError(
    `Steps of "${dim}" must increase: step ${i} is ${text(i)}, after ${text(i - 1)}. Sort the files, or take them apart with \`federate\`.`,
  );
}
