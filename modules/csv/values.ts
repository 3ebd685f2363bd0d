import { allocate, type DataOf, type DType } from "../../core/index.ts";
import type { ColumnType, TableFormat } from "./table-format.ts";

/** A type as which fields are parsed, with what stands for missing. */
export interface ParsedType {
  readonly type: ColumnType;
  readonly dtype: DType;
  /** Of integers with gaps; floats have NaN. */
  readonly fillValue?: number | bigint;
}

const INTEGER = /^[+-]?\d+$/;
const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const INFINITY = /^([+-]?)inf(?:inity)?$/i;
const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ["true", 1],
  ["True", 1],
  ["TRUE", 1],
  ["false", 0],
  ["False", 0],
  ["FALSE", 0],
]);

/** Lowest and highest value of integers. */
export const RANGES: Readonly<Partial<Record<DType, readonly [bigint, bigint]>>> = {
  int8: [-128n, 127n],
  int16: [-32768n, 32767n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 255n],
  uint16: [0n, 65535n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** A field as an integer; `undefined` where it is none. */
export function integerOf(text: string): number | bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text.replace(/^\+/, ""));
}

/** A field as a float; `undefined` where it is none. */
export function floatOf(text: string, decimal: "." | ","): number | undefined {
  // With a decimal comma, a dot would part thousands.
  const plain = decimal === "." ? text : text.replace(/[.,]/g, (mark) => (mark === "," ? "." : " "));
  if (FLOAT.test(plain)) return Number(plain);
  const infinity = INFINITY.exec(text);
  if (infinity === null) return undefined;
  return infinity[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** A field as a boolean, 0 or 1; `undefined` where it is none. */
export function booleanOf(text: string): number | undefined {
  return BOOLEANS.get(text);
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/;

/**
 * A date, or a date and time, of ISO 8601 as seconds since 1970-01-01 UTC; `undefined` where it is none. Without a zone it
 * is UTC.
 */
export function secondsOf(text: string): number | undefined {
  const match = TIME.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part || 0));
  const [y, m, d, h, min, s] = [year, month, day, hour, minute, second] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(y, m - 1, d);
  const isDate = date.getUTCMonth() === m - 1 && date.getUTCDate() === d && h < 24 && min < 60 && s < 60;
  if (!isDate) return undefined;
  const zone = /([+-])(\d\d):?(\d\d)/.exec(match[8] ?? "");
  const offset = zone ? (zone[1] === "-" ? -60 : 60) * (Number(zone[2]) * 60 + Number(zone[3])) : 0;
  return date.getTime() / 1000 + h * 3600 + min * 60 + s + Number(match[7] ?? 0) - offset;
}

/** Parses the fields of one column into an array; `undefined` from `set` where a field is not of the type. */
export class ColumnParser {
  readonly #parsed: ParsedType;
  readonly #missing: ReadonlySet<string>;
  readonly #decimal: "." | ",";
  readonly #range: readonly [bigint, bigint] | undefined;

  constructor(parsed: ParsedType, { missing, decimal }: Pick<TableFormat, "missing" | "decimal">) {
    this.#parsed = parsed;
    this.#missing = new Set(missing);
    this.#decimal = decimal;
    this.#range = RANGES[parsed.dtype];
  }

  /** One field as an element; `undefined` where it is not of the type. */
  parse(field: string): number | bigint | string | undefined {
    const { type, fillValue } = this.#parsed;
    if (type === "string") return field;
    const text = field.trim();
    if (this.#missing.has(text)) return this.#range || type === "bool" ? fillValue : Number.NaN;
    if (type === "bool") return booleanOf(text);
    if (type === "time") return secondsOf(text);
    if (this.#range === undefined) return floatOf(text, this.#decimal);
    const value = integerOf(text);
    if (value === undefined || value < this.#range[0] || value > this.#range[1] || value === fillValue)
      return undefined;
    return typeof fillValue === "bigint" || this.#parsed.dtype.endsWith("int64") ? BigInt(value) : Number(value);
  }

  allocate(size: number): DataOf<DType> {
    return allocate(this.#parsed.dtype, size);
  }
}
