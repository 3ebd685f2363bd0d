import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { cfTime } from "../cf/time.ts";
import type { Attributes, Dataset, Variable } from "../dataset.ts";
import { InvalidDatasetError } from "../errors.ts";
import { indicesOf } from "../index-selection.ts";
import type { NdArray } from "../nd-array.ts";
import { type AxisSelection, selectedLayout } from "../resolve-selection.ts";
import { readTimeAxis, type TimeAxis } from "../time/time-axis.ts";
import { convertArray } from "../units/convert-units.ts";
import { chooseVariables, ownVariable } from "./assemble.ts";
import { type ClimatologyOptions, climatology } from "./climatology.ts";
import { floatArray } from "./convert-variables.ts";
import { numberOf, SEASONS } from "./groups.ts";
import { around, indexSelection } from "./index-axes.ts";
import { floatType, lazyVariable, withVariables } from "./lazy-variable.ts";
import { asDifference, computedAttributes, type Description, hasZeroElsewhere } from "./reduced-attributes.ts";

/** What {@link anomaly} makes. */
export interface AnomalyOptions extends Omit<ClimatologyOptions, "reduce"> {
  /** `"difference"` (default) from the climatology, or the `"ratio"` to it. */
  readonly kind?: "difference" | "ratio" | undefined;
  /** Means that {@link climatology} made of this or other data, by the same groups; computed of the dataset by default. */
  readonly climatology?: Dataset | undefined;
}

/**
 * Differences from (or ratios to) the climatology of their month, season or day of the year. The climatology is in memory;
 * anomalies are computed where they are read. Differences of temperatures are in K, and say so (`units_metadata`); a ratio
 * has unit 1, and is missing where the climatology is 0. Standard names become those of anomalies where CF has such, and
 * are left out elsewhere.
 *
 * @throws As {@link climatology}; `TWIN_INVALID_ARGUMENT` for a ratio of temperatures in degC, and where the climatology lacks a
 *   group of the data, or has days of the year of another calendar; `TWIN_INVALID_DATASET` where a given climatology is none of the variable.
 */
export async function anomaly(dataset: Dataset, options: AnomalyOptions): Promise<Dataset> {
  const { by, kind = "difference", signal } = options;
  if (kind !== "difference" && kind !== "ratio") {
    throw new InvalidArgumentError(`An anomaly is a "difference" or a "ratio"; got ${JSON.stringify(kind)}.`);
  }
  const axis = await readTimeAxis(dataset, options);
  const { along } = chooseVariables(dataset, [axis.dim], options.variables);
  for (const { name, unit } of along) {
    if (kind === "difference" || !hasZeroElsewhere(unit)) continue;
    throw new InvalidArgumentError(`"${name}" in "${unit}" has no ratios, as "${unit}" does not count from nothing.`);
  }
  const normals = options.climatology ?? (await climatology(dataset, { ...options, reduce: "mean" }));
  const groupOf = await groupsIn(normals, axis, by, signal);
  const bases: NdArray[] = [];
  for (const variable of along) bases.push(await baseOf(normals, variable, axis.dim, signal));
  return withVariables(dataset, (whole) =>
    along.map((source, number) => {
      const base = bases[number] as NdArray;
      const description = describeAnomaly(source, kind);
      return lazyVariable({
        source,
        dtype: floatType(source),
        unit: description.unit,
        attributes: description.attributes,
        dataset: whole,
        compute: (axes, readOptions) =>
          anomalies(source, { axes, base, groupOf, dim: axis.dim, kind, description }, readOptions),
      });
    }),
  );
}

/** Bases of standard names with an anomaly in CF's table (version 92). */
const NAMED = new Set(["air_temperature", "surface_temperature", "air_pressure", "geopotential_height"]);

function describeAnomaly(source: Variable, kind: "difference" | "ratio"): Description {
  const { standard_name: name, long_name: title, ...others } = computedAttributes(source);
  const isNamed = kind === "difference" && typeof name === "string" && NAMED.has(name);
  const attributes: Attributes = {
    ...(isNamed && { standard_name: `${name}_anomaly` }),
    long_name: `${kind === "ratio" ? "ratio to the climatology" : "anomaly"} of ${title ?? name ?? source.name}`,
    ...others,
  };
  return kind === "ratio" ? { attributes, unit: "1", scale: 1 } : asDifference(source, attributes);
}

