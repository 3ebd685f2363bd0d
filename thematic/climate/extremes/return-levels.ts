import {
  type Attributes,
  checkBootstrap,
  type Dataset,
  dataset,
  InvalidArgumentError,
  type MissingRule,
  mapSeries,
  missingPeriods,
  NdArray,
  type Periods,
  periodsOf,
  type SeriesOutput,
  type TimeAxis,
  unitSeconds,
  type VariableInit,
} from "../../../core/index.ts";
import { ClimateInputError } from "../errors.ts";
import { oneOf } from "../one-of.ts";
import { blockExtremes, TAILS, type Tail } from "./block-maxima.ts";
import { carriedVariables, type ExtremesInput, extremesInput, resultAttributes } from "./extremes-input.ts";
import { type CellFit, type FitOptions, fitExtremes, STATUS } from "./fit-extremes.ts";
import { asIntegers, SCALARS, statusFlags } from "./fit-results.ts";
import { daysPerYear, peakFinder, type Threshold } from "./peaks.ts";

/** What {@link returnLevels} takes. */
export type ReturnLevelOptions = ExtremesInput & ReturnLevelFit & (BlockMaximaKind | PeaksKind);

/** How levels and their intervals are made. */
export interface ReturnLevelFit {
  /** In years; `[10, 50, 100]` by default. */
  readonly periods?: readonly number[] | undefined;
  /** Probability of the intervals; 0.9 by default. */
  readonly confidence?: number | undefined;
  /** `"parametric"` (default), `"nonparametric"`, or none. Only the first gives a p-value. */
  readonly interval?: "parametric" | "nonparametric" | "none" | undefined;
  /** 500 by default. */
  readonly resamplings?: number | undefined;
  /** Of the bootstrap; 0 by default. Every cell uses the same random numbers. */
  readonly seed?: bigint | undefined;
  /** Fewer blocks or peaks are not fitted; 10 blocks or 20 peaks by default, at least 3. */
  readonly minimum?: number | undefined;
  /** `"lower"` fits the negated values: droughts, cold. `"upper"` by default. */
  readonly tail?: Tail | undefined;
}

/** Maxima of blocks, fitted by a GEV. */
export interface BlockMaximaKind {
  readonly kind: "block-maxima";
  /** `"gumbel"` is a GEV of shape 0. `"gev"` by default. */
  readonly distribution?: "gev" | "gumbel" | undefined;
  /** As in `blockMaxima`. */
  readonly frequency?: string | undefined;
  readonly missing?: MissingRule | undefined;
}

/** Peaks over a threshold, fitted by a generalised Pareto distribution. */
export interface PeaksKind {
  readonly kind: "peaks-over-threshold";
  /** In the unit asked for; `{ quantile: 0.95 }` by default. For the lower tail a quantile is one of the negated values. */
  readonly threshold?: Threshold | undefined;
  /** Days without a step above the threshold that part two peaks; 3 by default. */
  readonly runDays?: number | undefined;
}

/**
 * Return levels of every cell, from maxima of blocks (GEV, Gumbel) or peaks over a threshold (GPD, a Poisson number of them), fitted by
 * L-moments, with intervals by the bootstrap and Anderson and Darling's test.
 *
 * @returns `return_level`, `return_level_lower`, `return_level_upper` `[return_period, …]`; `location_parameter`, `scale_parameter`,
 *   `shape_parameter` (ξ, with `shape_parameter_lower`, `shape_parameter_upper`), `count` (blocks or peaks), `anderson_darling`, `p_value`, `status` (why a cell has no fit) `[…]`; of peaks
 *   also `threshold`, `peak_rate` (per year) and `extremal_index` (clusters per step above the threshold).
 * @throws `TWIN_INVALID_ARGUMENT` for periods no longer than a block, or other numbers that are none; `TWIN_CLIMATE_INPUT_INVALID`,
 *   and what `blockMaxima` throws.
 */
