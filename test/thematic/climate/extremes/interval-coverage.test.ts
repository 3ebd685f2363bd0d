import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { type ExtremeValueDistribution, extremeValueLevel, RandomStream, returnLevel } from "../../../../core/index.ts";
import { fitExtremes } from "../../../../thematic/climate/extremes/fit-extremes.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const [samples, resamplings] = isLong ? [1000, 400] : [60, 60];
const PERIOD = 100;
const PEAKS_PER_YEAR = 2;

interface Case {
  readonly family: "gev" | "gpd";
  readonly method: "parametric" | "nonparametric";
  readonly n: number;
  readonly shape: number;
}

const CASES: readonly Case[] = (["gev", "gpd"] as const).flatMap((family) =>
  (["parametric", "nonparametric"] as const).flatMap((method) =>
    [30, 100].flatMap((n) => [-0.2, 0, 0.2].map((shape) => ({ family, method, n, shape }))),
  ),
);
function isSame(a: Case, b: Case): boolean {
  return a.family === b.family && a.method === b.method && a.n === b.n && a.shape === b.shape;
}

const measured: Record<string, unknown>[] = [];

/** Shares of samples of a known distribution whose 90 % interval holds its level of 100 years, and its shape. */
function coverage({ family, method, n, shape }: Case): { readonly level: number; readonly shape: number } {
  const truth: ExtremeValueDistribution = { family, location: 10, scale: 2, shape };
  // Each case has samples of its own: errors of the cases are independent.
  const random = new RandomStream({
    seed: BigInt(CASES.findIndex((each) => isSame(each, { family, method, n, shape }))),
    id: 0n,
  });
  const wanted = returnLevel(truth, PERIOD, family === "gpd" ? PEAKS_PER_YEAR : 1);
  const held = { level: 0, above: 0, shape: 0 };
  for (let i = 0; i < samples; i++) {
    random.restart(BigInt(i));
    // Peaks come by chance: their number in so many years is random.
    const count = family === "gpd" ? random.poisson(n) : n;
    const values = Float64Array.from({ length: count }, () => extremeValueLevel(truth, random.uniformOpen()));
    const { lower, upper } = fitExtremes(
      family === "gpd" ? { values, family, threshold: 10, years: n / PEAKS_PER_YEAR } : { values, family, perYear: 1 },
      { periods: [PERIOD], confidence: 0.9, interval: method, resamplings, seed: 1000n + BigInt(i), minimum: 10 },
    );
    const [low, high] = [lower as Float64Array, upper as Float64Array];
    if ((low[0] as number) <= wanted && wanted <= (high[0] as number)) held.level++;
    if (wanted > (high[0] as number)) held.above++;
    if ((low[1] as number) <= shape && shape <= (high[1] as number)) held.shape++;
  }
  measured.push({
    ...{ family, method, n, shape },
    level: Number((held.level / samples).toFixed(3)),
    level_above_interval: Number((held.above / samples).toFixed(3)),
    shape_held: Number((held.shape / samples).toFixed(3)),
  });
  return { level: held.level / samples, shape: held.shape / samples };
}

describe(`90 % intervals of ${samples} samples of known distributions`, () => {
  const cases = isLong ? CASES : CASES.filter(({ n, shape }) => n === 30 && shape === 0);
  it.each(cases)("of $family, $method, n = $n, shape $shape", { timeout: 300_000 }, (which) => {
    const held = coverage(which);
    const { method } = which;
    // Percentile intervals of small samples hold the truth less often than they say, of heavy tails above all.
    const least = method === "parametric" ? 0.78 : 0.62;
    const slack = isLong ? 0 : 0.1;
    expect(held.level).toBeGreaterThan(least - slack);
    expect(held.level).toBeLessThan(0.93 + slack);
    expect(held.shape).toBeGreaterThan(0.72 - slack);
  });
});

afterAll(async () => {
  if (!isLong || measured.length < CASES.length) return;
  const report = {
    date: new Date().toISOString().slice(0, 10),
    command: "npm run test:long -- test/thematic/climate/extremes/interval-coverage.test.ts",
    machine: { processor: cpus()[0]?.model, cores: cpus().length, node: process.version },
    what: `shares of ${samples} samples of known distributions whose 90 % interval (${resamplings} resamplings) holds their level of ${PERIOD} years, and their shape; of peaks ${PEAKS_PER_YEAR} a year on average, n of them on average`,
    standard_error: "0.009 at 0.9, 0.015 at 0.65",
    cases: measured,
  };
  const file = fileURLToPath(new URL("../../../../docs/measurements/climate-extremes.json", import.meta.url));
  await writeFile(file, `${JSON.stringify(report, undefined, 1)}\n`);
});
