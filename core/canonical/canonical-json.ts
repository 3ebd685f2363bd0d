import canonicalizeModule from "canonicalize";
import { NotCanonicalError } from "./errors.ts";

// The package is CommonJS (`module.exports = function`), but its types say `export default`.
const canonicalize = canonicalizeModule as unknown as (value: unknown) => string;

/**
 * The canonical JSON text of a value: members sorted by UTF-16 code units, no spaces, numbers as ECMAScript prints them.
 * Equal values give equal text, whoever writes it.
 *
 * @throws {@link NotCanonicalError} for what JSON cannot hold and other writers drop silently: NaN, infinities,
 *   `undefined`, bigints, functions, symbols, lone surrogates, cycles, objects that are not plain.
 * @see Source: RFC 8785. Deviations from it: none.
 *
 * @example
 * canonicalJson({ b: 1e21, a: "é" }); // => '{"a":"é","b":1e+21}'
 */
export function canonicalJson(value: unknown): string {
  check(value, "$", new Set());
  return canonicalize(value);
}

function check(value: unknown, path: string, above: Set<object>): void {
  const problem = scalarProblem(value);
  if (problem) throw new NotCanonicalError(path, problem);
  if (typeof value !== "object" || value === null) return;
  if (above.has(value)) throw new NotCanonicalError(path, "contains itself.");
  above.add(value);
  if (Array.isArray(value)) {
    // By index, so that holes are seen.
    for (let i = 0; i < value.length; i++) check(value[i], `${path}[${i}]`, above);
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new NotCanonicalError(path, "is not a plain object; give its plain form.");
    }
    for (const [name, member] of Object.entries(value)) {
      if (!name.isWellFormed()) throw new NotCanonicalError(path, "has a member name with a lone surrogate.");
      check(
        member,
        /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`,
        above,
      );
    }
  }
  above.delete(value);
}

function scalarProblem(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : `is ${value}, which JSON cannot hold; use null or a string.`;
    case "string":
      return value.isWellFormed() ? undefined : "has a lone surrogate, which UTF-8 cannot hold.";
    case "bigint":
      return "is a bigint, which JSON cannot hold; use a string.";
    case "boolean":
    case "object":
      return undefined;
    default:
      return `is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}, which JSON cannot hold; leave it out.`;
  }
}
