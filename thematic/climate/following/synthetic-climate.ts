import { type Dataset, dataset, InvalidArgumentError, NdArray, RandomStream } from "../../../core/index.ts";
import { calendarDays } from "./calendar-days.ts";

/** A climate to try things on. */
export interface SyntheticClimateOptions {
  readonly seed: bigint;
  /** First year; 2001 by default. */
  readonly firstYear?: number;
  readonly years: number;
  /** `"noleap"` by default. */
  readonly calendar?: string;
  /** Rows and columns of the grid, 4° and 5° wide; `[6, 8]` by default. */
  readonly shape?: readonly [number, number];
  /** Eastward wind, grid columns per day; 0.5 by default. */
  readonly windColumnsPerDay?: number;
}

/** Steps of the computation in a day. */
const SUBSTEPS = 4;
const DECAY_PER_DAY = 0.2;
const MIXING_PER_DAY = 0.25;

/**
 * Daily temperatures of a sector of the sphere, 40 to 64° N: a seasonal cycle, and departures that a westerly wind carries along,
 * that mix with their neighbours, decay within five days, and are stirred by random heating some columns wide, half as strong again in
 * winter. West of the sector there is none. Made up, and so free to be stored and shipped; a function of its options.
 *
 * @returns A dataset with `tas`, `[time, lat, lon]`, K, float32, and its coordinates.
 *
 * @example
 * const dataset = syntheticClimate({ seed: 1n, years: 12 });
 * dataset.variables.tas?.shape; // => [4380, 6, 8]
 */
export function syntheticClimate(options: SyntheticClimateOptions): Dataset {
  const { seed, firstYear = 2001, years, calendar = "noleap", shape = [6, 8], windColumnsPerDay: wind = 0.5 } = options;
  const [rows, columns] = shape;
  if (!(years >= 1 && rows >= 2 && columns >= 2)) {
    throw new InvalidArgumentError(`A synthetic climate has a year, two rows and two columns at least.`);
  }
  const days = calendarDays(calendar);
  const start = (year: number): number =>
    days.time.encode({ year, month: 1, day: 1, hour: 0, minute: 0, second: 0, microsecond: 0 });
  const [first, last] = [start(firstYear), start(firstYear + years)];
  const count = last - first;
  const latitude = Float64Array.from({ length: rows }, (_, i) => 42 + 4 * i);
  const longitude = Float64Array.from({ length: columns }, (_, j) => 2.5 + 5 * j);
  const cells = rows * columns;
  const values = new Float32Array(count * cells);
  const stream = new RandomStream({ seed, id: 0n });
  const noise = new Float64Array(cells);
  let state = new Float64Array(cells);
  const warmUp = 60;
  for (let day = -warmUp; day < count; day++) {
    const phase = days.phase(first + Math.max(day, 0) + 0.5);
    const winter = 1 + 0.35 * Math.cos(2 * Math.PI * (phase - 0.04));
    for (let sub = 0; sub < SUBSTEPS; sub++) {
      stream.fillNormal(noise);
      state = advance(state, { rows, columns, wind, heating: smooth(noise, rows, columns), strength: 2.4 * winter });
    }
    for (let cell = 0; day >= 0 && cell < cells; cell++) {
      const degrees = latitude[Math.floor(cell / columns)] as number;
      const cycle = 288 - 0.6 * (degrees - 42) - (6 + 0.15 * (degrees - 42)) * Math.cos(2 * Math.PI * (phase - 0.06));
      values[day * cells + cell] = cycle + (state[cell] as number);
    }
  }
  const axis = (array: Float64Array, name: string, unit: string, attributes: Record<string, string>) => ({
    array: new NdArray(array, { dtype: "float64", shape: [array.length], dims: [name], unit }),
    attributes,
  });
  const time = Float64Array.from({ length: count }, (_, day) => first + day + 0.5);
  return dataset({
    attributes: {
      title: "A synthetic climate",
      source: `twinloom syntheticClimate, seed ${seed}`,
      Conventions: "CF-1.11",
    },
    variables: {
      time: axis(time, "time", "days since 1970-01-01", { calendar, axis: "T", standard_name: "time" }),
      lat: axis(latitude, "lat", "degrees_north", { axis: "Y", standard_name: "latitude" }),
      lon: axis(longitude, "lon", "degrees_east", { axis: "X", standard_name: "longitude" }),
      tas: {
        array: new NdArray(values, {
          dtype: "float32",
          shape: [count, rows, columns],
          dims: ["time", "lat", "lon"],
          unit: "K",
        }),
        attributes: { standard_name: "air_temperature", long_name: "Temperature, made up", cell_methods: "time: mean" },
      },
    },
  });
}

interface Stirring {
  readonly rows: number;
  readonly columns: number;
  readonly wind: number;
  readonly heating: Float64Array;
  readonly strength: number;
}

/** Upwind advection, mixing with four neighbours, decay, heating. */
function advance(state: Float64Array, { rows, columns, wind, heating, strength }: Stirring): Float64Array<ArrayBuffer> {
  const step = 1 / SUBSTEPS;
  const at = (i: number, j: number): number =>
    state[Math.min(Math.max(i, 0), rows - 1) * columns + Math.min(Math.max(j, 0), columns - 1)] as number;
  return Float64Array.from({ length: state.length }, (_, cell) => {
    const [i, j] = [Math.floor(cell / columns), cell % columns];
    const own = at(i, j);
    const west = j === 0 ? 0 : at(i, j - 1);
    const mixed = at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1) - 4 * own;
    const rate = -wind * (own - west) + (MIXING_PER_DAY / 4) * mixed - DECAY_PER_DAY * own;
    return own + step * rate + Math.sqrt(step) * strength * (heating[cell] as number);
  });
}

/** Each cell the mean of what is drawn around it, with a variance of about 1. */
function smooth(noise: Float64Array, rows: number, columns: number): Float64Array {
  return Float64Array.from(noise, (_, cell) => {
    const [i, j] = [Math.floor(cell / columns), cell % columns];
    let [sum, squares] = [0, 0];
    for (let a = Math.max(0, i - 1); a <= Math.min(rows - 1, i + 1); a++) {
      for (let b = Math.max(0, j - 1); b <= Math.min(columns - 1, j + 1); b++) {
        const weight = a === i && b === j ? 1 : 0.6;
        sum += weight * (noise[a * columns + b] as number);
        squares += weight * weight;
      }
    }
    return sum / Math.sqrt(squares);
  });
}
