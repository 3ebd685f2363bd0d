import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { createTwin, quantiles, RandomStream, separationPower } from "../../../core/index.ts";
import {
  calorimeter,
  type Showers,
  showerFeatures,
  spectrumWarning,
  type Validation,
  validationReport,
} from "../../../thematic/detector/index.ts";
import { featureRows } from "../../../thematic/detector/validation/distance-features.ts";
import { extrapolate, frechetBatchSizes, frechetScore } from "../../../thematic/detector/validation/frechet.ts";
import { discrepancy } from "../../../thematic/detector/validation/kernel.ts";
import { neighbourScore, neighbourSpheres } from "../../../thematic/detector/validation/neighbours.ts";
import { poolOf, resample } from "../../../thematic/detector/validation/pool.ts";
import type { ShowerFeatures } from "../../../thematic/detector/validation/shower-features.ts";
import { SparseShowers } from "../../../thematic/detector/validation/sparse-showers.ts";
import { resampledQuantile, tails } from "../../../thematic/detector/validation/tails.ts";
import { sampleParts, showerFile } from "./sample.ts";

interface Oracle {
  readonly row: number[];
  readonly frechet: number;
  readonly kernel: number;
  readonly neighbours: { precision: number; recall: number; density: number; coverage: number };
  readonly correlations: (number | null)[][][];
  readonly occupancy: number[][];
  readonly difference: { rms: number; largest: number };
  readonly tails: number[][];
}
/** What numpy makes of the same showers (scripts/make-detector-oracles.py). */
const oracle = JSON.parse(
  readFileSync(new URL("../../fixtures/detector/judgement.json", import.meta.url), "utf8"),
) as Oracle;

const every = (count: number, from = 0): Uint32Array => Uint32Array.from({ length: count }, (_, i) => from + i);

