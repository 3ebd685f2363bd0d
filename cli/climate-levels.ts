import type { Dataset, NdArray } from "../core/index.ts";
import { parseIncomplete, parseNumbers, seriesVariable, withClimateData } from "./climate-data.ts";
import type { ExtremesChoice } from "./climate-extremes-choice.ts";
import type { CommandIo } from "./command.ts";
import { formatNumber, formatTable } from "./table.ts";

/** Places beyond which people get a summary, and programs no list. */
const SHOWN_CELLS = 20;
const LISTED_CELLS = 1_000;
const DIGITS = 5;

interface Level {
  readonly period: number;
  readonly level: number;
  readonly lower: number;
  readonly upper: number;
}

interface Place {
  /** Coordinates by dimension; indices where it has none. */
  readonly place: Readonly<Record<string, string | number>>;
  readonly status: string;
  readonly count: number;
  readonly pValue: number;
  readonly levels: readonly Level[];
}

/** `climate extremes` by maxima of blocks or peaks over a threshold. */
export async function computeLevels(choice: ExtremesChoice, io: CommandIo): Promise<void> {
  const { returnLevels } = await import("../thematic/climate/index.ts");
  const { kind, percentile, threshold, distribution, freq: frequency, runDays, incomplete } = choice;
  const periods = choice.periods === undefined ? undefined : parseNumbers("--periods", choice.periods);
  const missing = incomplete === undefined ? undefined : parseIncomplete(incomplete);
  const limit =
    threshold !== undefined
      ? { value: threshold }
      : percentile === undefined
        ? undefined
        : { quantile: percentile / 100 };
  const facts = await withClimateData({ ...choice, texts: [] }, io, async ({ dataset, write }) => {
    const variable = (await seriesVariable(dataset, choice.var)).path.slice(1);
    const doing = `fitting extremes of ${variable}`;
    const { unit, tail, confidence, interval, resamplings, seed } = choice;
    io.progress(0, doing);
    const result = await returnLevels(dataset, {
      ...{ variable, unit, tail, periods, confidence, interval, resamplings, seed },
      ...(kind === "block-maxima"
        ? { kind, distribution, frequency, missing }
        : { kind: "peaks-over-threshold", threshold: limit, runDays }),
      maxBytes: choice.memory * 1e6,
      signal: io.signal,
      onProgress: (fraction) => io.progress(fraction, doing),
    });
    await write(result);
    return { variable, unit: result.variables["return_level"]?.unit ?? null, ...(await placesOf(result)), result };
  });
  const { result, places, ...told } = facts;
  const comment = String(result.attributes["comment"] ?? "");
  const fitted = places.filter(({ status }) => status === "fitted");
  const without = Object.fromEntries(
    [...Map.groupBy(places, ({ status }) => status)].flatMap(([status, { length }]) =>
      status === "fitted" ? [] : [[status, length] as const],
    ),
  );
  if (io.json) {
    return io.printJson({
      ...{ kind, ...told, cells: places.length, fitted: fitted.length, without, comment },
      levels: summaryOf(fitted),
      places: places.length <= LISTED_CELLS ? places : null,
      out: choice.out ?? null,
    });
  }
  io.print(`${io.style.bold(told.variable)} [${told.unit ?? "no unit"}]: return levels`);
  io.print(places.length <= SHOWN_CELLS ? placeTable(places) : summaryTable(fitted));
  const reasons = Object.entries(without).map(([status, count]) => `${count} ${status.replaceAll("_", " ")}`);
  if (reasons.length > 0) io.print(`${fitted.length} of ${places.length} fitted; without a fit: ${reasons.join(", ")}`);
  io.print(io.style.dim(comment));
  if (choice.out !== undefined) io.print(`${choice.out}: written`);
}

