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

/** Of many places, their objects would take many times the memory of their numbers. */
interface Levels {
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly cells: number;
  readonly fitted: number;
  /** How many places have no fit, by why. */
  readonly without: Readonly<Record<string, number>>;
  readonly summary: readonly Summary[];
  /** Nothing where there are more than {@link LISTED_CELLS}. */
  readonly places: readonly Place[] | null;
}

type Summary = Readonly<Record<"period" | "min" | "mean" | "max", number>>;

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
    const comment = String(result.attributes["comment"] ?? "");
    return {
      ...{ variable, unit: result.variables["return_level"]?.unit ?? null, comment },
      ...(await levelsOf(result, io.signal)),
    };
  });
  const { variable: name, unit, dims, shape, cells, fitted, without, summary, places, comment } = facts;
  if (io.json) {
    return io.printJson({
      ...{ kind, variable: name, unit, dims, shape, cells, fitted, without, comment },
      ...{ levels: summary, places, out: choice.out ?? null },
    });
  }
  io.print(`${io.style.bold(name)} [${unit ?? "no unit"}]: return levels`);
  io.print(places && cells <= SHOWN_CELLS ? placeTable(places) : summaryTable(summary));
  const reasons = Object.entries(without).map(([status, count]) => `${count} ${status.replaceAll("_", " ")}`);
  if (reasons.length > 0) io.print(`${fitted} of ${cells} fitted; without a fit: ${reasons.join(", ")}`);
  io.print(io.style.dim(comment));
  if (choice.out !== undefined) io.print(`${choice.out}: written`);
}

async function levelsOf(result: Dataset, signal: AbortSignal): Promise<Levels> {
  const read = async (name: string): Promise<NdArray> =>
    (await result.variables[name]?.read({}, { signal })) as NdArray;
  const numbers = async (name: string): Promise<Float64Array> => (await read(name)).toFloat64();
  const status = await read("status");
  const { dims, shape } = status;
  const cells = shape.reduce((all, length) => all * length, 1);
  const flags = status.toFloat64();
  const meanings = String(result.variables["status"]?.attributes["flag_meanings"]).split(" ");
  const counts = new Map<string, number>();
  for (const flag of flags) counts.set(meanings[flag] as string, (counts.get(meanings[flag] as string) ?? 0) + 1);
  const fitted = counts.get("fitted") ?? 0;
  counts.delete("fitted");
  const periods = await numbers("return_period");
  const levels = await numbers("return_level");
  const summary =
    fitted === 0
      ? []
      : Array.from(periods, (period, at) =>
          summaryOf(
            period,
            levels.subarray(at * cells, (at + 1) * cells),
            (cell) => meanings[flags[cell] as number] === "fitted",
          ),
        );
  const told = { dims, shape, cells, fitted, without: Object.fromEntries(counts), summary };
  if (cells > LISTED_CELLS) return { ...told, places: null };
  const [lower, upper] = [await numbers("return_level_lower"), await numbers("return_level_upper")];
  const [count, pValue] = [await numbers("count"), await numbers("p_value")];
  const labels = await Promise.all(dims.map((dim) => labelsAlong(result, dim)));
  const places = Array.from(flags, (flag, cell): Place => {
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
      count: count[cell] as number,
      pValue: pValue[cell] as number,
      levels: Array.from(periods, (period, at) => ({
        period,
        level: levels[at * cells + cell] as number,
        lower: lower[at * cells + cell] as number,
        upper: upper[at * cells + cell] as number,
      })),
    };
  });
  return { ...told, places };
}

async function labelsAlong(result: Dataset, dim: string): Promise<readonly (string | number)[] | undefined> {
  const coordinate = Object.hasOwn(result.variables, dim) ? result.variables[dim] : undefined;
  if (coordinate?.dims.join() !== dim) return undefined;
  const array = await coordinate.read();
  return coordinate.dtype === "string" ? (array.data as readonly string[]).slice(0) : [...array.toFloat64()];
}

function summaryOf(period: number, levels: Float64Array, isFitted: (cell: number) => boolean): Summary {
  let [min, sum, max, count] = [Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 0];
  for (const [cell, level] of levels.entries()) {
    if (!isFitted(cell)) continue;
    min = Math.min(min, level);
    max = Math.max(max, level);
    sum += level;
    count++;
  }
  return { period, min, mean: sum / count, max };
}

function summaryTable(summary: readonly Summary[]): string {
  const columns = [
    { name: "period", unit: "years" },
    ...["min", "mean", "max"].map((name) => ({ name, digits: DIGITS })),
  ];
  return formatTable({ columns, rows: summary.map(({ period, min, mean, max }) => [period, min, mean, max]) });
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