describe("one half of the sample against the other, by numpy", () => {
  let made: Showers;
  let real: Showers;
  let validation: Validation;
  let features: { generated: ShowerFeatures; reference: ShowerFeatures };
  const sparse = { generated: new SparseShowers(every(100)), reference: new SparseShowers(every(100)) };

  beforeAll(async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const [first, second] = await sampleParts([0, 100], [100, 200]);
    made = await twin.detector.showers(first as NonNullable<typeof first>);
    real = await twin.detector.showers(second as NonNullable<typeof second>);
    validation = await twin.detector.validate(made, real);
    features = {
      generated: await showerFeatures(made, { visit: sparse.generated.add.bind(sparse.generated) }),
      reference: await showerFeatures(real, { visit: sparse.reference.add.bind(sparse.reference) }),
    };
  }, 120_000);

  const pool = () =>
    poolOf({
      generated: { features: features.generated, events: every(100) },
      reference: { features: features.reference, events: every(100) },
      thresholdMeV: made.geometry.thresholdMeV,
    });

  it("has the 362 numbers of a shower in CaloChallenge's order", () => {
    const rows = featureRows(pool());
    expect(rows.width).toBe(362);
    oracle.row.forEach((value, i) => {
      expect(Math.abs((rows.values[3 * 362 + i] as number) - value), `number ${i}`).toBeLessThan(1e-6);
    });
  });

  it("computes the Fréchet distance of all showers at once", async () => {
    const rows = featureRows(pool());
    const [a, b] = [every(100), every(100, 100)].map((members) => ({ rows, members }));
    const options = { seed: 1n, draws: 1, batchSizes: [20, 40] };
    const { full } = await frechetScore(a as NonNullable<typeof a>, b as NonNullable<typeof b>, options);
    expect(full / oracle.frechet).toBeCloseTo(1, 5);
  });

  it("computes the kernel distance", async () => {
    const { values } = featureRows(pool());
    const [x, y] = [values.slice(0, 36_200), values.slice(36_200)].map((each) => Float64Array.from(each));
    const value = await discrepancy(x as Float64Array, y as Float64Array, { width: 362 });
    expect(Math.abs(value - oracle.kernel)).toBeLessThan(1e-6);
  });

  it("computes precision, recall, density and coverage", async () => {
    const of = async (which: "generated" | "reference") => {
      const rows = { showers: sparse[which], rows: every(100), events: every(100) };
      return { ...rows, spheres: await neighbourSpheres(rows, { voxels: 6480 }) };
    };
    const score = await neighbourScore(await of("generated"), await of("reference"), { voxels: 6480 });
    expect(score).toEqual({
      precision: expect.closeTo(oracle.neighbours.precision, 12),
      recall: expect.closeTo(oracle.neighbours.recall, 12),
      density: expect.closeTo(oracle.neighbours.density, 12),
      coverage: expect.closeTo(oracle.neighbours.coverage, 12),
    });
  });

  it("computes correlations, and their differences", () => {
    const { energy, occupancy } = validation.correlations;
    [energy.generated, energy.reference].forEach((matrix, set) => {
      matrix.flat().forEach((value, i) => {
        const expected = oracle.correlations[set]?.flat()[i];
        if (expected === null) expect(value).toBeNaN();
        else expect(value).toBeCloseTo(expected as number, 10);
      });
    });
    [occupancy.generated, occupancy.reference].forEach((values, set) => {
      oracle.occupancy[set]?.forEach((expected, layer) => {
        expect(values[layer]).toBeCloseTo(expected, 10);
      });
    });
    expect(energy.difference.rms).toBeCloseTo(oracle.difference.rms, 10);
    expect(energy.difference.largest).toBeCloseTo(oracle.difference.largest, 10);
    const [i = 0, j = 0] = energy.difference.at;
    const apart = (energy.generated[i]?.[j] as number) - (energy.reference[i]?.[j] as number);
    expect(Math.abs(apart)).toBe(energy.difference.largest);
  });

  it("computes quantiles far out", async () => {
    const again = (offset: number): Uint32Array => Uint32Array.from({ length: 1000 }, (_, i) => (i % 100) + offset);
    const tenfold = poolOf({
      generated: { features: features.generated, events: again(0) },
      reference: { features: features.reference, events: again(0) },
      thresholdMeV: made.geometry.thresholdMeV,
    });
    const found = await tails(tenfold, { seed: 1n });
    expect(found).toHaveLength(8);
    found.forEach((tail, i) => {
      const [low, high, realLow, realHigh] = oracle.tails[Math.floor(i / 2)] as [number, number, number, number];
      expect(tail.generated, tail.observable).toBeCloseTo(i % 2 === 0 ? low : high, 6);
      expect(tail.reference, tail.observable).toBeCloseTo(i % 2 === 0 ? realLow : realHigh, 6);
      expect(tail.generatedError).toBeGreaterThanOrEqual(0);
    });
    expect(validation.tails).toEqual([]);
  });

  it("leaves out what so few showers say nothing about", () => {
    const { frechet, kernel, neighbours } = validation.distances;
    expect(frechet).toBeNull();
    expect(kernel).toBeNull();
    expect(neighbours).toBeNull(); // Halves of a hundred showers are below a hundred.
    expect(validation.decades.map(({ minMeV, generatedCount }) => [minMeV, generatedCount])).toEqual([
      [1000, 58],
      [10_000, 42],
    ]);
  });

  it("has floors and errors that halves of one set agree with", () => {
    for (const row of validation.separation) {
      expect(row.shuffledFloor, row.observable).toBeGreaterThan(0);
      expect(row.excess).toBe(row.value - row.shuffledFloor);
      expect(Math.abs(row.excess), row.observable).toBeLessThan(5 * Math.hypot(row.shuffledSpread, row.error));
    }
  });

  it("is the same each time, and another for another seed", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    expect(await twin.detector.validate(made, real)).toEqual(validation);
    const other = await twin.detector.validate(made, real, { seed: 2n });
    expect(other.separation[0]?.value).toBe(validation.separation[0]?.value);
    expect(other.separation[0]?.error).not.toBe(validation.separation[0]?.error);
  });

  it("measures floors with a second reference where there is one", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const { alike, separation, correlations } = await twin.detector.validate(made, real, { second: real });
    expect(alike).toEqual({ label: "EGSnrc, another set", counts: [100, 100] });
    expect(separation.map(({ measuredFloor }) => measuredFloor)).toEqual(separation.map(() => 0));
    expect(correlations.energy.difference.measuredFloor).toEqual({ rms: 0, largest: 0 });
    expect(separation.map(({ value }) => value)).toEqual(validation.separation.map(({ value }) => value));
  });

  it("stops when it is told to", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const stop = new AbortController();
    const reached: string[] = [];
    const progress = (fraction: number, doing: string): void => {
      reached.push(doing);
      if (fraction >= 0.4) stop.abort();
    };
    const stopped = twin.detector.validate(made, real, { signal: stop.signal, progress });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    expect(reached.at(-1)).toBe("separation powers");
  });
});

