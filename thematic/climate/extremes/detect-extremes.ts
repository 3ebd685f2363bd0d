import {
  type Dataset,
  dataset,
  decodeCf,
  formatDate,
  InvalidArgumentError,
  NdArray,
  quantiles,
  stepsInPeriod,
  type TimeAxis,
  unitSeconds,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import { type ExtremesInput, extremesInput } from "./extremes-input.ts";
import { readFields } from "./read-fields.ts";
import { type AnomalyScorer, SEASONS, seasonOf } from "./scorer.ts";

/** What {@link detectExtremes} takes. */
export interface DetectExtremesOptions extends Omit<ExtremesInput, "unit"> {
  readonly scorer: AnomalyScorer;
  /**
   * Scores above it are events: a number, or a quantile of the scores of a period (all of the data by default).
   * `{ quantile: 0.99 }` by default, as in interTwin's xtclim: one step in a hundred of that period is above it, whatever happens.
   */
  readonly threshold?: number | { readonly quantile: number; readonly period?: string | undefined } | undefined;
  /** Whether each season has a threshold of its own. */
  readonly bySeason?: boolean | undefined;
  /** Steps below the threshold that do not end an event; 0 by default. */
  readonly gap?: number | undefined;
  /** Events of fewer steps above the threshold are left out; 1 by default. */
  readonly minimumSteps?: number | undefined;
}

/** Consecutive unusual fields. */
export interface ExtremeEvent {
  /** ISO 8601, in the calendar of the data: of the first and the last step above the threshold. */
  readonly start: string;
  readonly end: string;
  /** Indices of those steps. */
  readonly steps: readonly [first: number, last: number];
  readonly peak: { readonly time: string; readonly step: number; readonly score: number };
  /** The cell that had most to do with the score at the peak: coordinates by dimension, indices where it has none. Absent where the scorer cannot tell. */
  readonly where?: Readonly<Record<string, number>>;
}

/** What {@link detectExtremes} gives. */
export interface ExtremeEvents {
  /** In order of time. */
  readonly events: readonly ExtremeEvent[];
  /** `anomaly_score` and `threshold`, `[time]`. */
  readonly scores: Dataset;
}

/**
 * Finds events: steps whose fields a scorer finds more unusual than a threshold. Fields are read and scored in parts.
 *
 * A step without a score (NaN) and steps that the data lack end an event, as steps below the threshold do.
 *
 * @throws `TWIN_CLIMATE_INPUT_INVALID` for fields of another unit or grid than the scorer's, or a period without scores;
 *   `TWIN_INVALID_ARGUMENT`; what scorer and reading throw.
 */
export async function detectExtremes(source: Dataset, options: DetectExtremesOptions): Promise<ExtremeEvents> {
  const { scorer, context, maxBytes = 256e6, gap = 0, minimumSteps = 1, signal, onProgress } = options;
  if (!(Number.isInteger(gap) && gap >= 0 && Number.isInteger(minimumSteps) && minimumSteps >= 1)) {
    throw new InvalidArgumentError(
      `\`gap\` is 0 or more steps, \`minimumSteps\` 1 or more; got ${gap} and ${minimumSteps}.`,
    );
  }
  const { variable, axis, unit } = await extremesInput(source, { ...options, unit: scorer.unit });
  const dims = scorer.grid ? Object.keys(scorer.grid) : variable.dims.filter((dim) => dim !== axis.dim);
  const coordinates = await checkGrid(source, {
    scorer,
    dims,
    own: variable.dims.filter((dim) => dim !== axis.dim),
    signal,
  });
  const order = [axis.dim, ...dims];
  const cells = variable.shape.reduce((all, length) => all * length, 1) / Math.max(1, axis.length);
  const each = Math.max(1, Math.floor(maxBytes / 32 / Math.max(1, cells)));
  const scores = new Float64Array(axis.length);
  for (let start = 0; start < axis.length; start += each) {
    const stop = Math.min(axis.length, start + each);
    const fields = await readFields(variable, { order, unit, context, signal, start, stop });
    scores.set(await scorer.score(fields, { months: axis.month.subarray(start, stop), signal }), start);
    onProgress?.(stop / axis.length);
  }
  const thresholds = thresholdsOf(axis, scores, options);
  const runs = runsOf(axis, {
    isAbove: (step) => (scores[step] as number) > (thresholds[step] as number),
    gap,
    minimumSteps,
  });
  const events: ExtremeEvent[] = [];
  for (const [first, last] of runs) {
    let peak = first;
    for (let step = first; step <= last; step++) if ((scores[step] as number) > (scores[peak] as number)) peak = step;
    const field = await readFields(variable, { order, unit, context, signal, start: peak, stop: peak + 1 });
    const shares = await scorer.cellScores?.(field, { months: axis.month.subarray(peak, peak + 1), signal });
    const text = (step: number): string => formatDate(axis.time.decode(axis.values[step] as number));
    events.push({
      ...{ start: text(first), end: text(last), steps: [first, last] as const },
      peak: { time: text(peak), step: peak, score: scores[peak] as number },
      ...(shares && { where: placeOf(shares, field.shape.slice(1), dims, coordinates) }),
    });
  }
  return { events, scores: scoreDataset(axis, scores, thresholds, scorer) };
}

/** `[step]`: the threshold that holds for it. */
function thresholdsOf(
  axis: TimeAxis,
  scores: Float64Array,
  { threshold = { quantile: 0.99 }, bySeason = false }: DetectExtremesOptions,
): Float64Array {
  if (Number.isNaN(threshold)) throw new InvalidArgumentError("`threshold` is NaN; give a number, or { quantile }.");
  if (typeof threshold === "number") return new Float64Array(axis.length).fill(threshold);
  const { start, stop } = stepsInPeriod(axis, threshold.period);
  const { quantile, period = "the data" } = threshold;
  const groupOf = (step: number): number => (bySeason ? SEASONS.indexOf(seasonOf(axis.month[step] as number)) : 0);
  const found = SEASONS.map((season, group) => {
    const reference = scores.filter(
      (score, step) => step >= start && step < stop && groupOf(step) === group && !Number.isNaN(score),
    );
    if (reference.length > 0) return quantiles(reference, [quantile])[0] as number;
    const isWanted = scores.some((score, step) => groupOf(step) === group && !Number.isNaN(score));
    if (!isWanted) return Number.NaN;
    throw new ClimateInputError(
      `No field of ${period}${bySeason ? ` in ${season}` : ""} has a score, so there is no threshold. Give another period, or a number.`,
    );
  });
  return Float64Array.from({ length: axis.length }, (_, step) => found[groupOf(step)] as number);
}

/** Runs of steps above, first and last. */
function runsOf(
  axis: TimeAxis,
  on: { readonly isAbove: (step: number) => boolean; readonly gap: number; readonly minimumSteps: number },
): readonly (readonly [number, number])[] {
  const { values, step: distance, time, length, year, month } = axis;
  const seconds = unitSeconds(time);
  // Steps that the axis lacks count as steps below.
  const places = Float64Array.from({ length }, (_, i) => {
    if (!distance) return i;
    if ("months" in distance) {
      return ((year[i] as number) * 12 + (month[i] as number)) / distance.months;
    }
    return Math.round((((values[i] as number) - (values[0] as number)) * seconds) / distance.seconds);
  });
  const runs: { first: number; last: number; steps: number }[] = [];
  for (let step = 0; step < length; step++) {
    if (!on.isAbove(step)) continue;
    const run = runs.at(-1);
    if (run && (places[step] as number) - (places[run.last] as number) <= on.gap + 1) {
      run.last = step;
      run.steps++;
    } else runs.push({ first: step, last: step, steps: 1 });
  }
  return runs.filter(({ steps }) => steps >= on.minimumSteps).map(({ first: from, last }) => [from, last] as const);
}

async function checkGrid(
  source: Dataset,
  on: {
    readonly scorer: AnomalyScorer;
    readonly dims: readonly string[];
    readonly own: readonly string[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<Readonly<Record<string, Float64Array>>> {
  const { scorer, dims, own, signal } = on;
  if (dims.length !== own.length || dims.some((dim) => !own.includes(dim))) {
    throw new ClimateInputError(
      `The scorer "${scorer.name}" takes fields along ${dims.join(", ")}; these go along ${own.join(", ")}.`,
    );
  }
  const found: Record<string, Float64Array> = {};
  for (const dim of dims) {
    const variable = source.coordinates.includes(dim) ? source.variables[dim] : undefined;
    if (!variable || variable.dtype === "string") continue;
    const values = (await variable.read({}, { signal })).toFloat64();
    found[dim] = values;
    const known = scorer.coordinates?.[dim];
    if (!known) continue;
    const isSame =
      known.length === values.length && known.every((value, i) => Math.abs(value - (values[i] as number)) <= 1e-4);
    if (isSame) continue;
    throw new ClimateInputError(
      `The scorer "${scorer.name}" was made on other cells: "${dim}" is not the same. Take fields of the grid it was fitted to.`,
    );
  }
  return found;
}

function placeOf(
  shares: Float64Array,
  lengths: readonly number[],
  dims: readonly string[],
  coordinates: Readonly<Record<string, Float64Array>>,
): Readonly<Record<string, number>> {
  let most = 0;
  for (let c = 0; c < shares.length; c++)
    if (!((shares[c] as number) <= (shares[most] as number))) if (!Number.isNaN(shares[c])) most = c;
  const place: [string, number][] = [];
  let rest = most;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const index = rest % (lengths[axis] as number);
    rest = Math.floor(rest / (lengths[axis] as number));
    const dim = dims[axis] as string;
    place.unshift([dim, coordinates[dim]?.[index] ?? index]);
  }
  return Object.fromEntries(place);
}

function scoreDataset(axis: TimeAxis, scores: Float64Array, thresholds: Float64Array, scorer: AnomalyScorer): Dataset {
  const { dim, length, values, time } = axis;
  const along = { dtype: "float64", shape: [length], dims: [dim] } as const;
  return decodeCf(
    dataset({
      variables: {
        [dim]: {
          array: new NdArray(values, { ...along, unit: time.unit }),
          attributes: { standard_name: "time", axis: "T", calendar: time.calendar },
        },
        anomaly_score: {
          array: new NdArray(scores, along),
          attributes: { long_name: `anomaly score by ${scorer.name}` },
        },
        threshold: {
          array: new NdArray(thresholds, along),
          attributes: { long_name: "score above which a field is extreme" },
        },
      },
      attributes: { Conventions: "CF-1.11" },
    }),
  );
}