async function placesOf(
  result: Dataset,
): Promise<{ readonly dims: readonly string[]; readonly shape: readonly number[]; readonly places: readonly Place[] }> {
  const read = async (name: string): Promise<NdArray> => (await result.variables[name]?.read()) as NdArray;
  const numbers = async (name: string): Promise<Float64Array> => (await read(name)).toFloat64();
  const status = await read("status");
  const { dims, shape } = status;
  const periods = await numbers("return_period");
  const [levels, lower, upper] = await Promise.all(
    ["return_level", "return_level_lower", "return_level_upper"].map(numbers),
  );
  const [count, pValue] = await Promise.all(["count", "p_value"].map(numbers));
  const meanings = String(result.variables["status"]?.attributes["flag_meanings"]).split(" ");
  const labels = await Promise.all(dims.map((dim) => labelsAlong(result, dim)));
  const cells = shape.reduce((all, length) => all * length, 1);
  const places = Array.from(status.toFloat64(), (flag, cell): Place => {
    let rest = cell;
    const place = dims.map((dim, axis): [string, string | number] => {
      const stride = shape.slice(axis + 1).reduce((all, length) => all * length, 1);
      const index = Math.floor(rest / stride);
      rest %= stride;
      return [dim, labels[axis]?.[index] ?? index];
    });
    return {
      place: Object.fromEntries(place),
      status: meanings[flag] as string,
      count: count?.[cell] as number,
      pValue: pValue?.[cell] as number,
      levels: Array.from(periods, (period, at) => ({
        period,
        level: levels?.[at * cells + cell] as number,
        lower: lower?.[at * cells + cell] as number,
        upper: upper?.[at * cells + cell] as number,
      })),
    };
  });
  return { dims, shape, places };
}

async function labelsAlong(result: Dataset, dim: string): Promise<readonly (string | number)[] | undefined> {
  const coordinate = Object.hasOwn(result.variables, dim) ? result.variables[dim] : undefined;
  if (coordinate?.dims.join() !== dim) return undefined;
  const array = await coordinate.read();
  return coordinate.dtype === "string" ? (array.data as readonly string[]).slice(0) : [...array.toFloat64()];
}

function summaryOf(fitted: readonly Place[]): readonly Readonly<Record<"period" | "min" | "mean" | "max", number>>[] {
  const [first] = fitted;
  return (first?.levels ?? []).map(({ period }, at) => {
    const levels = fitted.map((each) => each.levels[at]?.level as number);
    return {
      period,
      min: levels.reduce((least, level) => Math.min(least, level), Number.POSITIVE_INFINITY),
      mean: levels.reduce((sum, level) => sum + level, 0) / levels.length,
      max: levels.reduce((most, level) => Math.max(most, level), Number.NEGATIVE_INFINITY),
    };
  });
}

function summaryTable(fitted: readonly Place[]): string {
  const columns = [
    { name: "period", unit: "years" },
    ...["min", "mean", "max"].map((name) => ({ name, digits: DIGITS })),
  ];
  return formatTable({
    columns,
    rows: summaryOf(fitted).map(({ period, min, mean, max }) => [period, min, mean, max]),
  });
}

function placeTable(places: readonly Place[]): string {
  const [first] = places;
  const dims = Object.keys(first?.place ?? {});
  const columns = [...dims, ...(first?.levels ?? []).map(({ period }) => `${period} years`), "values", "p"];
  const text = (value: number): string => formatNumber(value, DIGITS);
  const rows = places.map(({ place, status, levels, count, pValue }) => [
    ...dims.map((dim) => place[dim] ?? null),
    ...levels.map(({ level, lower, upper }) => {
      if (status !== "fitted") return status.replaceAll("_", " ");
      return Number.isNaN(lower) ? text(level) : `${text(level)} (${text(lower)} to ${text(upper)})`;
    }),
    count,
    Number.isNaN(pValue) ? null : pValue,
  ]);
  return formatTable({
    columns: columns.map((name) => ({ name, ...(name === "p" && { digits: 2 }) })),
    rows,
  });
}
