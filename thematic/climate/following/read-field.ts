import { type Dataset, readTimeAxis, type TimeAxis, unitSeconds, type Variable } from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import { type CalendarDays, calendarDays } from "./calendar-days.ts";

/** A field in time, in memory. */
export interface FieldSeries {
  readonly variable: Variable;
  readonly axis: TimeAxis;
  readonly days: CalendarDays;
  /** Length of a step, days. */
  readonly stepDays: number;
  /** `[sample]`: number of the step since 1970-01-01; missing ones are gaps. */
  readonly steps: Int32Array;
  /** `[sample]`, 0 to 1, in the middle of each step. */
  readonly phases: Float64Array;
  /** Dimensions of the field, without time, and their lengths. */
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  /** Places that are not missing always, as indices into the field, row-major. */
  readonly places: Int32Array;
  /** `[place]`, degrees. */
  readonly latitude: Float64Array;
  readonly longitude: Float64Array;
  /** `[sample, place]` row-major. */
  readonly values: Float64Array;
}

/**
 * Reads a field with one or two dimensions beside time, whose places have a latitude and a longitude. Places that are always missing
 * are left out.
 *
 * @throws `TWIN_CLIMATE_INPUT_INVALID` where it is none, has steps of months, needs more than `maxBytes`, or a place that is missing
 *   only sometimes; `TWIN_TIME_AXIS_INVALID`.
 */
export async function readField(
  dataset: Dataset,
  name: string,
  {
    maxBytes = 1e9,
    signal,
  }: { readonly maxBytes?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<FieldSeries> {
  const variable = Object.hasOwn(dataset.variables, name) ? dataset.variables[name] : undefined;
  if (!variable) {
    throw new ClimateInputError(
      `There is no variable "${name}" to make an emulator of; there are ${Object.keys(dataset.variables).join(", ") || "none"}.`,
    );
  }
  const axis = await readTimeAxis(dataset, { signal });
  const dims = variable.dims.filter((dim) => dim !== axis.dim);
  if (dims.length === variable.dims.length || dims.length < 1 || dims.length > 2) {
    throw new ClimateInputError(
      `"${name}" has the dimensions [${variable.dims}]; needed are "${axis.dim}" and one or two of places.`,
    );
  }
  if (!axis.step || !("seconds" in axis.step)) {
    throw new ClimateInputError(
      `The steps of "${axis.dim}" are not of one length (a day, six hours), which an emulator of "${name}" needs.`,
    );
  }
  const bytes = variable.shape.reduce((product, length) => product * length, 1) * 8;
  if (bytes > maxBytes) {
    throw new ClimateInputError(
      `"${name}" needs ${Math.ceil(bytes / 1e6)} MB in memory, more than the ${Math.floor(maxBytes / 1e6)} MB allowed (\`maxBytes\`). Take fewer places or a coarser grid.`,
    );
  }
  const array = (await variable.read({}, { signal })).transpose([axis.dim, ...dims]);
  const all = array.toFloat64();
  const shape = array.shape.slice(1);
  const places = presentPlaces(all, axis.length, name);
  const values = new Float64Array(axis.length * places.length);
  const cells = all.length / axis.length;
  for (let i = 0; i < axis.length; i++) {
    places.forEach((cell, p) => {
      values[i * places.length + p] = all[i * cells + cell] as number;
    });
  }
  const layout = { dims, shape, places };
  const latitude = await coordinate(dataset, { ...layout, standardName: "latitude", unit: /^degrees?_?n/i });
  const longitude = await coordinate(dataset, { ...layout, standardName: "longitude", unit: /^degrees?_?e/i });
  return { variable, axis, ...stepsOf(axis, axis.step.seconds), ...layout, latitude, longitude, values };
}

function stepsOf(axis: TimeAxis, seconds: number): Pick<FieldSeries, "days" | "stepDays" | "steps" | "phases"> {
  const days = calendarDays(axis.time.calendar);
  const stepDays = seconds / 86_400;
  const perUnit = unitSeconds(axis.time) / 86_400;
  const origin = days.time.encode(axis.time.decode(0));
  const steps = Int32Array.from(axis.values, (value) => Math.floor((origin + value * perUnit) / stepDays + 1e-6));
  return { days, stepDays, steps, phases: Float64Array.from(steps, (step) => days.phase((step + 0.5) * stepDays)) };
}

function presentPlaces(values: Float64Array, samples: number, name: string): Int32Array {
  const cells = values.length / samples;
  const missing = new Int32Array(cells);
  for (let at = 0; at < values.length; at++) {
    if (!Number.isFinite(values[at])) missing[at % cells] = (missing[at % cells] as number) + 1;
  }
  const partly = missing.findIndex((count) => count > 0 && count < samples);
  if (partly >= 0) {
    throw new ClimateInputError(
      `Place ${partly} of "${name}" is missing in ${missing[partly]} of ${samples} steps; an emulator needs places that are always there, or never. Fill the gaps, or leave the place out.`,
    );
  }
  const places = Int32Array.from(missing.keys()).filter((cell) => missing[cell] === 0);
  if (places.length === 0) throw new ClimateInputError(`"${name}" has no values.`);
  return places;
}

/** Latitudes or longitudes of the places. */
async function coordinate(
  dataset: Dataset,
  {
    dims,
    shape,
    places,
    standardName,
    unit,
  }: Pick<FieldSeries, "dims" | "shape" | "places"> & { readonly standardName: string; readonly unit: RegExp },
): Promise<Float64Array> {
  const found = Object.values(dataset.variables).find(
    (each) =>
      (each.attributes["standard_name"] === standardName || unit.test(each.unit ?? "")) &&
      each.dims.length > 0 &&
      each.dims.every((dim) => dims.includes(dim)),
  );
  if (!found) {
    throw new ClimateInputError(
      `No variable is the ${standardName} of the places along [${dims}] (by its standard_name, or a unit such as degrees_${standardName === "latitude" ? "north" : "east"}).`,
    );
  }
  const own = dims.filter((dim) => found.dims.includes(dim));
  const values = (await found.read()).transpose(own).toFloat64();
  return Float64Array.from(places, (cell) => {
    const index = [Math.floor(cell / (shape[1] ?? 1)), cell % (shape[1] ?? 1)];
    let at = 0;
    own.forEach((dim) => {
      const axis = dims.indexOf(dim);
      at = at * (shape[axis] as number) + (index[axis] as number);
    });
    return values[at] as number;
  });
}
