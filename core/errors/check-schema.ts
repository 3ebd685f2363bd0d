import { z } from "zod";
import { describeNames } from "./nearest-names.ts";

/** One thing wrong with a value, and where. */
export interface SchemaProblem {
  /** From the value inwards; empty for the value itself. An unknown key is named by its own path. */
  readonly path: readonly (string | number)[];
  /** A sentence that tells what is allowed. */
  readonly message: string;
}

/** What came of {@link checkSchema}. */
export type SchemaResult<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly problems: readonly SchemaProblem[] };

/**
 * Validates options or parameters with their zod schema. Unknown keys of the outermost object are errors, whatever the
 * schema says: zod would drop them silently, and a misspelt option must not be ignored.
 *
 * @returns The parsed value with its defaults, or all problems, those with names listing the nearest valid ones.
 */
export function checkSchema<S extends z.ZodType>(schema: S, value: unknown): SchemaResult<z.output<S>> {
  const strict = schema instanceof z.ZodObject && !schema.def.catchall ? schema.strict() : schema;
  const parsed = strict.safeParse(value);
  if (parsed.success) return { value: parsed.data as z.output<S> };
  return { problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, schema)) };
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodType): SchemaProblem[] {
  const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
  if (issue.code === "unrecognized_keys") {
    const names = keysAt(schema, path);
    return issue.keys.map((key) => ({ path: [...path, key], message: `Unknown. ${describeNames(key, names)}` }));
  }
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return [{ path, message: `Missing; it must be ${article(issue.expected)}.` }];
  }
  return [{ path, message: `${issue.message}.` }];
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

/** Keys of the object schema at a path; none where it is no object. */
function keysAt(schema: z.ZodType, path: readonly (string | number)[]): readonly string[] {
  let at: unknown = unwrapped(schema);
  for (const key of path)
    at = unwrapped(at instanceof z.ZodObject ? at.shape[key] : at instanceof z.ZodArray ? at.element : undefined);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** Below `optional`, `nullable`, `default` and the like. */
function unwrapped(schema: unknown): unknown {
  let at = schema;
  while (
    at instanceof z.ZodOptional ||
    at instanceof z.ZodNullable ||
    at instanceof z.ZodDefault ||
    at instanceof z.ZodPrefault ||
    at instanceof z.ZodReadonly
  ) {
    at = at.unwrap();
  }
  return at;
}
