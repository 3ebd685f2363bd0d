import type { Axis } from "../../../core/index.ts";

const UNITS = [
  { unit: "h", seconds: 3600 },
  { unit: "min", seconds: 60 },
  { unit: "s", seconds: 1 },
] as const;
/** A unit is taken from so many of it on. */
const LEAST = 5;

/** Event time after the first event, in a unit that people can read. */
export class TimeAxis {
  readonly unit: "h" | "min" | "s";
  readonly end: number;
  readonly #fromNs: bigint;
  readonly #seconds: number;

  constructor(fromNs: bigint, toNs: bigint) {
    const span = Number(toNs - fromNs) / 1e9;
    const { unit, seconds } = UNITS.find((each) => span >= LEAST * each.seconds) ?? UNITS[2];
    this.unit = unit;
    this.#fromNs = fromNs;
    this.#seconds = seconds;
    this.end = this.of(toNs);
  }

  /** The place of a time, nanoseconds since 1970. */
  of(timeNs: bigint | string): number {
    return Number(BigInt(timeNs) - this.#fromNs) / 1e9 / this.#seconds;
  }

  /** With room for the first and the last mark. */
  get axis(): Axis {
    const room = this.end > 0 ? this.end / 50 : 0.02;
    return { label: "event time", unit: this.unit, min: -room, max: this.end + room };
  }
}
