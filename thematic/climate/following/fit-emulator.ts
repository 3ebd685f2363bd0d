import { type Dataset, eofSource, fitEof, InvalidArgumentError, type JsonValue } from "../../../core/index.ts";
import type { EmulatorDocument } from "./document.ts";
import { type ComponentSeries, fitLinearDynamics, tauTest } from "./linear-inverse-model.ts";
import { type FieldSeries, readField } from "./read-field.ts";
import { cycleAt, fitCycle, type SeasonalCycle } from "./seasonal-cycle.ts";

/** How an emulator is fitted. */
export interface EmulatorFitOptions {
  /** Years that are used; all by default. Steps of other years are not looked at. */
  readonly years?: readonly number[] | undefined;
  /** Leading modes that depend on each other; 5 by default, or as many as there are. */
  readonly coupled?: number | undefined;
  /** Share of variance that modes describe, the others each with a decay of its own; 0.99 by default. The rest is white noise. */
  readonly explained?: number | undefined;
  /** Lag at which the operator is found, in steps; 1 by default. */
  readonly lag?: number | undefined;
  /** Harmonics of the yearly cycle of the mean; 3 by default. */
  readonly harmonics?: number | undefined;
  /** Harmonics of the yearly cycle of the variance; 2 by default. */
  readonly spreadHarmonics?: number | undefined;
  /** How these were chosen, for the document. */
  readonly chosen?: JsonValue | undefined;
  /** 1 GB by default. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Lags of the τ-test, in steps. */
const TAU_LAGS = 10;
/** Departures of this part of the mean are rounding, of values as float32 has them. */
const LEAST_SPREAD = 1e-7;
/** Least part of the yearly mean variance that a day of the year is taken to have. */
const LEAST_VARIANCE = 0.1;

/**
 * Fits a linear inverse model to a field in daily steps (or other steps of one length): anomalies from a smooth yearly cycle, divided
 * by a smooth yearly standard deviation, in area-weighted EOFs. The result is plain JSON (`saveEmulator`).
 *
 * @throws `TWIN_CLIMATE_INPUT_INVALID`, `TWIN_TIME_AXIS_INVALID` for data that have no such field; `TWIN_INVALID_ARGUMENT` for options
 *   that do not fit them, see `fitLinearDynamics`.
 * @see `docs/explanation/climate-twin.md`
 *
 * @example
 * const emulator = await fitClimateEmulator(dataset, "tas", { years: range(2046, 2059), coupled: 8 });
 * await saveEmulator(emulator, "models/tas-emulator.json");
 */
export async function fitClimateEmulator(
  dataset: Dataset,
  variable: string,
  options: EmulatorFitOptions = {},
): Promise<EmulatorDocument> {
  const field = await readField(dataset, variable, options);
  const source: Record<string, string> = {};
  for (const name of ["title", "institution", "source", "experiment_id", "tracking_id"]) {
    const value = dataset.attributes[name];
    if (typeof value === "string") source[name] = value;
  }
  return fitField(field, { ...options, source });
}

/** {@link fitClimateEmulator} of a field that is in memory. */
export async function fitField(
  field: FieldSeries,
  options: EmulatorFitOptions & { readonly source?: Readonly<Record<string, string>> | undefined } = {},
): Promise<EmulatorDocument> {
  const { explained = 0.99, lag = 1, harmonics = 3, spreadHarmonics = 2, signal } = options;
  for (const [name, count] of Object.entries({ harmonics, spreadHarmonics })) {
    if (!(Number.isInteger(count) && count >= 0))
      throw new InvalidArgumentError(`\`${name}\` is a whole number, 0 or more; got ${count}.`);
  }
  const used = samplesOf(field, options.years);
  const { values, steps, phases } = used;
  const places = field.places.length;
  const mean = fitCycle(values, phases, harmonics);
  const spread = fitSpread(values, phases, { mean, harmonics: spreadHarmonics });
  const scaled = standardise(values, phases, { mean, spread });
  const weights = areaWeights(field);
  const eof = await fitEof(eofSource(scaled, steps.length), { weights, modes: { explained }, signal });
  const { modes, patterns } = eof;
  const components = new Float64Array(steps.length * modes);
  const squares = new Float64Array(places);
  for (let i = 0; i < steps.length; i++) {
    const rest = scaled.subarray(i * places, (i + 1) * places);
    for (let m = 0; m < modes; m++) {
      let sum = 0;
      for (let p = 0; p < places; p++)
        sum += (rest[p] as number) * (weights[p] as number) * (patterns[m * places + p] as number);
      components[i * modes + m] = sum;
      for (let p = 0; p < places; p++) {
        rest[p] = (rest[p] as number) - (sum * (patterns[m * places + p] as number)) / (weights[p] as number);
      }
    }
    for (let p = 0; p < places; p++) squares[p] = (squares[p] as number) + (rest[p] as number) ** 2;
  }
  const series: ComponentSeries = { modes, components, steps, stepDays: field.stepDays };
  const dynamics = fitLinearDynamics(series, { coupled: Math.min(options.coupled ?? 5, modes), lag });
  const { attributes, name, unit } = field.variable;
  const longName = attributes["long_name"] ?? attributes["standard_name"];
  return {
    ...{ emulates: "field", schemaVersion: 1 },
    data: {
      ...{ variable: name, unit: unit ?? "1", longName: typeof longName === "string" ? longName : null },
      ...{ source: options.source ?? {}, calendar: field.days.calendar, stepDays: field.stepDays },
      ...{ years: used.years, samples: steps.length },
    },
    chosen: options.chosen ?? null,
    grid: {
      ...{ dims: field.dims, shape: field.shape, places: [...field.places] },
      ...{ latitude: [...field.latitude], longitude: [...field.longitude], weights: [...weights] },
    },
    ...{ mean, variance: spread, patterns: [...patterns] },
    residual: Array.from(squares, (sum) => sum / steps.length),
    dynamics,
    tauTest: tauTest(series, dynamics, TAU_LAGS),
  };
}

interface Used {
  readonly years: readonly number[];
  readonly steps: Int32Array;
  readonly phases: Float64Array;
  readonly values: Float64Array;
}

function samplesOf({ axis, steps, phases, values, places }: FieldSeries, years: readonly number[] | undefined): Used {
  const there = [...new Set(axis.year)];
  const wanted = new Set(years ?? there);
  const absent = [...wanted].filter((year) => !there.includes(year));
  if (absent.length > 0) {
    throw new InvalidArgumentError(`The data have no year ${absent[0]}; they have ${there[0]} to ${there.at(-1)}.`);
  }
  const samples = Int32Array.from(axis.year.keys()).filter((i) => wanted.has(axis.year[i] as number));
  const width = places.length;
  const kept = new Float64Array(samples.length * width);
  samples.forEach((from, to) => {
    kept.set(values.subarray(from * width, (from + 1) * width), to * width);
  });
  return {
    years: there.filter((year) => wanted.has(year)),
    steps: samples.map((i) => steps[i] as number),
    phases: Float64Array.from(samples, (i) => phases[i] as number),
    values: kept,
  };
}

/** √cos(latitude) on a grid; 1 for a list of places, which have no area. */
function areaWeights({ dims, latitude }: FieldSeries): Float64Array {
  if (dims.length < 2) return new Float64Array(latitude.length).fill(1);
  return latitude.map((degrees) => Math.sqrt(Math.max(Math.cos((degrees * Math.PI) / 180), 1e-6)));
}

/** A cycle of the variance, which {@link spreadAt} takes the root of. */
function fitSpread(
  values: Float64Array,
  phases: Float64Array,
  { mean, harmonics }: { readonly mean: SeasonalCycle; readonly harmonics: number },
): SeasonalCycle {
  const places = values.length / phases.length;
  const squares = new Float64Array(values.length);
  phases.forEach((phase, i) => {
    const centre = cycleAt(mean, phase);
    for (let p = 0; p < places; p++)
      squares[i * places + p] = ((values[i * places + p] as number) - (centre[p] as number)) ** 2;
  });
  const cycle = fitCycle(squares, phases, harmonics);
  const constant = Array.from({ length: places }, (_, p) => cycle.coefficients[p * (1 + 2 * harmonics)] as number);
  const flat = constant.findIndex((variance, p) => {
    const level = mean.coefficients[p * (1 + 2 * mean.harmonics)] as number;
    return !(Math.sqrt(variance) > LEAST_SPREAD * Math.abs(level));
  });
  if (flat >= 0) throw new InvalidArgumentError(`Place ${flat} of the field never departs from its yearly cycle.`);
  return cycle;
}

/** Standard deviation at a phase, `[place]`. */
export function spreadAt(spread: SeasonalCycle, phase: number): Float64Array {
  const size = 1 + 2 * spread.harmonics;
  return cycleAt(spread, phase).map((variance, p) =>
    Math.sqrt(Math.max(variance, LEAST_VARIANCE * (spread.coefficients[p * size] as number))),
  );
}

function standardise(
  values: Float64Array,
  phases: Float64Array,
  { mean, spread }: { readonly mean: SeasonalCycle; readonly spread: SeasonalCycle },
): Float64Array {
  const places = values.length / phases.length;
  const scaled = new Float64Array(values.length);
  phases.forEach((phase, i) => {
    const [centre, scale] = [cycleAt(mean, phase), spreadAt(spread, phase)];
    for (let p = 0; p < places; p++) {
      scaled[i * places + p] = ((values[i * places + p] as number) - (centre[p] as number)) / (scale[p] as number);
    }
  });
  return scaled;
}
