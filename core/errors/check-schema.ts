import type { z } from "zod";
import { describeNames } from "./nearest-names.ts";

/** One thing wrong with a value, and where. */
export interface SchemaProblem {
  /** From the value inwards; empty for the value itself. An unknown key is named by its own path. */
  readonly path: readonly (string | number)[];
  /** A sentence that tells what is allowed. It does not repeat a value that may be secret. */
  readonly message: string;
  /** `"key"` when the key itself is wrong; otherwise its value is. */
  readonly at?: "key";
}

/** What came of {@link checkSchema}. */
export type SchemaResult<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly problems: readonly SchemaProblem[] };

/**
 * Validates options or parameters with their zod schema. Unknown keys are errors at any depth, whatever the schema says:
 * zod would drop them silently, and a misspelt option must not be ignored. Only a schema that takes any key
 * (`z.looseObject`, `z.record`) is left alone, and so are the alternatives of a union.
 *
 * @returns The parsed value with its defaults, or all problems, those with names listing the nearest valid ones.
 */
export function checkSchema<S extends z.ZodType>(schema: S, value: unknown): SchemaResult<z.output<S>> {
  let parsed: z.ZodSafeParseResult<z.output<S>>;
  try {
    parsed = schema.safeParse(value);
  } catch (error) {
    // A transform or refinement that throws, or that is asynchronous.
    return { problems: [{ path: [], message: `The schema itself failed: ${(error as Error).message}` }] };
  }
  const unknown = unknownKeys(schema, value, []);
  // A strict schema tells of these keys, too, but not what there is instead.
  const told = new Set(unknown.map(({ path }) => JSON.stringify(path)));
  const issues = (parsed.error?.issues ?? [])
    .flatMap((issue) => problemsOf(issue, value))
    .filter(({ path }) => !told.has(JSON.stringify(path)));
  if (parsed.success && unknown.length === 0) return { value: parsed.data };
  return { problems: [...unknown, ...issues] };
}

/** What is read here of a schema's definition. No `instanceof`: a plugin may bring a zod of its own. */
interface Definition {
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly catchall?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
}

function unknownKeys(schema: z.ZodType, value: unknown, path: readonly (string | number)[]): SchemaProblem[] {
  const { shape, catchall, innerType, in: input, element, valueType } = schema._zod.def as unknown as Definition;
  const inner = innerType ?? input;
  if (inner) return unknownKeys(inner, value, path);
  if (Array.isArray(value)) {
    return element ? value.flatMap((item, index) => unknownKeys(element, item, [...path, index])) : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]): SchemaProblem[] => {
    const at = [...path, key];
    const below = valueType ?? (shape && Object.hasOwn(shape, key) ? shape[key] : undefined);
    if (below) return unknownKeys(below, item, at);
    const anyKey = !shape || (catchall && (catchall._zod.def as { type: string }).type !== "never");
    return anyKey ? [] : [{ path: at, message: `Unknown. ${describeNames(key, Object.keys(shape))}`, at: "key" }];
  });
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown): SchemaProblem[] {
  const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
  // A record whose keys are an enumeration, or an object that checks its keys itself.
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: "Unknown.", at: "key" }));
  }
  if (issue.code === "invalid_type" && valueAt(value, path) === undefined) {
    return [{ path, message: `Missing; it must be ${article(issue.expected)}.` }];
  }
  if (issue.code === "invalid_value" && issue.values.length > 1) {
    const names = issue.values.map((each) => String(each));
    const given = valueAt(value, path);
    const must = `${given === undefined ? "Missing; it" : "It"} must be one of: ${names.join(", ")}.`;
    return [{ path, message: `${must}${likely(given, names)}` }];
  }
  return [{ path, message: /[.!?]$/.test(issue.message) ? issue.message : `${issue.message}.` }];
}

/** ` Did you mean "…"?`, for a value that is a slip of an allowed one. */
function likely(given: unknown, names: readonly string[]): string {
  const guess = typeof given === "string" ? /^Did you mean "[^"]*"\?/.exec(describeNames(given, names)) : null;
  return guess ? ` ${guess[0]}` : "";
}

function valueAt(value: unknown, path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | null | undefined)?.[key], value);
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
