import { z } from "zod";
import { between } from "../response/between.ts";
import { cell, MAX_HOT_CELLS, noise, thresholdMeV } from "../response/conditions.ts";

const LONGEST_SECONDS = 1e9;

const WHEN = { error: "It must be { event: … }, an integer from 0, or { seconds: … } after the first event." };
const when = z.union(
  [z.strictObject({ event: z.int().min(0) }), z.strictObject({ seconds: z.number().min(0).max(LONGEST_SECONDS) })],
  WHEN,
);
const at = when.describe("Event, or seconds after the first event, from which it holds.");
const until = when.describe("Event, or seconds after the first event, at which it ends.");
const untilEnd = until.optional().describe("As at; the end of the beam by default.");

const layer = z.int({ error: "It must be an integer from 0." }).min(0, { error: "It must be an integer from 0." });
const layers = z
  .array(layer)
  .min(1, { error: "It must name one layer or more." })
  .readonly()
  .optional()
  .describe("Layers, counted from 0; all by default.");
const someCells = z.array(cell).min(1, { error: "It must have one cell or more." });
const cells = someCells.readonly().describe("Cells: [layer, alpha, r].");
const hotCells = someCells
  .max(MAX_HOT_CELLS, { error: `At most ${MAX_HOT_CELLS} cells may be hot.` })
  .readonly()
  .describe("Cells: [layer, alpha, r].");

export const absorberMm = between(0.01, 1000, "mm");

/** What may change, by the name that a script has for it. */
export const CHANGES = {
  "temperature-ramp": z.strictObject({
    change: z.literal("temperature-ramp"),
    at,
    until,
    kelvinPerMinute: between(-1e4, 1e4, "K/min").describe(
      "Change of the temperature, which stays where it ends, K/min.",
    ),
  }),
  "gain-step": z.strictObject({
    change: z.literal("gain-step"),
    at,
    layers,
    factor: between(0.1, 10).describe("Factor on the gain."),
  }),
  "gain-drift": z.strictObject({
    change: z.literal("gain-drift"),
    at,
    until: untilEnd,
    layers,
    perHour: between(-1e4, 1e4, "1/h").describe("Linear change of the gain, relative to that at the beginning, 1/h."),
  }),
  "gain-walk": z.strictObject({
    change: z.literal("gain-walk"),
    at,
    until: untilEnd,
    layers,
    perRootHour: between(0, 1e3, "1/√h").describe(
      "Standard deviation of the gain's logarithm after an hour of random walk, each layer on its own, 1/√h.",
    ),
    everySeconds: between(1e-3, LONGEST_SECONDS, "s").default(1).describe("Time between the steps of the walk, s."),
  }),
  "dead-cells": z.strictObject({ change: z.literal("dead-cells"), at, until: untilEnd, cells }),
  "hot-cells": z.strictObject({
    change: z.literal("hot-cells"),
    at,
    until: untilEnd,
    cells: hotCells,
    ...noise,
  }),
  threshold: z.strictObject({
    change: z.literal("threshold"),
    at,
    thresholdMeV: thresholdMeV.describe("Readout threshold from then on, MeV."),
  }),
  absorber: z.strictObject({
    change: z.literal("absorber"),
    at,
    absorberMm: absorberMm.describe("Thickness of the absorber in each stack from then on, mm."),
  }),
  "slow-control-late": z.strictObject({
    change: z.literal("slow-control-late"),
    at,
    until: untilEnd,
    bySeconds: between(0, LONGEST_SECONDS, "s").describe("Age of the temperature that is published, s."),
  }),
  "slow-control-missing": z.strictObject({ change: z.literal("slow-control-missing"), at, until: untilEnd }),
} as const;

/** An entry of a test beam's history. */
export type TestBeamChange = z.output<(typeof CHANGES)[keyof typeof CHANGES]>;

/** An event, or a time. */
export type TestBeamTime = z.output<typeof when>;
