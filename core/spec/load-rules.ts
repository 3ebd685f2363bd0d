import { readFile } from "node:fs/promises";
import { InvalidRulesError } from "../data/quality/errors.ts";
import { parseQualityRules, type QualityRules } from "../data/quality/rules.ts";
import { FileNotFoundError, FileUnreadableError } from "../files/errors.ts";
import { parseTolerances, type Tolerances } from "../lifecycle/reproduce/tolerances.ts";
import { parseYaml } from "./parse-yaml.ts";

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
  const yaml = await parseYaml(text);
  if (yaml.problem !== undefined) {
    throw new InvalidRulesError(what, [{ path: [], message: yaml.problem }], () => `${path} `);
  }
  try {
    return parse(yaml.value);
  } catch (thrown) {
    if (!(thrown instanceof InvalidRulesError)) throw thrown;
    throw new InvalidRulesError(what, thrown.problems, (problem) => {
      const { line, column } = yaml.placeOf(problem.path);
      return `${path}:${line}:${column} `;
    });
  }
}
