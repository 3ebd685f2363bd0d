import { EventInvalidError } from "./errors.ts";
import { quoted, shortened } from "./quoted.ts";

/** A value of JSON, as `JSON.parse` gives it. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Throws `TWIN_EVENT_INVALID`. */
export function failAt(path: string, problem: string, cause?: unknown): never {
  throw new EventInvalidError(problem, { path }, cause === undefined ? undefined : { cause });
}

/**
 * The members of a message by their names in JSON; `null` means that one is not there. Their names in event.proto are
 * taken, too, as protocol buffers have it. Others are refused: a misspelt one must not be ignored.
 */
export function membersOf(value: unknown, path: string, names: readonly string[]): JsonRecord {
  const members: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(recordOf(value, path))) {
    const known = names.find((each) => each === name || snakeCase(each) === name);
    const at = path === "" ? shortened(name) : `${path}.${shortened(name)}`;
    if (known === undefined) return failAt(at, `is unknown; there are ${names.join(", ")}`);
    if (Object.hasOwn(members, known)) failAt(at, "is there twice, by two spellings");
    members[known] = member ?? undefined;
  }
  return members;
}

/** An object. */
export function recordOf(value: unknown, path: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return failAt(path, `is ${describe(value)}; an object is needed`);
  }
  return value as JsonRecord;
}

/** An array; an empty one where there is none. */
export function arrayOf(value: unknown, path: string): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : failAt(path, `is ${describe(value)}; an array is needed`);
}

/** A text; an empty one where there is none. */
export function textOf(value: unknown, path: string): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : failAt(path, `is ${describe(value)}; a text is needed`);
}

/** An integer: a number within ±(2^53 - 1), beyond which numbers are not exact, or digits. 0 where there is none. */
export function integerOf(value: unknown, path: string | (() => string)): bigint {
  if (value === undefined) return 0n;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  return failAt(
    typeof path === "string" ? path : path(),
    `is ${describe(value)}; an integer is needed, as a text of digits beyond ±(2^53 - 1)`,
  );
}

/** A number; also as a text, which the three that JSON lacks are. */
export function numberOf(value: unknown, path: string | (() => string)): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
    if (/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value)) return Number(value);
  }
  return failAt(
    typeof path === "string" ? path : path(),
    `is ${describe(value)}; a number or "NaN", "Infinity", "-Infinity" is needed`,
  );
}

/** The bytes of a text in base64, of either alphabet, with or without padding. */
export function bytesOf(value: string, path: string): Uint8Array {
  const digits = value.replace(/={1,2}$/, "");
  if (!/^[\w+/-]*$/.test(digits) || digits.length % 4 === 1) failAt(path, "is no base64");
  return Uint8Array.from(Buffer.from(digits, "base64"));
}

/** As JSON has it: what it has no number for is a text. */
export function jsonNumber(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? "-0" : String(value);
}

/** A value for a message, not too long. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "string" ? quoted(value) : String(value);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
