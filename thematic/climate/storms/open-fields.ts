import {
  axisOf,
  type Dataset,
  InvalidTimeAxisError,
  readTimeAxis,
  type TimeAxis,
  timeAxis,
} from "../../../core/index.ts";
import type { StormFields } from "./candidate.ts";
import { type FieldNeed, type FieldReader, fieldReader, fieldVariable, type StormField } from "./field.ts";
import { degreesAlong, givenTimes, stormDims } from "./field-dims.ts";
import { type StormGrid, stormGrid } from "./grid.ts";
import type { DetectStormsOptions } from "./options.ts";

const METRES: FieldNeed["units"] = [
  ["m", 1],
  ["m2 s-2", 1 / 9.80665],
];

/** What storms are found in, opened: nothing but coordinates and orography is read. */
export interface OpenFields {
  readonly axis: TimeAxis;
  readonly grid: StormGrid;
  readonly pressure: FieldReader;
  /** Bytes of one step of all fields. */
  readonly bytes: number;
  /** Reads steps; the function gives the fields of one of them, in arrays that the next one overwrites. */
  read(start: number, stop: number, signal?: AbortSignal): Promise<(step: number) => Omit<StormFields, "searched">>;
}

/** @throws As `detectStorms`. */
export async function openFields(dataset: Dataset, options: DetectStormsOptions): Promise<OpenFields> {
  const { u, v, warmCore, lowerWind, orography, signal, times } = options;
  const variable = fieldVariable(dataset, options.pressure, "pressure");
  const select = typeof options.pressure === "string" ? {} : (options.pressure.select ?? {});
  const dims = stormDims(dataset, variable, { given: options.dims ?? {}, axisOf, select });
  const axis = times
    ? timeAxis(await givenTimes(dataset, { dim: dims.time, ...times }), { dim: dims.time, ...times })
    : await statedTimes(dataset, dims.time, signal);
  const latitudes = await degreesAlong(dataset, dims.lat, signal);
  const grid = stormGrid(latitudes, await degreesAlong(dataset, dims.lon, signal));
  const size = grid.rows * grid.columns;
  const reader = (field: StormField, option: string, units: FieldNeed["units"], steps = axis.length): FieldReader =>
    fieldReader(dataset, field, { need: { option, units, isComponent: units[0]?.[0] === "m s-1" }, dims, grid, steps });
  const pressure = reader(options.pressure, "pressure", [["Pa", 1]]);
  const pair = (
    fields: readonly [StormField, StormField] | undefined,
    names: readonly [string, string],
    units: FieldNeed["units"],
  ): Pair | undefined =>
    fields && {
      readers: [reader(fields[0], names[0], units), reader(fields[1], names[1], units)],
      values: [new Float64Array(size), new Float64Array(size)],
    };
  const wind = pair(u !== undefined && v !== undefined ? [u, v] : undefined, ["u", "v"], [["m s-1", 1]]);
  const lower = pair(lowerWind && [lowerWind.u, lowerWind.v], ["lowerWind.u", "lowerWind.v"], [["m s-1", 1]]);
  const isThickness = warmCore !== undefined && "thickness" in warmCore;
  const layer = warmCore && (isThickness ? warmCore.thickness : warmCore.temperature);
  const warm = pair(layer, ["warmCore (upper)", "warmCore (lower)"], isThickness ? METRES : [["K", 1]]);
  const height = orography && new Float64Array(size);
  if (orography && height) {
    const fill = await reader(orography.field, "orography", METRES, 0).read(0, 1, signal);
    fill(0, height);
  }
  const values = new Float64Array(size);
  const warmth = new Float64Array(size);
  const pairs = [wind, lower, warm].filter((each) => each !== undefined);
  return {
    axis,
    grid,
    pressure,
    bytes: pressure.bytes + pairs.reduce((sum, { readers: [a, b] }) => sum + a.bytes + b.bytes, 0),
    async read(start, stop, readSignal) {
      const fill = await pressure.read(start, stop, readSignal);
      const fills: (readonly [Pair, StepValues, StepValues])[] = [];
      for (const each of pairs) {
        const [a, b] = each.readers;
        fills.push([each, await a.read(start, stop, readSignal), await b.read(start, stop, readSignal)]);
      }
      return (step) => {
        fill(step, values);
        for (const [{ values: into }, a, b] of fills) {
          a(step, into[0]);
          b(step, into[1]);
        }
        if (warm) layerWarmth(warm.values, isThickness, warmth);
        return {
          pressure: values,
          ...(wind && { wind: wind.values }),
          ...(lower && { lowerWind: lower.values }),
          ...(warm && { warmth }),
          ...(height && { height }),
        };
      };
    },
  };
}

async function statedTimes(dataset: Dataset, dim: string, signal: AbortSignal | undefined): Promise<TimeAxis> {
  try {
    return await readTimeAxis(dataset, { dim, signal });
  } catch (error) {
    if (!(error instanceof InvalidTimeAxisError) || dataset.variables[dim]?.unit !== undefined) throw error;
    throw new InvalidTimeAxisError(
      `"${dim}" is no time coordinate, as it states no unit. Say what its numbers count: times: { unit: "hours since 1996-01-05" }; or give the times: times: { unit, values }.`,
      { cause: error },
    );
  }
}

type StepValues = (step: number, into: Float64Array) => void;

interface Pair {
  readonly readers: readonly [FieldReader, FieldReader];
  readonly values: readonly [Float64Array, Float64Array];
}

/** Thickness, m, or the mean temperature of the layer, K. */
function layerWarmth(
  [upper, lower]: readonly [Float64Array, Float64Array],
  isThickness: boolean,
  into: Float64Array,
): void {
  for (let point = 0; point < into.length; point++) {
    const [above, below] = [upper[point] as number, lower[point] as number];
    into[point] = isThickness ? above - below : (above + below) / 2;
  }
}