export async function returnLevels(source: Dataset, options: ReturnLevelOptions): Promise<Dataset> {
  const { confidence = 0.9, resamplings = 500, interval = "parametric", tail = "upper" } = options;
  const { context, maxBytes, signal, onProgress } = options;
  checkWords(options);
  const { variable, axis, unit } = await extremesInput(source, options);
  const periods = options.periods ?? [10, 50, 100];
  const isBlocks = options.kind === "block-maxima";
  const minimum = options.minimum ?? (isBlocks ? 10 : 20);
  checkBootstrap({ resamplings, confidence });
  const fitOptions = { confidence, resamplings, interval, minimum, periods, seed: options.seed ?? 0n };
  const blocks = isBlocks ? periodsOf(axis, options.frequency ?? "YS") : undefined;
  const blockYears = blocks ? yearsOfBlock(axis, blocks) : 0;
  check(fitOptions, blockYears);
  const fitCell = isBlocks
    ? blockFit(axis, blocks as Periods, { ...options, ...fitOptions, tail, blockYears })
    : peakFit(axis, { ...options, ...fitOptions, tail });
  const along = (name: string, length: number): SeriesOutput => ({ name, dim: `result ${name}`, length });
  const many = ["return_level", "return_level_lower", "return_level_upper"];
  const scalars = SCALARS.filter(({ of }) => of === undefined || of === options.kind);
  const results = await mapSeries([{ variable, unit, context }], {
    along: axis.dim,
    outputs: [...many.map((name) => along(name, periods.length)), ...scalars.map(({ name }) => along(name, 1))],
    kernel: ([series], outputs) => {
      const fit = fitCell(series as Float64Array);
      const sign = tail === "upper" ? 1 : -1;
      const ends = sign > 0 ? [fit.lower, fit.upper] : [fit.upper, fit.lower];
      [fit.levels, ...ends].forEach((values, at) => {
        for (let i = 0; i < periods.length; i++) (outputs[at] as Float64Array)[i] = sign * (values?.[i] ?? Number.NaN);
      });
      scalars.forEach(({ value }, at) => {
        (outputs[at + 3] as Float64Array)[0] = value(fit, sign);
      });
    },
    ...{ maxBytes, signal, onProgress },
  });
  const like = resultAttributes(variable);
  const shared = sharedAttributes(like);
  const made: Record<string, VariableInit> = {};
  for (const name of many) {
    const array = (results[name] as NdArray).withDims(["return_period", ...(results[name] as NdArray).dims.slice(1)]);
    made[name] = {
      array: array.withUnit(unit),
      attributes: { ...shared, long_name: longName(name, confidence, interval) },
    };
  }
  for (const { name, title, unitOf, integer } of scalars) {
    const array = (results[name] as NdArray).slice({ [`result ${name}`]: 0 }).contiguous();
    made[name] = integer
      ? {
          array: asIntegers(array, integer),
          attributes: { ...shared, long_name: title, ...(name === "status" && statusFlags()) },
        }
      : { array: array.withUnit(unitOf === "value" ? unit : unitOf), attributes: { ...shared, long_name: title } };
  }
  const years = Float64Array.from(periods);
  const carried = await carriedVariables(source, variable, axis.dim, signal);
  const taken = [...Object.keys(made), "return_period"].find(
    (name) => Object.hasOwn(carried, name) || variable.dims.includes(name),
  );
  if (taken !== undefined) {
    throw new ClimateInputError(
      `The data have a coordinate "${taken}", and a result has that name. Rename the coordinate.`,
    );
  }
  return dataset({
    variables: {
      return_period: {
        array: new NdArray(years, { dtype: "float64", shape: [years.length], dims: ["return_period"], unit: "year" }),
        attributes: { long_name: "return period" },
      },
      ...carried,
      ...made,
    },
    attributes: { Conventions: "CF-1.11", comment: comment(options, tail) },
  });
}

type KindFit = FitOptions & { readonly tail: Tail };

function blockFit(
  axis: TimeAxis,
  blocks: Periods,
  options: KindFit & Omit<BlockMaximaKind, "kind"> & { readonly blockYears: number },
): (series: Float64Array) => CellFit {
  const { distribution = "gev", missing = "any", tail, blockYears } = options;
  const extremes = blockExtremes(blocks, missingPeriods(axis, blocks, missing), tail);
  const found = new Float64Array(blocks.count);
  return (series) => {
    extremes(series, found);
    const valid = found.filter((value) => !Number.isNaN(value));
    const values = tail === "upper" ? valid : valid.map((value) => -value);
    return fitExtremes({ values, family: distribution, perYear: 1 / blockYears }, options);
  };
}

