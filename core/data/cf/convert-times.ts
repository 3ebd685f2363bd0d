import { DAY, TimeCoder, type TimeReference } from "./time.ts";

/**
 * Times in one unit and calendar as times in another. NaN stays NaN.
 *
 * Within a calendar the map is linear, and nothing is rounded to dates. Between calendars each time becomes the one of the
 * same date: 28 February stays 28 February, however many days lie between.
 *
 * @throws `TWIN_TIME_UNIT_INVALID`; `TWIN_DATE_INVALID` naming the first date that the other calendar does not have: 30
 *   February of `360_day` in all others, 29 February of a leap year in `noleap`.
 *
 * @example
 * convertTimes([0, 1], { unit: "days since 1900-01-01" }, { unit: "hours since 1900-01-02" }); // -24, 0
 */
export function convertTimes(values: ArrayLike<number>, from: TimeReference, to: TimeReference): Float64Array {
  const [source, target] = [new TimeCoder(from), new TimeCoder(to)];
  const converted = Float64Array.from(values);
  if (source.calendar === target.calendar) {
    convertLinearly(converted, source, target);
    return converted;
  }
  for (let i = 0; i < converted.length; i++) {
    const value = converted[i] as number;
    if (!Number.isNaN(value)) converted[i] = target.valueOfDate(source.dateOf(value));
  }
  return converted;
}

function convertLinearly(values: Float64Array, source: TimeCoder, target: TimeCoder): void {
  const days = source.startDay - target.startDay;
  const microseconds = source.startMicrosecond - target.startMicrosecond;
  const offset = days * (DAY / target.unitMicroseconds) + microseconds / target.unitMicroseconds;
  // Of the two ratios the one that is a whole number, as a rule, so that it is exact.
  const [up, down] = [
    source.unitMicroseconds / target.unitMicroseconds,
    target.unitMicroseconds / source.unitMicroseconds,
  ];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    values[i] = (up >= 1 ? value * up : value / down) + offset;
  }
}