describe("resamplings", () => {
  /** Features with nothing but energies. */
  const withEnergies = (energies: readonly number[]) => ({
    features: { incidentMeV: Float64Array.from(energies), count: energies.length } as unknown as ShowerFeatures,
    events: every(energies.length),
  });
  const poolWith = (generated: readonly number[], reference: readonly number[]) =>
    poolOf({ generated: withEnergies(generated), reference: withEnergies(reference), thresholdMeV: 0 });

  it("exchange showers of one energy only where both sets have it", () => {
    // Ten generated showers at each of five energies of the reference.
    const reference = [1, 2, 3, 4, 5];
    const pool = poolWith(
      Array.from({ length: 50 }, (_, i) => 1 + (i % 5)),
      reference,
    );
    const energyOf = (member: number): number => (member < 50 ? 1 + (member % 5) : (reference[member - 50] as number));
    const { shuffled, bootstrap } = resample(pool, { seed: 3n, count: 40 });
    for (const members of shuffled) expect(Array.from(members, energyOf).sort((a, b) => a - b)).toEqual(reference);
    expect(new Set(shuffled.map((members) => members.join())).size).toBeGreaterThan(30);
    for (const weights of bootstrap) {
      for (let energy = 0; energy < 5; energy++) {
        const taken = [50 + energy, ...every(10).map((i) => 5 * i + energy)].map((member) => weights[member]);
        expect(new Set(taken).size).toBe(1);
      }
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(55);
    }
  });

  it("have as many groups as there are pairs at one energy", () => {
    const pool = poolWith(Array(30).fill(7), Array(10).fill(7));
    const { bootstrap, shuffled } = resample(pool, { seed: 3n, count: 20 });
    expect(new Set(bootstrap.map((weights) => weights.join())).size).toBe(20);
    for (const weights of bootstrap) expect(weights.reduce((sum, weight) => sum + weight, 0)).toBe(40);
    for (const members of shuffled) expect(new Set(members).size).toBe(10);
  });

  it("take each shower once in a shuffle, whatever the energies", () => {
    const stream = new RandomStream({ seed: 8n, id: 0n });
    const draw = (count: number): number[] => Array.from({ length: count }, () => stream.uniform());
    const pool = poolWith(draw(61), draw(17));
    for (const members of resample(pool, { seed: 3n, count: 10 }).shuffled) {
      expect(members).toHaveLength(17);
      expect(new Set(members).size).toBe(17);
      expect(Math.max(...members)).toBeLessThan(78);
    }
  });

  it("give a floor that is right for sets of unequal size and common energies, where the formula is not", async () => {
    // One number per shower, log-normal around its energy; generated showers at the reference's energies, ten times.
    const reference = 300;
    const floors: number[] = [];
    const values: number[] = [];
    for (let repetition = 0; repetition < 12; repetition++) {
      const stream = new RandomStream({ seed: 100n, id: BigInt(repetition) });
      const energies = Array.from({ length: reference }, () => 1000 * 100 ** stream.uniform());
      const shower = (energy: number): number => Math.log10(energy * Math.exp(0.1 * stream.normal()));
      const real = Float64Array.from(energies, shower);
      const made = Float64Array.from({ length: 10 * reference }, (_, i) => shower(energies[i % reference] as number));
      const bin = (value: number): number => Math.min(49, Math.max(0, Math.floor((value - 2.8) * 20)));
      const count = (all: Iterable<number>): Float64Array => {
        const counts = new Float64Array(50);
        for (const value of all) counts[bin(value)] = (counts[bin(value)] as number) + 1;
        return counts;
      };
      const pool = poolWith(
        Array.from(made, (_, i) => energies[i % reference] as number),
        energies,
      );
      const all = Float64Array.of(...made, ...real);
      const { shuffled } = resample(pool, { seed: 5n, count: 20 });
      for (const members of shuffled) {
        const chosen = new Set(members);
        const others = every(all.length).filter((member) => !chosen.has(member));
        const of = (which: Uint32Array) => count(Array.from(which, (member) => all[member] as number));
        floors.push(separationPower(of(others), of(members)));
      }
      values.push(separationPower(count(made), count(real)));
    }
    const mean = (all: readonly number[]): number => all.reduce((sum, value) => sum + value, 0) / all.length;
    const formula = (49 / 4) * (1 / 300 + 1 / 3000);
    const spread = Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / values.length);
    expect(Math.abs(mean(values) - mean(floors))).toBeLessThan(4 * spread);
    expect(mean(values)).toBeLessThan(0.8 * formula);
  });
});

