import type { Dataset, Variable } from "./dataset.ts";
import { VariableNotFoundError } from "./errors.ts";

/** All variables of a dataset, in file order, those of a group before those of its groups. */
export function* walk(dataset: Dataset): Generator<Variable> {
  yield* Object.values(dataset.variables);
  for (const group of Object.values(dataset.groups)) yield* walk(group);
}

/**
 * The variable of a path.
 *
 * @param path - `/group/name`, or `group/name`.
 * @throws {@link VariableNotFoundError} with the nearest paths; where the path is that of a group, with its variables.
 */
export function findVariable(dataset: Dataset, path: string): Variable {
  const names = path.split("/").filter((name) => name !== "");
  const last = names.at(-1);
  let group: Dataset | undefined = dataset;
  for (const name of names.slice(0, -1)) group = group && own(group.groups, name);
  const variable = group && last !== undefined ? own(group.variables, last) : undefined;
  if (variable) return variable;
  const asGroup = last === undefined ? group : group && own(group.groups, last);
  const available = [...walk(dataset)].map((each) => each.path);
  throw new VariableNotFoundError(path, available, asGroup && groupHint(asGroup));
}

function groupHint(group: Dataset): string {
  const inside = Object.values(group.variables).map((variable) => variable.path);
  if (inside.length === 0) return "It is a group without variables of its own.";
  const more = inside.length > 12 ? `, … (${inside.length} in all)` : "";
  return `It is a group. Read its variables: ${inside.slice(0, 12).join(", ")}${more}.`;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
