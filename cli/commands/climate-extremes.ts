import { CLIMATE_OPTIONS } from "../climate-options.ts";
import { type Command, defineCommand } from "../command.ts";

const { var: variable, out, ...COMMON } = CLIMATE_OPTIONS;

export const climateExtremes: Command = defineCommand({
  path: ["climate", "extremes"],
  summary: "Compute return levels, or find extreme events",
  description:
    "Return levels of each place: of --kind block-maxima by a generalised extreme value distribution, of peaks-over-threshold by " +
    "a generalised Pareto distribution, both fitted by L-moments, with intervals by the bootstrap. --kind events finds the " +
    "times at which the whole field is unusual: its score, by patterns (EOFs) or by a network, is above a percentile. " +
    "Several files, a folder or a pattern are one dataset.",
  arguments: { files: { description: "files, folders or patterns to compute from", many: true } },
  options: {
    kind: {
      kind: "text",
      placeholder: "kind",
      description: "block-maxima, peaks-over-threshold, or events",
      choices: ["block-maxima", "peaks-over-threshold", "events"],
      default: "block-maxima",
    },
    var: {
      kind: "text",
      placeholder: "name",
      description: `${variable.description.split(",")[0]} (default: the only one along time)`,
    },
    unit: { kind: "text", placeholder: "unit", description: "unit that it is converted to: degC, mm/day" },
    tail: {
      kind: "text",
      placeholder: "end",
      description: "levels: upper, or lower for cold and drought (default: upper)",
      choices: ["upper", "lower"],
    },
    periods: {
      kind: "text",
      placeholder: "years",
      description: "levels: return periods [years] (default: 10,50,100)",
    },
    confidence: {
      kind: "number",
      placeholder: "p",
      description: "levels: probability of the intervals (default: 0.9)",
      above: 0,
    },
    interval: {
      kind: "text",
      placeholder: "how",
      description: "levels: bootstrap of the intervals: parametric, nonparametric, none (default: parametric)",
      choices: ["parametric", "nonparametric", "none"],
    },
    resamplings: {
      kind: "integer",
      placeholder: "n",
      description: "levels: samples of the bootstrap (default: 500)",
      min: 1,
    },
    seed: { kind: "bigint", placeholder: "seed", description: "levels: seed of the bootstrap (default: 0)", min: 0n },
    distribution: {
      kind: "text",
      placeholder: "name",
      description: "block-maxima: gev, or gumbel (default: gev)",
      choices: ["gev", "gumbel"],
    },
    freq: {
      kind: "text",
      placeholder: "frequency",
      description: "block-maxima: the blocks: YS, YS-JUL, QS-DEC (default: YS)",
    },
    incomplete: {
      kind: "text",
      placeholder: "rule",
      description:
        "block-maxima: blocks without a value: with any step missing, skip: with all, wmo, or with more than so many percent (default: any)",
    },
    runDays: {
      kind: "number",
      placeholder: "days",
      description: "peaks-over-threshold: days below the threshold that part two peaks [days] (default: 3)",
      min: 0,
    },
    percentile: {
      kind: "number",
      placeholder: "p",
      description: "the threshold: of peaks, of the values (default: 95); of events, of the scores (default: 99)",
      above: 0,
    },
    threshold: {
      kind: "number",
      placeholder: "number",
      description: "the threshold as a number: in the unit of the values, or a score",
    },
    scorer: {
      kind: "text",
      placeholder: "scorer",
      description: "events: eof, or a network: model.onnx (default: eof)",
    },
    fitPeriod: {
      kind: "text",
      placeholder: "years",
      description: "events: period of the patterns, the means and the percentile: 1961-1990 (default: all)",
    },
    anomaly: {
      kind: "text",
      placeholder: "by",
      description:
        "events: score differences from the mean of the month, season or dayofyear, or none (default: month; none for a network)",
      choices: ["month", "season", "dayofyear", "none"],
    },
    modes: {
      kind: "number",
      placeholder: "n",
      description: "events, eof: number of patterns, or below 1 the part of the variance (default: 0.9)",
      above: 0,
    },
    bySeason: { kind: "flag", description: "events: patterns and threshold of each season" },
    gap: {
      kind: "integer",
      placeholder: "steps",
      description: "events: steps below the threshold that do not end an event (default: 0)",
      min: 0,
    },
    minSteps: {
      kind: "integer",
      placeholder: "steps",
      description: "events: steps above the threshold that an event has at least (default: 1)",
      min: 1,
    },
    modelOutput: {
      kind: "text",
      placeholder: "name",
      description: "events, network: output that is the score or the reconstruction, where it has several",
    },
    modelUnit: {
      kind: "text",
      placeholder: "unit",
      description: "events, network: unit of the fields it was trained with (default: that of the data)",
    },
    modelOffset: {
      kind: "number",
      placeholder: "number",
      description: "events, network: it sees (field - offset) / scale (default: 0)",
    },
    modelScale: { kind: "number", placeholder: "number", description: "events, network: see offset (default: 1)" },
    out: {
      ...out,
      description: "file to write: .nc, .zarr or .h5: levels and fits, or scores; .csv: events",
    },
    ...COMMON,
  },
  example: [
    'twinloom climate extremes "pr_*.nc" --var pr --unit mm/day --periods 10,50,100 --out levels.nc',
    "twinloom climate extremes waves.nc --kind peaks-over-threshold --percentile 97 --run-days 2",
    "twinloom climate extremes tasmax.nc --kind events --fit-period 1961-1990 --percentile 99 --out events.csv",
    "twinloom climate extremes tasmax.nc --kind events --scorer vae.onnx --model-unit degC",
  ],
  run: async ({ files }, options, io) => {
    const { checkKind } = await import("../climate-extremes-choice.ts");
    const choice = { ...options, files };
    checkKind(choice);
    if (options.kind === "events") {
      const { findEvents } = await import("../climate-events.ts");
      return await findEvents(choice, io);
    }
    const { computeLevels } = await import("../climate-levels.ts");
    await computeLevels(choice, io);
  },
});
