import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { ArrayVariable } from "../array-variable.ts";
import { decodeCf } from "../cf/decode-cf.ts";
import type { Attributes, Dataset, Dimension, Variable } from "../dataset.ts";
import { InvalidDatasetError, VariableNotFoundError } from "../errors.ts";
import type { NdArray } from "../nd-array.ts";

/** A variable of a result: one that is there already, or one to be made of an array. */
export type Part = Variable | { readonly name: string; readonly array: NdArray; readonly attributes?: Attributes };

/**
 * Puts a result together. Coordinates that are not in memory are read, so that others can be selected by them, along time
 * by dates as well.
 */
export async function assemble(
  parts: readonly Part[],
  attributes: Attributes,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Dataset> {
  const dims = new Map<string, Dimension>();
  const coordinates = new Map<string, NdArray>();
  for (const part of parts) {
    const shaped = "array" in part ? part.array : part;
    shaped.dims.forEach((dim, axis) => {
      const length = shaped.shape[axis] as number;
      const known = dims.get(dim)?.length ?? length;
      if (known !== length) {
        throw new InvalidDatasetError(
          `Dimension "${dim}" has length ${known}, but "${part.name}" has ${length} along it.`,
        );
      }
      dims.set(dim, { length, unlimited: false });
    });
    if (shaped.dims.length === 1 && shaped.dims[0] === part.name) {
      coordinates.set(part.name, "array" in part ? part.array : await part.read({}, options));
    }
  }
  const coordinateOf = (dim: string): NdArray | undefined => coordinates.get(dim);
  return decodeCf({
    name: "",
    dims: Object.fromEntries(dims),
    variables: Object.fromEntries(
      parts.map((part) => [
        part.name,
        "array" in part ? new ArrayVariable({ ...part, path: `/${part.name}`, coordinateOf }) : part,
      ]),
    ),
    coordinates: [...coordinates.keys()],
    attributes,
    groups: {},
  });
}

/** A variable of a dataset itself, not of its groups. @throws `TWIN_VARIABLE_NOT_FOUND`. */
export function ownVariable(dataset: Dataset, name: string): Variable {
  const plain = name.replace(/^\//, "");
  const found = Object.hasOwn(dataset.variables, plain) ? dataset.variables[plain] : undefined;
  if (!found) throw new VariableNotFoundError(name, Object.keys(dataset.variables));
  return found;
}

/** Names of the variables that hold the cells of coordinates. */
export function boundsNames(dataset: Dataset): ReadonlySet<string> {
  const names = Object.values(dataset.variables).flatMap(({ attributes }) => [
    attributes["bounds"],
    attributes["climatology"],
  ]);
  return new Set(names.filter((name): name is string => typeof name === "string").map((name) => name.trim()));
}

/** The variables that an operation along some dimensions is for, and those that it leaves alone. */
export interface Chosen {
  readonly along: readonly Variable[];
  /** Without the dimensions. */
  readonly others: readonly Variable[];
}

/**
 * Variables of numbers along dimensions: those named, else all that are neither coordinates nor bounds of such.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for no dimensions, or one that is named twice; `TWIN_VARIABLE_NOT_FOUND`; `TWIN_INVALID_DATASET` where there is none, or one that is named has texts or lacks a dimension.
 */
export function chooseVariables(dataset: Dataset, dims: readonly string[], wanted?: readonly string[]): Chosen {
  if (dims.length === 0 || new Set(dims).size < dims.length) {
    throw new InvalidArgumentError(`Name one dimension or more, each once; got [${dims.join(", ")}].`);
  }
  const bounds = boundsNames(dataset);
  const isAlong = (variable: Variable): boolean => dims.every((dim) => variable.dims.includes(dim));
  const own = Object.values(dataset.variables);
  const along =
    wanted?.map((name) => ownVariable(dataset, name)) ??
    own.filter(
      (variable) =>
        isAlong(variable) &&
        isNumeric(variable) &&
        !dataset.coordinates.includes(variable.name) &&
        !bounds.has(variable.name),
    );
  for (const variable of along) {
    if (isAlong(variable) && isNumeric(variable)) continue;
    throw new InvalidDatasetError(
      isNumeric(variable)
        ? `"${variable.name}" lies along [${variable.dims}], and this needs ${dims.map((dim) => `"${dim}"`).join(" and ")}.`
        : `"${variable.name}" holds ${variable.dtype}, and this needs numbers.`,
    );
  }
  if (along.length === 0) {
    throw new InvalidDatasetError(
      `No variable of numbers lies along ${dims.map((dim) => `"${dim}"`).join(" and ")}. Variables: ${own.map(({ name, dims: its }) => `${name}(${its})`).join(", ") || "none"}.`,
    );
  }
  const isFree = (variable: Variable): boolean => !dims.some((dim) => variable.dims.includes(dim));
  return { along, others: own.filter((variable) => isFree(variable) && !along.includes(variable)) };
}

function isNumeric({ dtype }: Variable): boolean {
  return dtype !== "string" && dtype !== "bool";
}
