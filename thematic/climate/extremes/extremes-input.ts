import {
  type Attributes,
  auxiliaryCoordinates,
  boundsOf,
  convertUnits,
  type Dataset,
  findVariable,
  readTimeAxis,
  type TimeAxis,
  type Variable,
  type VariableInit,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";

/** What all functions of extremes take. */
export interface ExtremesInput {
  /** Name of the variable: `"tasmax"`. */
  readonly variable: string;
  /** In which it is computed, and results are; the variable's own by default. */
  readonly unit?: string | undefined;
  /** `"water"`: amounts are of liquid water, so that kg m-2 s-1 convert to mm/day. */
  readonly context?: "water" | undefined;
  /** The dimension of time, where several coordinates are times. */
  readonly dim?: string | undefined;
  /** Bound on memory; as in `mapSeries`. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the fraction done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** The variable, its time, and the unit of what is computed from it. */
export async function extremesInput(
  source: Dataset,
  { variable: name, unit, context, dim, signal }: ExtremesInput,
): Promise<{ readonly variable: Variable; readonly axis: TimeAxis; readonly unit: string | undefined }> {
  const variable = findVariable(source, name);
  const axis = await readTimeAxis(source, { dim, signal });
  if (!variable.dims.includes(axis.dim)) {
    throw new ClimateInputError(
      `"${name}" does not go along "${axis.dim}": its dimensions are ${variable.dims.join(", ") || "none"}. Extremes need a series.`,
    );
  }
  if (unit !== undefined) {
    if (variable.unit === undefined) {
      throw new ClimateInputError(
        `"${name}" has no unit, so it cannot be had in ${unit}. Write one into its attribute units.`,
      );
    }
    convertUnits(variable.unit, unit, { context });
  }
  return { variable, axis, unit: unit ?? variable.unit };
}

/** Coordinates that do not go along time, further coordinates and the grid mapping, with bounds. */
export async function carriedVariables(
  source: Dataset,
  variable: Variable,
  dim: string,
  signal: AbortSignal | undefined,
): Promise<Record<string, VariableInit>> {
  const mapping = variable.attributes["grid_mapping"];
  const wanted = [
    ...variable.dims.flatMap((each) => (Object.hasOwn(source.variables, each) ? (source.variables[each] ?? []) : [])),
    ...auxiliaryCoordinates(source, variable),
    ...(typeof mapping === "string" && Object.hasOwn(source.variables, mapping)
      ? [source.variables[mapping] as Variable]
      : []),
  ].filter((each) => !each.dims.includes(dim));
  const carried: Record<string, VariableInit> = {};
  for (const each of wanted.flatMap((found) => [found, ...[boundsOf(source, found) ?? []].flat()])) {
    if (each.name === variable.name || Object.hasOwn(carried, each.name)) continue;
    carried[each.name] = { array: await each.read({}, { signal }), attributes: each.attributes };
  }
  return carried;
}

/** What a variable says of itself that holds for its extremes as well. */
export function resultAttributes({ attributes }: Variable): Attributes {
  const kept = ["standard_name", "long_name", "coordinates", "grid_mapping"].filter((name) =>
    Object.hasOwn(attributes, name),
  );
  return Object.fromEntries(kept.map((name) => [name, attributes[name]])) as Attributes;
}
