import { readFile } from "node:fs/promises";
import { InvalidRulesError } from "../data/quality/errors.ts";
import { parseQualityRules, type QualityRules } from "../data/quality/rules.ts";
import type { SchemaProblem } from "../errors/check-schema.ts";
import { FileNotFoundError, FileUnreadableError } from "../files/errors.ts";
import { parseTolerances, type Tolerances } from "../lifecycle/reproduce/tolerances.ts";

/**
 * Reads quality rules from a file: YAML, of which JSON is a part.
 *
 * @throws `TWIN_INVALID_RULES`, saying line and column; `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`.
 */
export async function loadQualityRules(path: string): Promise<QualityRules> {
  return await loadRules(path, "Data", parseQualityRules);
}

/**
 * Reads from a file how far outputs of two runs may be apart: YAML, of which JSON is a part.
 *
 * @throws `TWIN_INVALID_RULES`, saying line and column; `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`.
 */
export async function loadTolerances(path: string): Promise<Tolerances> {
  return await loadRules(path, "A reproduction", parseTolerances);
}

async function loadRules<T>(path: string, what: string, parse: (value: unknown) => T): Promise<T> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new FileNotFoundError(path, { cause: error });
    throw new FileUnreadableError(path, `${error.message}.`, { cause: error });
  });
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { version: "1.2", stringKeys: true, prettyErrors: false, lineCounter: lines });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col} `;
  };
  const [error] = document.errors;
  if (error) throw new InvalidRulesError(what, [{ path: [], message: error.message }], () => at(error.pos[0]));
  try {
    return parse(document.toJS() as unknown);
  } catch (thrown) {
    if (!(thrown instanceof InvalidRulesError)) throw thrown;
    throw new InvalidRulesError(what, thrown.problems, (problem) => at(offsetOf(problem)));
  }

  /** Where a problem is: at its own node, or the nearest above that is there. */
  function offsetOf({ path: place }: SchemaProblem): number {
    for (let length = place.length; length > 0; length--) {
      const node: unknown = document.getIn(place.slice(0, length), true);
      const { range } = (node ?? {}) as { readonly range?: readonly number[] };
      if (range?.[0] !== undefined) return range[0];
    }
    return 0;
  }
}
