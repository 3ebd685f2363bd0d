import { z } from "zod";
import {
  anomaly,
  type Dataset,
  defineTask,
  InvalidArgumentError,
  type Task,
  writeFileAtomically,
} from "../../../core/index.ts";
import type { Climate } from "../contracts.ts";
import type { ExtremeEvent } from "../extremes/detect-extremes.ts";
import { DATA_INPUTS, DATA_NEEDS, DATA_PARAMETERS, missingSchema, withTaskData, writeNetcdf } from "./task-data.ts";

const Parameters = z.strictObject({
  kind: z
    .enum(["block-maxima", "peaks-over-threshold", "events"])
    .default("block-maxima")
    .describe("Return levels of maxima of blocks or of peaks, or times at which the whole field is unusual."),
  variable: z.string().min(1).describe("The variable."),
  unit: z.string().optional().describe("Unit that it is converted to; its own by default."),
  tail: z.enum(["upper", "lower"]).default("upper").describe("Levels: which end is extreme."),
  periods: z
    .union([
      z
        .number()
        .positive()
        .transform((period) => [period]),
      z.array(z.number().positive()).min(1),
    ])
    .default([10, 50, 100])
    .describe("Levels: return periods, years; a number or a list."),
  confidence: z.number().gt(0).lt(1).default(0.9).describe("Levels: probability of the intervals."),
  interval: z.enum(["parametric", "nonparametric", "none"]).default("parametric").describe("Levels: bootstrap."),
  resamplings: z.int().min(1).max(1_000_000).default(500).describe("Levels: samples of the bootstrap."),
  seed: z.int().min(0).default(0).describe("Levels: seed of the bootstrap, 0 to 2^53 - 1."),
  distribution: z.enum(["gev", "gumbel"]).default("gev").describe("Block maxima: what is fitted."),
  frequency: z.string().default("YS").describe("Block maxima: the blocks: YS, YS-JUL, QS-DEC."),
  missing: missingSchema.default("any").describe("Block maxima: blocks without a value."),
  percentile: z
    .number()
    .gt(0)
    .lt(100)
    .optional()
    .describe("The threshold: of peaks, of the values (95); of events, of the scores (99)."),
  threshold: z.number().optional().describe("The threshold as a number, in place of the percentile."),
  runDays: z.number().min(0).default(3).describe("Peaks: days below the threshold that part two of them."),
  scorer: z.enum(["eof", "model"]).default("eof").describe("Events: patterns, or the model of the twin."),
  modelOutput: z.string().optional().describe("Events, model: its output, where it has several."),
  modelOffset: z.number().optional().describe("Events, model: it sees (field - offset) / scale; 0 by default."),
  modelScale: z.number().optional().describe("Events, model: as above; 1 by default."),
  fitPeriod: z.string().optional().describe("Events: period of patterns, means and percentile: 1961-1990."),
  anomaly: z
    .enum(["month", "season", "dayofyear", "none"])
    .optional()
    .describe("Events: score differences from such a mean; month by default, none for a model."),
  modes: z
    .number()
    .positive()
    .default(0.9)
    .describe("Events: number of patterns, or below 1 the part of the variance."),
  minimumSteps: z.int().min(1).default(1).describe("Events: steps above the threshold at least."),
  gap: z.int().min(0).default(0).describe("Events: steps below the threshold that do not end one."),
  ...DATA_PARAMETERS,
});
type Given = z.output<typeof Parameters>;
const outputs = {
  extremes: { description: "Return levels with fits, or the scores of fields, as NetCDF.", file: "extremes.nc" },
  events: { description: "The events, JSON; empty for return levels.", file: "events.json" },
} as const;