describe("the Fréchet distance at infinitely large batches", () => {
  it("is that of two normal distributions", async () => {
    // Unit covariances; means 0.3 apart in each of 4 dimensions: 4 · 0.09 = 0.36.
    const stream = new RandomStream({ seed: 4n, id: 0n });
    const rows = { count: 40_000, width: 4, values: new Float32Array(160_000) };
    rows.values.forEach((_, at) => {
      rows.values[at] = stream.normal() + (at < 80_000 ? 0 : 0.3);
    });
    const [a, b] = [every(20_000), every(20_000, 20_000)].map((members) => ({ rows, members }));
    const batchSizes = frechetBatchSizes(20_000, 4) as readonly number[];
    expect(batchSizes).toHaveLength(10);
    expect([batchSizes[0], batchSizes[9]]).toEqual([4000, 20_000]);
    const options = { seed: 1n, draws: 20, batchSizes };
    const score = await frechetScore(a as NonNullable<typeof a>, b as NonNullable<typeof b>, options);
    expect(score.value).toBeCloseTo(0.36, 1);
    expect(Math.abs(score.value - score.full)).toBeLessThan(4 * Math.max(score.error, 1e-3));
  });

  it("needs batches with more showers than numbers", () => {
    expect(frechetBatchSizes(1809, 362)).toBeUndefined();
    expect(frechetBatchSizes(1810, 362)?.[0]).toBe(362);
    expect(frechetBatchSizes(1e6, 362)?.at(-1)).toBe(50_000);
  });

  it.each([
    ["a line", (n: number) => 0.2 + 30 / n, 0.2, 30],
    ["a line that starts below zero", (n: number) => -0.1 + 300 / n, 0, undefined],
    ["a falling line", (n: number) => 0.5 - 30 / n, undefined, 0],
  ])("follows %s with neither part below zero", (_, line, value, slope) => {
    const sizes = [100, 200, 400, 1000];
    const fit = extrapolate(sizes, Float64Array.from(sizes, line));
    if (value !== undefined) expect(fit.value).toBeCloseTo(value, 12);
    if (slope !== undefined) expect(fit.slope).toBeCloseTo(slope, 9);
    expect(Math.min(fit.value, fit.slope)).toBeGreaterThanOrEqual(0);
  });
});

