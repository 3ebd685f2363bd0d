/** What {@link parseJson} gives. Integers beyond ±(2^53 - 1) are bigints; numbers written with a point stay floats in lists. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | Float64Array
  | readonly Json[]
  | { readonly [name: string]: Json };

/** A JSON object. */
export type JsonObject = Readonly<Record<string, Json>>;

/** A number that was written with a point or an exponent but has no fraction: `1.0`. */
class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

const TOKENS = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Marks a number inside a text; NUL does not occur in texts of metadata. */
const MARK = "\u0000twinloom:";

/**
 * Parses JSON as Python writes it: with `NaN` and `Infinity`, and with integers of any size, which `JSON.parse` refuses and
 * rounds.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): Json {
  const marked = text.replace(TOKENS, (token) => {
    if (token.startsWith('"')) return token;
    const value = Number(token);
    const isInteger = /^-?\d+$/.test(token);
    if (isInteger ? Number.isSafeInteger(value) : Number.isFinite(value) && !Number.isInteger(value)) return token;
    return JSON.stringify(`${MARK}${isInteger ? "n" : "f"}${token}`);
  });
  return JSON.parse(marked, (_key, value: unknown) => {
    if (typeof value === "string" && value.startsWith(MARK)) {
      const number = value.slice(MARK.length + 1);
      return value[MARK.length] === "n" ? BigInt(number) : new WholeFloat(Number(number));
    }
    if (Array.isArray(value)) return list(value);
    if (typeof value === "object" && value !== null && !(value instanceof WholeFloat) && !isFloats(value)) {
      return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
    }
    return value;
  }) satisfies unknown as Json;
}

/** Whether a value is an object, and no list. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isFloats(value);
}

function list(values: readonly unknown[]): Json {
  const isFloat = values.some((value) => value instanceof WholeFloat || isFraction(value));
  const numbers = values.map(plain);
  return isFloat && numbers.every((value) => typeof value === "number") ? Float64Array.from(numbers) : numbers;
}

function isFraction(value: unknown): boolean {
  return typeof value === "number" && !Number.isInteger(value);
}

function isFloats(value: unknown): value is Float64Array {
  return Object.prototype.toString.call(value) === "[object Float64Array]";
}

function plain(value: unknown): Json {
  return (value instanceof WholeFloat ? value.value : value) as Json;
}

/** Writes JSON as Python does and reads: NaN and infinities as such, bigints as integers, whole floats with a point. */
export function writeJson(value: unknown, indent = "\n"): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return Number.isFinite(value) ? JSON.stringify(value) : String(value);
  if (isFloats(value)) return `[${Array.from(value, floatText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[${value.map((each) => writeJson(each, inner)).join(", ")}]`;
  }
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  if (entries.length === 0) return "{}";
  const lines = entries.map(([name, each]) => `${inner}${JSON.stringify(name)}: ${writeJson(each, inner)}`);
  return `{${lines.join(",")}${indent}}`;
}

function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}