/** Computes return levels, or finds extreme events. */
export const climateExtremesTask: Task<typeof Parameters, typeof DATA_NEEDS, "data", keyof typeof outputs> = defineTask(
  {
    name: "climate-extremes",
    description: "Compute return levels of each place, or find the times at which a field is extreme.",
    parameters: Parameters,
    needs: DATA_NEEDS,
    inputs: DATA_INPUTS,
    outputs,
    run: async (context) =>
      await withTaskData(context, async (dataset) => {
        const { parameters, outputs: paths, signal } = context;
        checkThreshold(parameters);
        const doing = `${parameters.kind === "events" ? "finding events" : "fitting extremes"} of ${parameters.variable}`;
        const progress = (fraction: number): void => context.progress(fraction, doing);
        progress(0);
        const on = { climate: context.needs.climate, parameters, signal, progress };
        const { result, events } =
          parameters.kind === "events" ? await findEvents(dataset, on) : await levels(dataset, on);
        await writeNetcdf(paths.extremes, result, context);
        await writeFileAtomically(paths.events, `${JSON.stringify(events, null, 1)}\n`, {
          signal,
          existing: "replace",
        });
        return { kind: parameters.kind, variable: parameters.variable, events: events.length };
      }),
  },
);

/** @throws `TWIN_INVALID_ARGUMENT` for thresholds that would play no part, and nobody would know. */
function checkThreshold({ kind, percentile, threshold }: Given): void {
  if (percentile !== undefined && threshold !== undefined) {
    throw new InvalidArgumentError(
      "`percentile` and `threshold` are two ways to say where the threshold is. Give one.",
    );
  }
  if (kind !== "block-maxima" || (percentile === undefined && threshold === undefined)) return;
  throw new InvalidArgumentError(
    `Block maxima have no threshold: \`${percentile === undefined ? "threshold" : "percentile"}\` is for the kinds "peaks-over-threshold" and "events".`,
  );
}

interface Work {
  readonly climate: Climate;
  readonly parameters: Given;
  readonly signal: AbortSignal;
  progress(fraction: number): void;
}

interface Found {
  readonly result: Dataset;
  readonly events: readonly ExtremeEvent[];
}

async function levels(dataset: Dataset, { climate, parameters, signal, progress }: Work): Promise<Found> {
  const { kind, variable, unit, tail, periods, confidence, interval, resamplings, seed, memoryMb } = parameters;
  const { distribution, frequency, missing, percentile = 95, threshold, runDays } = parameters;
  if (kind === "events") throw new InvalidArgumentError("Events have no return levels.");
  const result = await climate.returnLevels(dataset, {
    ...{ variable, unit, tail, periods, confidence, interval, resamplings, seed: BigInt(seed), signal },
    ...(kind === "block-maxima"
      ? { kind, distribution, frequency, missing }
      : { kind, runDays, threshold: threshold === undefined ? { quantile: percentile / 100 } : { value: threshold } }),
    maxBytes: memoryMb * 1e6,
    onProgress: progress,
  });
  return { result, events: [] };
}

async function findEvents(dataset: Dataset, { climate, parameters, signal, progress }: Work): Promise<Found> {
  const { variable, unit, scorer: by, fitPeriod: period, percentile = 99, threshold, modes } = parameters;
  const { minimumSteps, gap, memoryMb, modelOutput, modelOffset, modelScale } = parameters;
  const maxBytes = memoryMb * 1e6;
  const mean = parameters.anomaly ?? (by === "model" ? "none" : "month");
  const data =
    mean === "none" ? dataset : await anomaly(dataset, { by: mean, period, variables: [variable], maxBytes, signal });
  const scorer =
    by === "model"
      ? climate.modelScorer({ unit, output: modelOutput, offset: modelOffset, scale: modelScale })
      : await climate.fitEofScorer(data, {
          ...{ variable, unit, period, maxBytes, signal },
          modes: modes < 1 ? { explained: modes } : { count: modes },
          onProgress: (fraction) => progress(fraction / 2),
        });
  const { events, scores } = await climate.detectExtremes(data, {
    ...{ variable, scorer, gap, minimumSteps, maxBytes, signal },
    threshold: threshold ?? { quantile: percentile / 100, period },
    onProgress: (fraction) => progress((1 + fraction) / 2),
  });
  return { result: scores, events };
}