describe("quantiles of resamplings", () => {
  it("are those of the values that were taken", () => {
    const stream = new RandomStream({ seed: 12n, id: 0n });
    const sorted = Float64Array.from({ length: 200 }, () => stream.normal()).sort();
    for (let trial = 0; trial < 20; trial++) {
      const indices = Uint32Array.from(sorted, () => Math.floor(stream.uniform() * 200));
      const taken = Array.from(indices, (index) => sorted[index] as number);
      for (const probability of [0, 1e-3, 0.3, 0.999, 1]) {
        expect(resampledQuantile(sorted, indices, probability)).toBeCloseTo(
          quantiles(taken, [probability])[0] as number,
          12,
        );
      }
    }
  });
});

describe("sets that differ", () => {
  it("are told apart by what the difference is in", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const [file] = await sampleParts([0, 200]);
    const real = await twin.detector.showers(file as NonNullable<typeof file>);
    const voxels = new Float32Array(200 * 6480);
    for await (const { start, energies } of real.batches()) voxels.set(energies.values(), start * 6480);
    // Twice the energy in layer 10, in the hundred showers of the second half alone.
    for (let at = 100 * 6480; at < voxels.length; at++) {
      if (Math.floor((at % 6480) / 144) === 10) voxels[at] = 3 * (voxels[at] as number);
    }
    const made = await twin.detector.showers(showerFile([...real.energyMeV], voxels));
    const { separation, correlations } = await twin.detector.validate(made, real);
    const layers = separation.find(({ observable }) => observable === "layer energy")?.perLayer ?? [];
    expect(layers.indexOf(Math.max(...layers.filter((value) => value >= 0)))).toBe(10);
    expect(correlations.energy.difference.at).toContain(10);
    const response = separation[0];
    expect(response?.excess).toBeGreaterThan(3 * (response?.error ?? Number.NaN));
  });

  it("of which one has other energies are no fair comparison, and that is said", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const [file] = await sampleParts([0, 200]);
    const real = await twin.detector.showers(file as NonNullable<typeof file>);
    const slow = real.energyMeV.toSorted()[50] as number;
    const voxels = new Float32Array(200 * 6480);
    for await (const { start, energies } of real.batches()) voxels.set(energies.values(), start * 6480);
    const few = Array.from(real.energyMeV.keys()).filter((event) => (real.energyMeV[event] as number) < slow);
    const chosen = Float32Array.from(few.flatMap((event) => [...voxels.subarray(event * 6480, (event + 1) * 6480)]));
    const low = await twin.detector.showers(
      showerFile(
        few.map((event) => real.energyMeV[event] as number),
        chosen,
      ),
    );
    const other = await twin.detector.validate(low, real, { metrics: "fast" });
    expect(other.energyTest.statistic).toBeCloseTo(0.75, 9);
    expect(spectrumWarning(other)).toContain("up to 75 % apart");
    expect(validationReport(other, twin.detector.geometry).summary).toContain("no fair comparison");
    const same = await twin.detector.validate(real, real, { metrics: "fast" });
    expect(same.energyTest).toEqual({ statistic: 0, pValue: 1 });
    expect(spectrumWarning(same)).toBeUndefined();
  });

  it("differ wholly in a layer that only one of them reaches", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const [file] = await sampleParts([0, 200]);
    const full = await twin.detector.showers(file as NonNullable<typeof file>);
    const voxels = new Float32Array(200 * 6480);
    for await (const { start, energies } of full.batches()) voxels.set(energies.values(), start * 6480);
    const emptied = voxels.map((energy, at) => (Math.floor((at % 6480) / 144) === 10 ? 0 : energy));
    const empty = await twin.detector.showers(showerFile([...full.energyMeV], emptied));
    for (const [made, real] of [
      [empty, full],
      [full, empty],
    ] as const) {
      const { separation } = await twin.detector.validate(made, real, { metrics: "fast" });
      const row = separation.find(({ observable }) => observable === "layer energy");
      expect(row?.perLayer?.[10]).toBe(1);
      // The mean has the layer in it, and so has what is left above the floor.
      expect(row?.value).toBeCloseTo(1 / (row?.perLayer?.filter((value) => !Number.isNaN(value)).length ?? 0), 6);
      expect(row?.excess).toBeGreaterThan(0);
      expect(row?.floor).toBeLessThan(1);
    }
  });
});
