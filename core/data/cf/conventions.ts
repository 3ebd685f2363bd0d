import type { Attributes, Dataset, Variable } from "../dataset.ts";
import { integerForm, isIntegerType } from "../integer-type.ts";
import { walk } from "../tree.ts";
import { areConvertible } from "../units/convert-units.ts";
import { attributeNumbers } from "./attribute-numbers.ts";
import { isTimeUnit } from "./time-unit.ts";

/** All variables with a CF standard name, in file order. */
export function findByStandardName(dataset: Dataset, standardName: string): readonly Variable[] {
  return [...walk(dataset)].filter((variable) => standardNameOf(variable) === standardName);
}

/** A standard name without its modifier (CF 1.11, section 3.3). */
function standardNameOf({ attributes }: Pick<Variable, "attributes">): string | undefined {
  return text(attributes, "standard_name")?.split(/\s+/)[0];
}

/**
 * The variable that holds the ends of the cells of a coordinate (attribute `bounds`, or `climatology`); `undefined` where
 * it has none. Unit and calendar are those of the coordinate where the bounds state none, as CF has it.
 *
 * @see CF 1.11, sections 7.1 and 7.4.
 */
export function boundsOf(dataset: Dataset, variable: Variable): Variable | undefined {
  const name = text(variable.attributes, "bounds") ?? text(variable.attributes, "climatology");
  const bounds = name === undefined ? undefined : lookUp(dataset, variable.path, name);
  if (!bounds) return undefined;
  const inherited = ["units", "calendar", "standard_name"].filter((each) => Object.hasOwn(variable.attributes, each));
  const attributes = {
    ...Object.fromEntries(inherited.map((each) => [each, variable.attributes[each]])),
    ...bounds.attributes,
  } as Attributes;
  return described(bounds, bounds.unit ?? variable.unit, attributes);
}

function described(variable: Variable, unit: string | undefined, attributes: Attributes): Variable {
  const { name, path, dtype, dims, shape, fillValue, storage, raw } = variable;
  return {
    ...{ name, path, dtype, dims, shape, unit, fillValue, attributes, storage, raw },
    read: async (selection, options) => (await variable.read(selection, options)).withUnit(unit),
    readMany: async (selections, options) =>
      (await variable.readMany(selections, options)).map((array) => array.withUnit(unit)),
    chunks: async function* (options) {
      for await (const { selection, array } of variable.chunks(options))
        yield { selection, array: array.withUnit(unit) };
    },
  };
}

/** Variables that a variable names as further coordinates (attribute `coordinates`), those that there are. */
export function auxiliaryCoordinates(dataset: Dataset, variable: Variable): readonly Variable[] {
  const names = text(variable.attributes, "coordinates")?.split(/\s+/) ?? [];
  return names.flatMap((name) => lookUp(dataset, variable.path, name) ?? []);
}

/** A variable by the name that another states: in its group, then in the groups above (CF 1.11, section 2.7). */
function lookUp(dataset: Dataset, path: string, name: string): Variable | undefined {
  const groups = [dataset];
  for (const part of path.split("/").slice(1, -1)) {
    const child = own(groups.at(-1)?.groups ?? {}, part);
    if (!child) break;
    groups.push(child);
  }
  const parts = name.split("/").filter((part) => part !== "");
  for (const group of name.startsWith("/") ? [dataset] : groups.reverse()) {
    let inner: Dataset | undefined = group;
    for (const part of parts.slice(0, -1)) inner = inner && own(inner.groups, part);
    const found = inner && own(inner.variables, parts.at(-1) ?? "");
    if (found) return found;
  }
  return undefined;
}

/** The kinds of axes that CF knows. */
export type CfAxis = "T" | "Z" | "Y" | "X";

const AXES: readonly (readonly [RegExp, CfAxis])[] = [
  [/^(time|forecast_reference_time)$/, "T"],
  [/^((grid_)?latitude|projection_y_coordinate|projection_y_angular_coordinate)$/, "Y"],
  [/^((grid_)?longitude|projection_x_coordinate|projection_x_angular_coordinate)$/, "X"],
  [
    /^(height|altitude|depth|air_pressure|geopotential_height|model_level_number|(atmosphere|ocean)_.*coordinate)$/,
    "Z",
  ],
];

/**
 * Which axis a coordinate is, by its attributes `axis`, `standard_name`, `positive` or `units`, in this order; `undefined`
 * where they do not tell.
 *
 * @see CF 1.11, section 4.
 */
export function axisOf(variable: Pick<Variable, "attributes" | "unit">): CfAxis | undefined {
  const axis = text(variable.attributes, "axis")?.toUpperCase();
  if (axis === "T" || axis === "Z" || axis === "Y" || axis === "X") return axis;
  const standardName = standardNameOf(variable) ?? "";
  const named = AXES.find(([pattern]) => pattern.test(standardName))?.[1];
  if (named) return named;
  if (/^(up|down)$/i.test(text(variable.attributes, "positive") ?? "")) return "Z";
  const { unit } = variable;
  if (unit === undefined) return undefined;
  if (isTimeUnit(unit)) return "T";
  if (/^degrees?(_north|_?N)$/.test(unit)) return "Y";
  if (/^degrees?(_east|_?E)$/.test(unit)) return "X";
  return isPressure(unit) ? "Z" : undefined;
}

function isPressure(unit: string): boolean {
  try {
    return areConvertible(unit, "Pa");
  } catch {
    return false;
  }
}

/** A value of a variable of flags, and what it means. */
export interface CfFlag {
  readonly meaning: string;
  /** The flag is set where the value, masked, is this; where there is no value, where a bit of the mask is. */
  readonly value?: number | bigint;
  readonly mask?: number | bigint;
}

/**
 * What the values of a variable mean: `flag_meanings` with `flag_values`, `flag_masks` or both. Empty where it states
 * none, or not as many of each.
 *
 * @see CF 1.11, section 3.5.
 */
export function cfFlags({ attributes, dtype }: Pick<Variable, "attributes" | "dtype">): readonly CfFlag[] {
  const meanings = text(attributes, "flag_meanings")?.split(/\s+/) ?? [];
  const numbers = (name: string): readonly (number | bigint)[] | undefined =>
    Object.hasOwn(attributes, name) ? attributeNumbers(attributes[name] ?? "") : undefined;
  const [values, masks] = [numbers("flag_values"), numbers("flag_masks")];
  const fits = [values, masks].every((list) => list === undefined || list.length === meanings.length);
  if ((!values && !masks) || !fits) return [];
  // Attributes of a variable with `_Unsigned` are signed, too.
  const typed = (value: number | bigint): number | bigint => {
    if (value >= 0 || !isIntegerType(dtype) || !dtype.startsWith("u")) return value;
    const unsigned = BigInt.asUintN(integerForm(dtype).bits, BigInt(value));
    return typeof value === "bigint" ? unsigned : Number(unsigned);
  };
  return meanings.map((meaning, i) => ({
    meaning,
    ...(values && { value: typed(values[i] as number | bigint) }),
    ...(masks && { mask: typed(masks[i] as number | bigint) }),
  }));
}

function text(attributes: Attributes, name: string): string | undefined {
  const value = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
  const trimmed = typeof value === "string" ? value.trim() : "";
  return trimmed === "" ? undefined : trimmed;
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}