function peakFit(axis: TimeAxis, options: KindFit & Omit<PeaksKind, "kind">): (series: Float64Array) => CellFit {
  const { threshold = { quantile: 0.95 }, runDays = 3, tail } = options;
  const [given] = Object.values(threshold) as [number];
  if (!Number.isFinite(given) || ("quantile" in threshold && !(given > 0 && given < 1))) {
    throw new InvalidArgumentError(
      `A threshold is { quantile: between 0 and 1 } or { value: a number }; got ${JSON.stringify(threshold)}.`,
    );
  }
  if (!(runDays >= 0)) throw new InvalidArgumentError(`\`runDays\` is a number of days, 0 or more; got ${runDays}.`);
  const isUpper = tail === "upper";
  const find = peakFinder(axis, {
    threshold: "value" in threshold && !isUpper ? { value: -threshold.value } : threshold,
    runDays,
  });
  return (series) => {
    const peaks = find(isUpper ? series : series.map((value) => -value));
    if (!peaks) return { status: STATUS.no_data, count: 0 };
    const { values, years } = peaks;
    return { ...fitExtremes({ values, family: "gpd", threshold: peaks.threshold, years }, options), peaks };
  };
}

/** Mean length of the blocks. */
function yearsOfBlock(axis: TimeAxis, { bounds, count, frequency }: Periods): number {
  const months = /^(\d*)(YS|QS|MS)/.exec(frequency);
  if (months) return (Number(months[1] || 1) * { YS: 12, QS: 3, MS: 1 }[months[2] as "YS"]) / 12;
  const length = ((bounds[2 * count - 1] as number) - (bounds[0] as number)) / count;
  return (length * unitSeconds(axis.time)) / 86_400 / daysPerYear(axis);
}

/** Words of options, of whom JavaScript does not know that no others are allowed. @throws `TWIN_INVALID_ARGUMENT`. */
function checkWords(options: ReturnLevelOptions): void {
  oneOf("kind", options.kind, ["block-maxima", "peaks-over-threshold"]);
  oneOf("tail", options.tail, TAILS);
  oneOf("interval", options.interval, ["parametric", "nonparametric", "none"]);
  if (options.kind === "block-maxima") oneOf("distribution", options.distribution, ["gev", "gumbel"]);
}

function check({ periods, minimum }: FitOptions, blockYears: number): void {
  if (periods.length === 0 || !periods.every((period) => Number.isFinite(period) && period > blockYears)) {
    throw new InvalidArgumentError(
      `Return periods are numbers of years${blockYears > 0 ? ` longer than a block (${blockYears})` : ", above 0"}; got ${periods.join(", ") || "none"}.`,
    );
  }
  if (!(Number.isInteger(minimum) && minimum >= 3)) {
    throw new InvalidArgumentError(`A fit needs at least 3 values; \`minimum\` is ${minimum}.`);
  }
}

function sharedAttributes(like: Attributes): Attributes {
  const kept = ["coordinates", "grid_mapping"].filter((name) => Object.hasOwn(like, name));
  return Object.fromEntries(kept.map((name) => [name, like[name]])) as Attributes;
}

function longName(name: string, confidence: number, interval: string): string {
  if (name === "return_level") return "return level";
  const end = name.endsWith("lower") ? "lower" : "upper";
  return interval === "none"
    ? `${end} end of an interval: none was asked for`
    : `${end} end of the ${100 * confidence} % interval (${interval} bootstrap)`;
}

function comment(options: ReturnLevelOptions, tail: Tail): string {
  const of = tail === "upper" ? "" : ", of the negated values";
  if (options.kind === "block-maxima") {
    const { distribution = "gev", frequency = "YS" } = options;
    return `${distribution === "gev" ? "Generalised extreme value" : "Gumbel"} distribution of the extremes of ${frequency}${of}, fitted by L-moments`;
  }
  const { threshold = { quantile: 0.95 }, runDays = 3 } = options;
  return `Generalised Pareto distribution of peaks over ${"quantile" in threshold ? `the quantile ${threshold.quantile}` : threshold.value}, ${runDays} days apart${of}, fitted by L-moments`;
}
