import { axisOf, boundsOf } from "../cf/conventions.ts";
import type { Dataset, Variable } from "../dataset.ts";
import { InvalidDatasetError } from "../errors.ts";
import { NdArray } from "../nd-array.ts";
import { convertUnits } from "../units/convert-units.ts";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** What {@link areaWeights} looks at. */
export interface AreaWeightsOptions extends Abortable {
  /** Whether bounds are left aside: some files have them, never written. */
  readonly ignoreBounds?: boolean | undefined;
}

/**
 * Weights of the cells of a latitude by their area on a sphere, `[lat]`: sin(north) - sin(south) of its bounds where it has
 * such, else the cosine of the latitude. Only their ratios mean something.
 *
 * @throws `TWIN_INVALID_DATASET` where no coordinate along a dimension of its own is a latitude in degrees (2-d latitudes and
 *   projections have no such weights; use the file's cell areas), where there are several, or one beyond a pole or missing, and where
 *   bounds do not have their latitude between them.
 */
export async function areaWeights(dataset: Dataset, options: AreaWeightsOptions = {}): Promise<NdArray<"float64">> {
  const latitude = latitudeOf(dataset);
  const bounds = options.ignoreBounds ? undefined : boundsOf(dataset, latitude);
  const name = latitude.name;
  const degrees = await inDegrees(latitude, options);
  const weights = new Float64Array(degrees.length);
  if (bounds?.shape.length === 2 && bounds.shape[1] === 2) {
    const edges = await inDegrees(bounds, options);
    for (let i = 0; i < weights.length; i++) {
      const [one, other] = [edges[2 * i] as number, edges[2 * i + 1] as number];
      checkCell(bounds, i, [one, degrees[i] as number, other]);
      weights[i] = Math.abs(Math.sin(radians(other)) - Math.sin(radians(one)));
    }
  } else {
    // At a pole the cosine is not quite 0, and its sign is anything.
    for (let i = 0; i < weights.length; i++) weights[i] = Math.max(0, Math.cos(radians(degrees[i] as number)));
  }
  return new NdArray(weights, { dtype: "float64", shape: [weights.length], dims: [name], unit: "1" });
}

/** Refuses bounds that are not around their coordinate. @throws `TWIN_INVALID_DATASET`. */
export function checkCell({ path }: Variable, i: number, [one, value, other]: readonly [number, number, number]): void {
  const [low, high] = [Math.min(one, other), Math.max(one, other)];
  const slack = (high - low) / 100;
  if (high > low && value >= low - slack && value <= high + slack) return;
  throw new InvalidDatasetError(
    `"${path}" has ${one} and ${other} at index ${i}, which is no cell around ${value}. Give \`ignoreBounds: true\` to do without these bounds.`,
  );
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

/** Latitudes, with rounding errors at the poles taken away. */
async function inDegrees(variable: Variable, { signal }: Abortable): Promise<Float64Array> {
  const { scale } = convertUnits(variable.unit ?? "degrees", "degrees");
  const values = (await variable.read({}, { signal })).toFloat64();
  return values.map((value, i) => {
    const degrees = value * scale;
    if (Math.abs(degrees) <= 90.001) return Math.min(90, Math.max(-90, degrees));
    throw new InvalidDatasetError(
      `"${variable.path}" is ${value} at index ${i}, which is no latitude between -90 and 90 degrees.`,
    );
  });
}

/** The latitude along a dimension of its own; that of a rotated grid as well. @throws `TWIN_INVALID_DATASET`. */
export function latitudeOf(dataset: Dataset): Variable {
  return only(dataset, "Y", /^(grid_)?latitude$/, "latitude");
}

/** The longitude along a dimension of its own. @throws `TWIN_INVALID_DATASET`. */
export function longitudeOf(dataset: Dataset): Variable {
  return only(dataset, "X", LONGITUDE, "longitude");
}

/** Whether a variable is a longitude, by its standard name, or by its axis and unit. */
export function isLongitude(variable: Variable): boolean {
  return isAngleAlong(variable, "X", LONGITUDE);
}

const LONGITUDE = /^(grid_)?longitude$/;

function isAngleAlong(variable: Variable, axis: "X" | "Y", standardName: RegExp): boolean {
  const name = variable.attributes["standard_name"];
  if (typeof name === "string" && standardName.test(name.trim())) return true;
  return axisOf(variable) === axis && isAngle(variable.unit);
}

function only(dataset: Dataset, axis: "X" | "Y", standardName: RegExp, kind: string): Variable {
  const all = Object.values(dataset.variables);
  const isIt = (variable: Variable): boolean => isAngleAlong(variable, axis, standardName);
  const found = dataset.coordinates.map((name) => dataset.variables[name] as Variable).filter(isIt);
  if (found.length === 1) return found[0] as Variable;
  const plane = all.find(
    (variable) => variable.dims.length > 1 && isIt(variable) && !/bnds|bounds/.test(variable.name),
  );
  throw new InvalidDatasetError(
    found.length > 1
      ? `Several coordinates are a ${kind}: ${found.map(({ name }) => name).join(", ")}. Take a subset with one.`
      : plane
        ? `The ${kind} "${plane.name}" lies along [${plane.dims}]; only one along a dimension of its own is understood here. For such grids weights are the areas of cells, which the file may have.`
        : `No coordinate is a ${kind} (standard_name "${kind}", or unit degrees_${axis === "Y" ? "north" : "east"}). Coordinates: ${dataset.coordinates.join(", ") || "none"}.`,
  );
}

function isAngle(unit: string | undefined): boolean {
  return unit !== undefined && /^(degrees?(_?(north|east|N|E))?|radians?)$/.test(unit.trim());
}
