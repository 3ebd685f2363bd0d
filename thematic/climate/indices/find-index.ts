import { describeNames, InvalidArgumentError } from "../../../core/index.ts";
import { UnknownIndexError } from "../errors.ts";
import type { IndexDefinition } from "./definition.ts";

/**
 * The index of a name, or of one of its other names; letters in either case.
 *
 * @throws `TWIN_CLIMATE_INDEX_UNKNOWN` with the likeliest names.
 */
export function findIndex(indices: readonly IndexDefinition[], name: string): IndexDefinition {
  const wanted = name.toLowerCase();
  const found =
    indices.find((each) => each.name.toLowerCase() === wanted) ??
    indices.find((each) => each.aliases?.some((alias) => alias.toLowerCase() === wanted));
  if (found) return found;
  const names = indices.map((each) => each.name);
  const likely = describeNames(name, [...names, ...indices.flatMap(({ aliases = [] }) => aliases)]);
  const guess = /^Did you mean "[^"]*"\? /.exec(likely)?.[0] ?? "";
  throw new UnknownIndexError(`There is no climate index "${name}". ${guess}There are: ${names.join(", ")}.`);
}

/**
 * The numbers that an index is computed with.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for one that it does not have, or that is beyond what is allowed.
 */
export function indexParameters(
  definition: IndexDefinition,
  given: Readonly<Record<string, number>> = {},
): Readonly<Record<string, number>> {
  const known = definition.parameters ?? {};
  for (const [name, value] of Object.entries(given)) {
    const parameter = Object.hasOwn(known, name) ? known[name] : undefined;
    if (!parameter) {
      throw new InvalidArgumentError(
        `${definition.name} has no parameter "${name}". ${describeNames(name, Object.keys(known))}`,
      );
    }
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, unit, isInteger } = parameter;
    if (Number.isFinite(value) && value >= min && value <= max && (!isInteger || Number.isInteger(value))) continue;
    throw new InvalidArgumentError(
      `Parameter "${name}" of ${definition.name} is ${value}; it must be a ${isInteger ? "whole " : ""}number${Number.isFinite(min) ? ` of ${min} or more` : ""}${Number.isFinite(max) ? `, at most ${max}` : ""} (${unit}).`,
    );
  }
  return { ...Object.fromEntries(Object.entries(known).map(([name, each]) => [name, each.default])), ...given };
}