/** `[step]`: the group of the climatology. */
async function groupsIn(
  normals: Dataset,
  axis: TimeAxis,
  by: ClimatologyOptions["by"],
  signal: AbortSignal | undefined,
): Promise<Int32Array> {
  const label = await ownVariable(normals, by).read({}, { signal });
  if (by === "dayofyear") checkYears(normals, label.dims[0] as string, axis);
  const numbers = label.is("string")
    ? label.values().map((name) => SEASONS.indexOf(name))
    : Array.from(label.toFloat64());
  const groupOf = new Map(numbers.map((number, group) => [number, group]));
  const number = numberOf(axis, by);
  return Int32Array.from({ length: axis.length }, (_, step) => {
    const group = groupOf.get(number(step));
    if (group !== undefined) return group;
    throw new InvalidArgumentError(
      `The climatology has no ${by} ${by === "season" ? SEASONS[number(step)] : number(step)}, which the data has at step ${step}. Take a longer period, or days of 365.`,
    );
  });
}

/** Refuses days of the year of another calendar: day 60 is 1 March in one, 29 February or 30 February in others. */
function checkYears({ variables }: Dataset, dim: string, { time }: TimeAxis): void {
  const calendar = variables[dim]?.attributes["calendar"];
  if (typeof calendar !== "string") return;
  const own = cfTime({ unit: "days since 2001-01-01", calendar }).calendar;
  if (yearOf(own) === yearOf(time.calendar)) return;
  throw new InvalidArgumentError(
    `Days of the year of the climatology are of the calendar ${own}, those of the data of ${time.calendar}: a number is not the same date. Make the climatology of data in one calendar, or take months.`,
  );
}

/** What years are like; `standard`, `proleptic_gregorian` and `julian` have leap years. */
function yearOf(calendar: string): string {
  return ["360_day", "noleap", "all_leap"].includes(calendar) ? calendar : "leap years";
}

/** Values of a climatology, along the dimensions of the variable. */
async function baseOf(
  normals: Dataset,
  variable: Variable,
  dim: string,
  signal: AbortSignal | undefined,
): Promise<NdArray> {
  const array = await ownVariable(normals, variable.name).read({}, { signal });
  const isLike =
    array.dims.length === variable.dims.length &&
    variable.dims.every((each, axis) => each === dim || array.shape[array.dims.indexOf(each)] === variable.shape[axis]);
  if (!isLike || !array.dims.includes(dim)) {
    throw new InvalidDatasetError(
      `The climatology of "${variable.name}" lies along [${array.dims}] (${array.shape}), the data along [${variable.dims}] (${variable.shape}).`,
    );
  }
  const inUnit = variable.unit === undefined || array.unit === undefined ? array : convertArray(array, variable.unit);
  return inUnit.transpose(variable.dims).contiguous();
}

interface AnomalyPart {
  readonly axes: readonly AxisSelection[];
  readonly base: NdArray;
  readonly groupOf: Int32Array;
  readonly dim: string;
  readonly kind: "difference" | "ratio";
  readonly description: Description;
}

async function anomalies(
  source: Variable,
  { axes, base, groupOf, dim, kind, description }: AnomalyPart,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<NdArray> {
  const values = (await source.read(indexSelection(axes), options)).toFloat64();
  const wanted = axes.find((axis) => axis.dim === dim) as AxisSelection;
  const others = axes.filter((axis) => axis !== wanted).map((axis) => [axis.dim, indicesOf(axis)] as const);
  const part = base.slice(Object.fromEntries(others)).toFloat64();
  const count = base.shape[base.axis(dim)] as number;
  const { outer, inner } = around(axes, dim);
  const { scale } = description;
  const result = floatType(source) === "float32" ? new Float32Array(values.length) : new Float64Array(values.length);
  let at = 0;
  for (let before = 0; before < outer; before++) {
    for (let number = 0; number < wanted.count; number++) {
      const group = groupOf[wanted.start + number * wanted.step] as number;
      const from = (before * count + group) * inner;
      for (let i = 0; i < inner; i++, at++) {
        const [value, normal] = [values[at] as number, part[from + i] as number];
        if (kind === "difference") result[at] = (value - normal) * scale;
        else result[at] = normal === 0 ? Number.NaN : value / normal;
      }
    }
  }
  return floatArray(result, { ...selectedLayout(axes), unit: description.unit });
}
