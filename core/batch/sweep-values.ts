import type { JsonValue } from "../canonical/json-value.ts";
import { MOST_POINTS } from "./batch-schema.ts";
import { InvalidSweepError } from "./errors.ts";

const NUMBER = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?`;
const RANGE = new RegExp(`^(${NUMBER})\\.\\.(${NUMBER})(?:\\.\\.(${NUMBER}))?$`);

/**
 * The values of a parameter as they are typed: a list with commas, whose items are JSON, text, or ranges: `0..99`,
 * `0..100..10`.
 *
 * @returns The values, and whether they were typed as more than one: a list or a range.
 */
export function sweepValues(
  name: string,
  text: string,
): { readonly values: readonly JsonValue[]; readonly isSwept: boolean } {
  const items = splitList(text);
  if (items.length > 1 && items.some((item) => item.trim() === "")) {
    throw new InvalidSweepError(`${name}=${text} has an item without a value. Write a text without one as "".`);
  }
  // A single text is as it was typed, spaces and all.
  const [only] = items;
  if (items.length === 1 && !RANGE.test((only as string).trim())) {
    return { values: [jsonOrText(name, only as string)], isSwept: false };
  }
  const values: JsonValue[] = [];
  for (const item of items) {
    const range = RANGE.exec(item.trim());
    if (!range) values.push(jsonOrText(name, item.trim()));
    else values.push(...rangeValues(`${name}=${item.trim()}`, range.slice(1) as [string, string, string | undefined]));
    if (values.length > MOST_POINTS) throw tooMany(`${name}=${shown(text)}`);
  }
  return { values, isSwept: true };
}

/**
 * A value as it is typed, or in a cell of a table: JSON, or else text. Whole numbers beyond 2^53, which a number would round,
 * stay the text of their digits, also within lists and objects.
 */
export function jsonOrText(name: string, text: string): JsonValue {
  let value: JsonValue;
  try {
    value = parseExact(text);
  } catch {
    return text;
  }
  if (isHeld(value)) return value;
  throw new InvalidSweepError(`${name}: ${shown(text)} is more than a number can hold (1.8e308). Give a smaller one.`);
}

/** `JSON.parse`, with whole numbers beyond 2^53 as texts. */
export function parseExact(text: string): JsonValue {
  JSON.parse(text); // what is no JSON must not become it
  // Outside of texts, digits are numbers.
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
  return JSON.parse(exact) as JsonValue;
}

/** What is said of a sweep of too many points. */
export function tooMany(what: string): InvalidSweepError {
  return new InvalidSweepError(
    `${what} makes more than ${MOST_POINTS.toLocaleString("en")} points, the most that a batch may have. Sweep less at once.`,
  );
}

function isHeld(value: JsonValue): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isHeld);
}

/** Splits at commas that are not within brackets or quotes. */
function splitList(text: string): readonly string[] {
  const items: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] as string;
    if (sign === '"') at = endOfText(text, at);
    else if (sign === "[" || sign === "{") depth++;
    else if (sign === "]" || sign === "}") depth--;
    else if (sign === "," && depth <= 0) {
      items.push(text.slice(from, at));
      from = at + 1;
    }
  }
  items.push(text.slice(from));
  return items;
}

/** Where a quoted text ends that begins at an index; the index itself where it has no end. */
function endOfText(text: string, from: number): number {
  const quoted = /^"(?:[^"\\]|\\.)*"/.exec(text.slice(from));
  return quoted ? from + quoted[0].length - 1 : from;
}

/** The values of a range, both ends included where the step meets them; computed in whole numbers, so that nothing adds up. */
function rangeValues(
  shown: string,
  [first, last, step]: readonly [string, string, string | undefined],
): readonly JsonValue[] {
  const parts = [first, last, step ?? "1"].map(decimal);
  const digits = Math.max(...parts.map((part) => part.digits));
  const [start, end, given] = parts.map((part) => part.value * 10n ** BigInt(digits - part.digits)) as [
    bigint,
    bigint,
    bigint,
  ];
  const by = step === undefined && end < start ? -given : given;
  if (by === 0n || (end !== start && by > 0n !== end > start)) {
    throw new InvalidSweepError(
      `${shown} never comes to its end: its step must lead from the first value to the last.`,
    );
  }
  const count = (end - start) / by + 1n;
  if (count > BigInt(MOST_POINTS)) throw tooMany(shown);
  return Array.from({ length: Number(count) }, (_, index) => numberOf(shown, start + BigInt(index) * by, digits));
}

/** A decimal number as `value / 10^digits`. */
function decimal(text: string): { readonly value: bigint; readonly digits: number } {
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e") as [string, string?];
  const [whole, fraction = ""] = mantissa.split(".") as [string, string?];
  const digits = fraction.length - Number(exponent);
  const value = BigInt(whole + fraction);
  return digits < 0 ? { value: value * 10n ** BigInt(-digits), digits: 0 } : { value, digits };
}

function numberOf(shown: string, value: bigint, digits: number): JsonValue {
  const scale = 10n ** BigInt(digits);
  if (value % scale === 0n) {
    const whole = value / scale;
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : String(whole);
  }
  // The nearest number to the exact decimal: 0.3, and not 0.1 + 0.1 + 0.1.
  const number = Number(`${value}e-${digits}`);
  if (Number.isFinite(number)) return number;
  throw new InvalidSweepError(`${shown} has values that no number can hold.`);
}

function shown(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
