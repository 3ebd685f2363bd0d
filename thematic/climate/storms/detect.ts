import { cfTime, type Dataset, formatDate } from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import type { StormCandidate } from "./candidate.ts";
import { findLows } from "./find-lows.ts";
import { visits } from "./grid.ts";
import { type OpenFields, openFields } from "./open-fields.ts";
import { criteriaOf, type DetectStormsOptions } from "./options.ts";

/**
 * Finds storms, step by step: the lows of each step, from the lowest on. A candidate is a local minimum of pressure with a closed
 * contour: pressure rises by 200 Pa within 5.5 degrees of arc on every path from it. Of those within 6 degrees of each other the
 * lowest is taken. Lows whose contour meets the end of the data are kept and flagged (`closed: "edge"`).
 *
 * Steps are read in blocks of `maxBytes`; of a step that is done nothing is kept.
 *
 * @param dataset - Pressure at sea level, `[time, lat, lon]` in any order: regular or Gaussian, regional or global, in any direction.
 * @throws `TWIN_CLIMATE_INPUT_INVALID` (variables, units, dimensions, grid, values that are no pressure), `TWIN_TIME_AXIS_INVALID`, `TWIN_INVALID_ARGUMENT`; what
 *   reading throws; the reason of `signal`.
 * @see P. A. Ullrich and C. M. Zarzycki, Geosci. Model Dev. 10 (2017) 1069, for the method. Numbers are those of TempestExtremes' commands
 *   for tropical cyclones (P. A. Ullrich et al., Geosci. Model Dev. 14 (2021) 5023): `DetectNodes --closedcontourcmd "MSL,200.0,5.5,0"
 *   --mergedist 6.0`, after C. M. Zarzycki and P. A. Ullrich, Geophys. Res. Lett. 44 (2017) 1141.
 *
 * @example
 * for await (const low of detectStorms(file, { pressure: "psl" })) console.log(low.time, low.lat, low.lon, low.pressure);
 */
export async function* detectStorms(dataset: Dataset, options: DetectStormsOptions): AsyncGenerator<StormCandidate> {
  yield* stormsIn(await openFields(dataset, options), options);
}

/** As {@link detectStorms}, of fields that are open. */
export async function* stormsIn(fields: OpenFields, options: DetectStormsOptions): AsyncGenerator<StormCandidate> {
  const { signal, onProgress, maxBytes = 64e6 } = options;
  const criteria = criteriaOf(options);
  const { axis, grid } = fields;
  const scratch = visits(grid);
  const hours = cfTime({ unit: "hours since 1970-01-01", calendar: axis.time.calendar });
  // With a mean, the data are gone through twice.
  const progress = (step: number, pass: 0 | 1): void => {
    const fraction = (step + 1) / axis.length;
    onProgress?.(options.anomaly ? (pass + fraction) / 2 : fraction);
  };
  const mean = options.anomaly
    ? await timeMean(fields, { maxBytes, signal, onStep: (step) => progress(step, 0) })
    : undefined;
  const differences = mean && new Float64Array(mean.length);
  let isPlausible = false;
  const block = Math.max(1, Math.floor(maxBytes / fields.bytes));
  for (let start = 0; start < axis.length; start += block) {
    signal?.throwIfAborted();
    const stop = Math.min(axis.length, start + block);
    const stepFields = await fields.read(start, stop, signal);
    for (let step = start; step < stop; step++) {
      signal?.throwIfAborted();
      const date = axis.time.decode(axis.values[step] as number);
      const when = { step, time: formatDate(date), hours: hours.encode(date) };
      const here = stepFields(step);
      if (!isPlausible) isPlausible = checkPressure(here.pressure, when.time);
      const searched = mean && differences ? subtract(here.pressure, mean, differences) : here.pressure;
      for (const low of findLows(grid, scratch, { ...here, searched }, criteria)) yield { ...when, ...low };
      progress(step, 1);
    }
  }
}

/**
 * Whether a step has values; the first ones that there are must be those of air at the ground: hectopascals that are called pascals
 * would have no closed contour, and no storm.
 */
function checkPressure(values: Float64Array, time: string): boolean {
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > highest) highest = value;
  if (highest === Number.NEGATIVE_INFINITY) return false;
  if (highest > 20_000 && highest < 200_000) return true;
  throw new ClimateInputError(
    `pressure: the highest value at ${time} is ${highest} Pa; at sea level it is about 100,000 Pa. Correct the unit that is stated, as "hPa" for 1013, or give pressure itself and not its anomaly.`,
  );
}

function subtract(values: Float64Array, mean: Float64Array, into: Float64Array): Float64Array {
  for (let point = 0; point < into.length; point++) into[point] = (values[point] as number) - (mean[point] as number);
  return into;
}

interface MeanOptions {
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
  onStep(step: number): void;
}

/** The mean of each point over all steps that have it. */
async function timeMean(
  { axis, grid, pressure }: OpenFields,
  { maxBytes, signal, onStep }: MeanOptions,
): Promise<Float64Array> {
  const size = grid.rows * grid.columns;
  const [sum, count, values] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  const block = Math.max(1, Math.floor(maxBytes / pressure.bytes));
  for (let start = 0; start < axis.length; start += block) {
    signal?.throwIfAborted();
    const stop = Math.min(axis.length, start + block);
    const fill = await pressure.read(start, stop, signal);
    for (let step = start; step < stop; step++) {
      fill(step, values);
      for (let point = 0; point < size; point++) {
        const value = values[point] as number;
        if (Number.isNaN(value)) continue;
        sum[point] = (sum[point] as number) + value;
        count[point] = (count[point] as number) + 1;
      }
      onStep(step);
    }
  }
  return sum.map((value, point) => value / (count[point] as number));
}
