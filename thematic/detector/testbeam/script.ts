import { z } from "zod";
import { checkSchema, type SchemaProblem } from "../../../core/index.ts";
import { TestBeamInvalidError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { between } from "../response/between.ts";
import { cellProblem, conditionsOrProblems, type ResponseConditions } from "../response/conditions.ts";
import { seedSchema } from "../seed-schema.ts";
import { absorberOf } from "../showers/generator-conditions.ts";
import { absorberMm, CHANGES, type TestBeamChange, type TestBeamTime } from "./changes.ts";

/** Of a random walk: each layer keeps them. */
const MOST_STEPS = 100_000;

const MANY = { error: "It must be an integer from 1 to 1000000000." };
const energy = between(1e-3, 1e9, "MeV");
const names = Object.keys(CHANGES) as (keyof typeof CHANGES)[];

/** What does not depend on the calorimeter, and of the history only which changes there are. */
const Script = z.strictObject({
  schemaVersion: z.literal(1, { error: "It must be 1." }),
  source: z.string().min(1, { error: "It must be a text, not empty." }).describe("Who makes the events."),
  run: z.string().default("").describe("The run that they belong to."),
  seed: seedSchema.default(1).describe("Seed, 0 to 2^64 - 1; beyond 2^53 as a string."),
  events: z.int(MANY).min(1, MANY).max(1e9, MANY).describe("Number of events."),
  eventsPerSecond: between(1e-6, 1e6, "1/s").describe("Rate, by which events have their time, 1/s."),
  startsAt: z.iso
    .datetime({ error: "It must be a time in UTC, such as 2026-11-22T08:00:00Z." })
    .default("2026-01-01T00:00:00Z")
    .describe("Time of the first event, UTC."),
  energyMeV: z
    .union([energy, z.array(energy).min(1).readonly()], {
      error: "It must be a number of MeV above 0, or a list of them.",
    })
    .optional()
    .describe("Kinetic energy of the electrons, MeV: one for all, or a list from which each is drawn."),
  energyRangeMeV: z
    .tuple([energy, energy], { error: "It must be [min, max], in MeV." })
    .readonly()
    .optional()
    .describe("Energies are drawn from here, uniform in the logarithm, MeV: [min, max]."),
  absorberMm: absorberMm.optional().describe("Thickness of the absorber in each stack at first, mm."),
  response: z.looseObject({}).default({}).describe("Response conditions at first."),
  history: z
    .array(z.looseObject({ change: z.enum(names) }), { error: "It must be a list of changes." })
    .default([])
    .describe("What changes, and when."),
});

/** What a test beam does, checked and in full. Plain JSON. */
export interface TestBeamScript {
  readonly schemaVersion: 1;
  /** Who makes the events: `"testbeam/ecal"`. */
  readonly source: string;
  /** The run that they belong to; may be empty. */
  readonly run: string;
  /** 0 to 2^64 - 1; beyond 2^53 - 1 its digits. */
  readonly seed: number | string;
  readonly events: number;
  /** Event times are so many a second, 1/s. */
  readonly eventsPerSecond: number;
  /** Time of the first event, ISO 8601, UTC. */
  readonly startsAt: string;
  /** Kinetic energies of the electrons, each drawn from these, MeV; either this or {@link energyRangeMeV}. */
  readonly energyMeV?: readonly number[];
  /** Kinetic energies are uniform in the logarithm from here to there, MeV. */
  readonly energyRangeMeV?: readonly [min: number, max: number];
  /** Thickness of the absorber in each stack at first, mm. */
  readonly absorberMm: number;
  /** At first. */
  readonly response: ResponseConditions;
  readonly history: readonly TestBeamChange[];
}

/**
 * A script, checked against a calorimeter, but for what its history does in time.
 *
 * @throws `TWIN_TESTBEAM_INVALID` with everything that is wrong.
 */
export function parseScript(value: unknown, geometry: CalorimeterGeometry): TestBeamScript {
  const checked = checkSchema(Script, value);
  if (checked.problems) throw new TestBeamInvalidError(checked.problems);
  const given = checked.value;
  const entries = given.history.map((entry) => checkSchema<z.ZodType<TestBeamChange>>(CHANGES[entry.change], entry));
  refuse(entries.flatMap(({ problems = [] }, place) => below(["history", place], problems)));
  const history = entries.flatMap((entry) => (entry.problems ? [] : entry.value));
  const response = conditionsOrProblems(given.response, geometry);
  refuse([
    ...below(["response"], response.problems ?? []),
    ...energyProblems(given),
    ...history.flatMap((change, place) =>
      below(["history", place], [...placeProblems(change, geometry), ...timeProblems(change, given)]),
    ),
  ]);
  const { energyMeV, energyRangeMeV = [1000, 100_000], ...rest } = given;
  return {
    ...rest,
    absorberMm: given.absorberMm ?? absorberOf(geometry),
    ...(energyMeV === undefined ? { energyRangeMeV } : { energyMeV: [energyMeV].flat() }),
    response: response.value as ResponseConditions,
    history,
  };
}

/** When something is, seconds after the first event. */
export function secondsOf(time: TestBeamTime, eventsPerSecond: number): number {
  return "event" in time ? time.event / eventsPerSecond : time.seconds;
}

/** Time of the last event, seconds after the first one. */
export function lastSeconds({ events, eventsPerSecond }: Pick<TestBeamScript, "events" | "eventsPerSecond">): number {
  return (events - 1) / eventsPerSecond;
}

function energyProblems({ energyMeV, energyRangeMeV }: z.output<typeof Script>): readonly SchemaProblem[] {
  if (energyRangeMeV === undefined) return [];
  const path = ["energyRangeMeV"];
  if (energyMeV !== undefined) return [{ path, message: "There is energyMeV, too; give one of them." }];
  return energyRangeMeV[0] <= energyRangeMeV[1] ? [] : [{ path, message: "Give the smaller end first." }];
}

/** Layers and cells that the geometry does not have. */
function placeProblems(change: TestBeamChange, geometry: CalorimeterGeometry): readonly SchemaProblem[] {
  const layers = "layers" in change ? (change.layers ?? []) : [];
  const cells = "cells" in change ? change.cells : [];
  const last = geometry.shape[0] - 1;
  return [
    ...layers.flatMap((layer, place): SchemaProblem[] => {
      const path = ["layers", place];
      if (layers.indexOf(layer) < place) return [{ path, message: `Layer ${layer} is there twice.` }];
      const message = `There is no layer ${layer} in geometry "${geometry.name}": layers are 0 to ${last}.`;
      return layer <= last ? [] : [{ path, message }];
    }),
    ...cells.flatMap((cell, place): SchemaProblem[] => {
      const message = cellProblem(cell, geometry);
      return message === undefined ? [] : [{ path: ["cells", place], message }];
    }),
  ];
}

/** Changes that no event sees, or that end before they begin; walks of too many steps. */
function timeProblems(change: TestBeamChange, script: z.output<typeof Script>): readonly SchemaProblem[] {
  const last = lastSeconds(script);
  const from = secondsOf(change.at, script.eventsPerSecond);
  if (from > last) {
    const message = `No event comes after it: the last one, ${script.events - 1}, comes ${last} s after the first.`;
    return [{ path: ["at"], message }];
  }
  const until = "until" in change && change.until ? secondsOf(change.until, script.eventsPerSecond) : last;
  if ("until" in change && change.until && until <= from) {
    return [
      {
        path: ["until"],
        message: `It must be after \`at\`: that is ${from} s after the first event, this ${until} s.`,
      },
    ];
  }
  if (change.change !== "gain-walk" || (until - from) / change.everySeconds <= MOST_STEPS) return [];
  const message = `A walk of ${until - from} s has ${Math.ceil((until - from) / change.everySeconds)} steps; at most ${MOST_STEPS} are allowed.`;
  return [{ path: ["everySeconds"], message }];
}

function below(path: SchemaProblem["path"], problems: readonly SchemaProblem[]): readonly SchemaProblem[] {
  return problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}

function refuse(problems: readonly SchemaProblem[]): void {
  if (problems.length > 0) throw new TestBeamInvalidError(problems);
}
