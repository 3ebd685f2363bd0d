import { UsageError } from "./errors.ts";

/**
 * Reads `key=value` options. A value that is JSON (a number, true, null, a list, quoted text) is that; anything else is
 * text, and so are whole numbers beyond 2^53, which a number would round: seeds.
 */
export function parseParameters(given: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(pairs(given).map(([key, text]): [string, unknown] => [key, valueOfText(text)]));
}

function valueOfText(text: string): unknown {
  if (/^-?\d+$/.test(text) && !Number.isSafeInteger(Number(text))) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Reads `name=text` options, each name once. */
export function pairs(given: readonly string[]): readonly (readonly [string, string])[] {
  const seen = new Set<string>();
  return given.map((pair) => {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError(`"${pair}" must be name=value.`);
    const name = pair.slice(0, at);
    if (seen.has(name)) throw new UsageError(`"${name}" is given twice.`);
    seen.add(name);
    return [name, pair.slice(at + 1)] as const;
  });
}
