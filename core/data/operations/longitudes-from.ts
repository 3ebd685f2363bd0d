import { boundsOf } from "../cf/conventions.ts";
import type { Dataset, Variable } from "../dataset.ts";
import { InvalidDatasetError } from "../errors.ts";
import { placeArray } from "../federate/place-array.ts";
import { allocate } from "../layout.ts";
import { NdArray } from "../nd-array.ts";
import { type AxisSelection, selectedLayout } from "../resolve-selection.ts";
import { longitudeOf } from "./area-weights.ts";
import { indexSelection } from "./index-axes.ts";
import { lazyVariable, withVariables } from "./lazy-variable.ts";

/**
 * The same data with longitudes that begin at `west`: 0 to 360 becomes -180 to 180, or what a region needs that lies across
 * the edge of the map ({@link selectRegion} does that by itself). Everything along longitude goes with it, where it is read; values are as they were.
 *
 * @param west - Degrees east; longitudes are from there to below `west + 360`.
 * @throws `TWIN_INVALID_DATASET` where no coordinate is a longitude, or its values do not increase within 360 degrees.
 *
 * @example
 * const atlantic = await longitudesFrom(data, -180); // of a file that counts from 0 to 360
 */
export async function longitudesFrom(
  dataset: Dataset,
  west: number,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Dataset> {
  const longitude = longitudeOf(dataset);
  const dim = longitude.name;
  const values = (await longitude.read({}, options)).toFloat64();
  const turns = Float64Array.from(values, (value) => -360 * Math.floor((value - west) / 360));
  checkIncreasing(longitude, values);
  const turned = (i: number): number => (values[i] as number) + (turns[i] as number);
  let first = 0;
  for (let i = 1; i < values.length; i++) if (turned(i) < turned(first)) first = i;
  if (first === 0 && turns.every((turn) => turn === 0)) return dataset;
  const bounds = boundsOf(dataset, longitude);
  const isAngle = ({ name }: Variable): boolean => name === dim || name === bounds?.name;
  const along = Object.values(dataset.variables).filter(({ dims }) => dims.includes(dim));
  return withVariables(dataset, (whole) =>
    along.map((source) => {
      const { dtype, unit, attributes, fillValue } = source;
      return lazyVariable({
        ...{ source, dtype, unit, attributes, fillValue, dataset: whole },
        compute: async (axes, readOptions) => {
          const pieces = piecesOf(axes, { dim, first, length: values.length });
          const array = await joined(source, axes, pieces, readOptions);
          if (!isAngle(source)) return array;
          return withTurns(array, axes, { dim, turn: (i) => turns[(i + first) % values.length] as number });
        },
      });
    }),
  );
}

function checkIncreasing({ path }: Variable, values: Float64Array): void {
  const at = values.findIndex((value, i) => i > 0 && !(value > (values[i - 1] as number)));
  const span = (values.at(-1) ?? 0) - (values[0] ?? 0);
  if (at < 0 && span < 360) return;
  throw new InvalidDatasetError(
    at < 0
      ? `"${path}" goes over ${span} degrees; longitudes that can begin elsewhere go over less than 360.`
      : `"${path}" does not increase at index ${at} (${values[at]} after ${values[at - 1]}), so its beginning cannot be moved.`,
  );
}

/** A selection along the moved longitude as up to two along the one that is stored. */
function piecesOf(
  axes: readonly AxisSelection[],
  { dim, first, length }: { readonly dim: string; readonly first: number; readonly length: number },
): readonly AxisSelection[] {
  const axis = axes.find((each) => each.dim === dim) as AxisSelection;
  const { start, step, count } = axis;
  // Indices from here on are those that lie before the stored beginning.
  const before = Math.min(count, Math.max(0, Math.ceil((length - first - start) / step)));
  const pieces = [
    { ...axis, start: start + first, count: before },
    { ...axis, start: start + before * step + first - length, count: count - before },
  ];
  return pieces.filter((piece) => piece.count > 0);
}

async function joined(
  source: Variable,
  axes: readonly AxisSelection[],
  pieces: readonly AxisSelection[],
  options: { readonly signal?: AbortSignal | undefined },
): Promise<NdArray> {
  const selections = pieces.map((piece) => indexSelection(axes.map((axis) => (axis.dim === piece.dim ? piece : axis))));
  const [only, ...others] = await source.readMany(selections, options);
  if (only && others.length === 0) return only;
  const { shape, dims } = selectedLayout(axes);
  const { dtype, unit, fillValue } = source;
  const size = shape.reduce((product, length) => product * length, 1);
  const target = new NdArray(allocate(dtype, size), { dtype, shape, dims, unit, fillValue });
  let at = 0;
  for (const array of only ? [only, ...others] : []) {
    const corner = dims.map((dim) => (dim === pieces[0]?.dim ? at : 0));
    placeArray(target, corner, array);
    at += array.shape[array.axis(pieces[0]?.dim as string)] as number;
  }
  return target;
}

function withTurns(
  array: NdArray,
  axes: readonly AxisSelection[],
  { dim, turn }: { readonly dim: string; readonly turn: (i: number) => number },
): NdArray {
  const { dtype, shape, dims, unit } = array;
  const axis = axes.find((each) => each.dim === dim) as AxisSelection;
  const inner = axes.slice(axes.indexOf(axis) + 1).reduce((product, { count }) => product * count, 1);
  const values = array
    .toFloat64()
    .map((value, i) => value + turn(axis.start + (Math.floor(i / inner) % axis.count) * axis.step));
  const stored = dtype === "float32" ? Float32Array.from(values) : values;
  const layout = { shape, dims, unit };
  return stored instanceof Float32Array
    ? new NdArray(stored, { ...layout, dtype: "float32" })
    : new NdArray(stored, { ...layout, dtype: "float64" });
}
