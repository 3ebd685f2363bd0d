import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { lorenz96Step, type Skill, type TwinExperiment, twinExperiment } from "./lorenz-96.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const length = isLong ? { cycles: 5000, spinUp: 400 } : { cycles: 200, spinUp: 100 };
const seeds = isLong ? [1, 2, 3, 4, 5] : [1];

interface Experiment {
  readonly name: string;
  readonly filter: Omit<TwinExperiment, keyof typeof length | "seed">;
  /** RMSE that published filters of the kind have, where one is known, rounded as published. */
  readonly published?: string;
  /** What the RMSE must be within. */
  readonly rmse: readonly [least: number, most: number];
}

// The model and the usual observation error: E. N. Lorenz, K. A. Emanuel, "Optimal sites for supplementary weather
// observations: simulation with a small model", Journal of the Atmospheric Sciences 55 (1998) 399; with every place observed
// it is the test of J. S. Whitaker, T. M. Hamill, Monthly Weather Review 130 (2002) 1913, and of most filters since.
const ott = "0.20: E. Ott et al., Tellus A 56 (2004) 415, the local filter and a large ensemble alike";
const sakov = "0.18: P. Sakov, P. R. Oke, Tellus A 60 (2008) 361, table 1";
const experiments: readonly Experiment[] = [
  {
    name: "20 members, localised",
    filter: { members: 20, inflation: 1.02, halfWidth: 9 },
    published: ott,
    rmse: [0.15, 0.25],
  },
  { name: "10 members, localised", filter: { members: 10, inflation: 1.02, halfWidth: 6 }, rmse: [0.15, 0.25] },
  { name: "40 members, not localised", filter: { members: 40, inflation: 1.02 }, published: sakov, rmse: [0.15, 0.25] },
  {
    name: "every second place observed",
    filter: { members: 20, inflation: 1.02, halfWidth: 9, spacing: 2 },
    rmse: [0.25, 0.4],
  },
  {
    name: "half of the observations missing, others each time",
    filter: { members: 20, inflation: 1.02, halfWidth: 9, missing: 0.5 },
    rmse: [0.25, 0.4],
  },
];
/** Filters that lose the trajectory: worse than the observations, or than no filter. */
const lost: readonly Experiment[] = [
  { name: "20 members, neither inflated nor localised", filter: { members: 20 }, rmse: [1, 6] },
  { name: "10 members, inflated, not localised", filter: { members: 10, inflation: 1.02 }, rmse: [1, 6] },
];

const measured: Record<string, unknown>[] = [];

describe("Lorenz-96, 40 places, unit observation errors every 6 hours", () => {
  it.each(experiments)("is followed: $name", { timeout: 1_200_000 }, (experiment) => {
    for (const { rmse, spread, observationError, climate } of run(experiment)) {
      within(rmse, experiment.rmse);
      // An ensemble that knows its error; the inflation of 2 % each time makes it the wider one.
      within(spread / rmse, [0.95, 1.25]);
      expect(observationError).toBeCloseTo(1, 1);
      // Lorenz and Emanuel: 3.6.
      within(climate, [3.5, 3.8]);
    }
  });

  it.each(lost)("is lost: $name", { timeout: 1_200_000 }, (experiment) => {
    for (const { rmse, spread } of run(experiment)) {
      within(rmse, experiment.rmse);
      expect(spread / rmse).toBeLessThan(0.5);
    }
  });

  it("is integrated to the fourth order", () => {
    const reached = (steps: number): Float64Array => {
      const state = Float64Array.from({ length: 40 }, (_, i) => 8 + 4 * Math.sin(i));
      for (let step = 0; step < steps; step++) lorenz96Step(state, 0.1 / steps);
      return state;
    };
    const exact = reached(256);
    const error = (steps: number): number =>
      reached(steps).reduce((most, value, i) => Math.max(most, Math.abs(value - (exact[i] as number))), 0);
    within(error(8) / error(16), [14, 18]);
  });
});

afterAll(async () => {
  if (!isLong) return;
  const report = {
    date: new Date().toISOString().slice(0, 10),
    command: "npm run test:long -- test/core/math/lorenz-96.test.ts",
    machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
    model:
      "Lorenz-96, 40 places, force 8, Runge-Kutta steps of 0.05, every place observed each step with a variance of 1",
    ...length,
    seeds,
    filters: measured,
  };
  const file = fileURLToPath(new URL("../../../docs/measurements/lorenz-96.json", import.meta.url));
  await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`);
});

function run({ name, filter, published }: Experiment): readonly Skill[] {
  const skills = seeds.map((seed) => twinExperiment({ ...length, ...filter, seed }));
  const column = (of: (skill: Skill) => number): number[] => skills.map((skill) => Number(of(skill).toFixed(4)));
  measured.push({
    name,
    ...filter,
    rmse: column(({ rmse }) => rmse),
    spread_by_rmse: column(({ spread, rmse }) => spread / rmse),
    observation_error: column(({ observationError }) => observationError),
    climate: column(({ climate }) => climate),
    ...(published === undefined ? {} : { published }),
  });
  return skills;
}

function within(value: number, [least, most]: readonly [number, number]): void {
  expect(value).toBeGreaterThanOrEqual(least);
  expect(value).toBeLessThanOrEqual(most);
}
