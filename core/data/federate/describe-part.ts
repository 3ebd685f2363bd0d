import type { OpenDataset } from "../../contracts/connector.ts";
import { redactLocation } from "../../sources/redact.ts";
import type { Dataset, Variable } from "../dataset.ts";
import type { DatasetPart, GroupFacts, PartFacts, VariableFacts } from "./part.ts";

/** What {@link describePart} makes of names. */
export interface NamingOptions {
  /** New names that hold for every part. */
  readonly rename?: Readonly<Record<string, string>> | undefined;
  /** Name of the variable of each CF standard name, where names follow those. */
  readonly standardNames?: ReadonlyMap<string, string> | undefined;
}

/** What an open part holds, under the names of the federation. */
export function describePart(part: DatasetPart, dataset: OpenDataset, options: NamingOptions = {}): PartFacts {
  const rename = { ...options.rename, ...part.rename };
  const byStandardName = namesByStandardName(dataset, options.standardNames, rename);
  const renamed = new Map<string, string>();
  const newName = (name: string, path: string): string => {
    const wanted = lookUp(rename, path) ?? lookUp(rename, name) ?? byStandardName.get(name) ?? name;
    if (wanted !== name) renamed.set(name, wanted);
    return wanted;
  };
  const groups = new Map<string, GroupFacts>();
  const variables = new Map<string, VariableFacts>();

  const visit = (group: Dataset, path: string): void => {
    const dims = Object.entries(group.dims).map(([name, dimension]) => [newName(name, `${path}/${name}`), dimension]);
    groups.set(path, { path, name: group.name, attributes: group.attributes, dims: Object.fromEntries(dims) });
    const owners = boundsOwners(group);
    for (const variable of Object.values(group.variables)) {
      const name = newName(variable.name, variable.path);
      const unit = variable.unit ?? lookUp(part.units ?? {}, name);
      const owner = owners.get(variable.name);
      const unitOf = owner ? newName(owner.name, owner.path) : name;
      const calendar = variable.attributes["calendar"] ?? owner?.attributes["calendar"];
      variables.set(`${path}/${name}`, {
        name,
        path: `${path}/${name}`,
        ownPath: variable.path,
        dtype: variable.dtype,
        dims: variable.dims.map((dim) => newName(dim, `${path}/${dim}`)),
        ownDims: variable.dims,
        shape: variable.shape,
        unit,
        unitOf,
        scale: {
          unit: unit ?? owner?.unit ?? lookUp(part.units ?? {}, unitOf),
          calendar: typeof calendar === "string" ? calendar.toLowerCase() : undefined,
        },
        fillValue: variable.fillValue,
        attributes: variable.attributes,
        storage: variable.storage,
      });
    }
    for (const [name, child] of Object.entries(group.groups)) visit(child, `${path}/${name}`);
  };
  visit(dataset, "");
  const { location, format, version } = dataset;
  return { location: redactLocation(location), format, version, groups, variables, renamed };
}

/** The variables of a dataset that have a CF standard name of their own: from that name to the variable's. */
export function standardNamesOf(
  variables: Iterable<Pick<Variable, "name" | "attributes">>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string | undefined>();
  for (const { name, attributes } of variables) {
    const standard = attributes["standard_name"];
    // Two of one standard name (the day's lowest and highest temperature) are told apart by their own names alone.
    if (typeof standard === "string") names.set(standard, names.has(standard) ? undefined : name);
  }
  return new Map([...names].filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** New names, by the part's own, for variables of the standard names that are asked for. */
function namesByStandardName(
  dataset: Dataset,
  wanted: ReadonlyMap<string, string> | undefined,
  rename: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  if (!wanted) return names;
  for (const [standard, own] of standardNamesOf(Object.values(dataset.variables))) {
    const name = wanted.get(standard);
    // A name that the part uses for something else stays with that.
    if (name === undefined || Object.hasOwn(dataset.variables, name) || lookUp(rename, own) !== undefined) continue;
    names.set(own, name);
  }
  return names;
}

/** The coordinates of bounds, by the bounds' names: their unit and calendar are the coordinate's (CF 1.11, section 7.1). */
function boundsOwners({ variables }: Dataset): ReadonlyMap<string, Variable> {
  const owners = new Map<string, Variable>();
  for (const variable of Object.values(variables)) {
    for (const role of ["bounds", "climatology"]) {
      const bounds = variable.attributes[role];
      if (typeof bounds === "string") owners.set(bounds, variable);
    }
  }
  return owners;
}

function lookUp<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
