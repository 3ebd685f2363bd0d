import { describe, expect, it } from "vitest";
import { moments } from "../../../core/index.ts";
import { createGflash } from "../../../thematic/detector/gflash/plugin.ts";
import { layerFractions, longitudinalMeans, radialProfile } from "../../../thematic/detector/gflash/profiles.ts";
import { effectiveMedium, loadGeometry, publishedConstants } from "../../../thematic/detector/index.ts";

const geometry = await loadGeometry("w-si-45");
const medium = effectiveMedium(geometry.slabs);
const published = publishedConstants(medium);

/** Worked values for this stack, computed by hand from hep-ex/0001020: E GeV, ln y, T, a, layer of maximum, widths, ρ. */
const WORKED: readonly (readonly [number, number, number, number, number, number, number, number])[] = [
  [1, 4.8, 3.56, 2.97, 4.4, 0.286, 0.337, 0.674],
  [10, 7.1, 5.86, 4.09, 7.3, 0.157, 0.209, 0.621],
  [100, 9.4, 8.17, 5.22, 10.1, 0.108, 0.151, 0.568],
  [1000, 11.71, 10.47, 6.35, 13.0, 0.082, 0.119, 0.515],
];

/** Visible energy over incident energy of showers of one energy. */
async function responses(constants: "published" | "refitted", energyMeV: number, count: number): Promise<Float64Array> {
  const model = await createGflash(geometry, constants);
  const found = new Float64Array(count);
  const request = {
    conditions: { incident_energy: new Float64Array(count).fill(energyMeV) },
    eventIds: BigInt64Array.from(found, (_, i) => BigInt(i)),
    seed: 12n,
  };
  for await (const batch of model.generate(request)) {
    const voxels = batch.arrays["showers"]?.values() as Float32Array;
    const width = voxels.length / batch.count;
    for (let i = 0; i < batch.count; i++) {
      found[batch.start + i] = voxels.subarray(i * width, (i + 1) * width).reduce((sum, e) => sum + e, 0) / energyMeV;
    }
  }
  return found;
}

describe("effective medium", () => {
  it("has the worked values of the W-Si stack, to their last digit", () => {
    expect(medium.Z).toBeCloseTo(72.49, 2);
    expect(medium.A).toBeCloseTo(179.91, 2);
    expect(medium.densityGPerCm3).toBeCloseTo(16.305, 3);
    expect(medium.radiationLengthMm).toBeCloseTo(4.221, 3);
    expect(medium.moliereRadiusMm).toBeCloseTo(10.87, 2);
    expect(medium.criticalEnergyMeV).toBeCloseTo(8.232, 3);
    expect(medium.samplingFrequency).toBeCloseTo(2.483, 3);
    expect(medium.eToMip).toBeCloseTo(0.7042, 4);
  });
});

describe("published constants", () => {
  it.each(WORKED)(
    "at %d GeV give the worked values, to their last digit",
    (energyGeV, lnY, T, a, layer, sT, sA, rho) => {
      const y = Math.log((1000 * energyGeV) / medium.criticalEnergyMeV);
      const means = longitudinalMeans(published.longitudinal, y);
      expect(y).toBeCloseTo(lnY, 2);
      // The worked values are rounded to two or three digits; half a digit more for their own rounding.
      expect(Math.abs(Math.exp(means.lnT) - T)).toBeLessThan(0.0075);
      expect(Math.abs(Math.exp(means.lnA) - a)).toBeLessThan(0.0075);
      expect(Math.abs((Math.exp(means.lnT) * medium.radiationLengthMm) / geometry.layerMm - layer)).toBeLessThan(0.06);
      expect(Math.abs(means.sigmaLnT - sT)).toBeLessThan(0.00075);
      expect(Math.abs(means.sigmaLnA - sA)).toBeLessThan(0.00075);
      expect(Math.abs(means.correlation - rho)).toBeLessThan(0.00075);
    },
  );

  it("keep the widths finite where the formulas diverge", () => {
    for (const energyMeV of [10, 50, 60, 100]) {
      const means = longitudinalMeans(published.longitudinal, Math.log(energyMeV / medium.criticalEnergyMeV));
      expect(means.sigmaLnT).toBeLessThanOrEqual(1);
      expect(means.sigmaLnT).toBeGreaterThan(0);
      expect(Number.isFinite(means.lnT + means.lnA + means.sigmaLnA)).toBe(true);
    }
  });

  it("put the maximum of a layer's energy where T says, and lose nothing but the leakage", () => {
    const fractions = new Float64Array(2000);
    const contained = layerFractions(fractions, { maximum: 6, shape: 4 }, { layer: 0.02, origin: 0 });
    expect(fractions.indexOf(Math.max(...fractions)) * 0.02).toBeCloseTo(6, 1);
    // Beyond 20 = b t of a gamma distribution of shape 4: e^-20 (1 + 20 + 20²/2 + 20³/6).
    expect(1 - contained).toBeCloseTo(Math.exp(-20) * (1 + 20 + 200 + 8000 / 6), 12);
    expect(fractions.reduce((sum, fraction) => sum + fraction, 0)).toBeCloseTo(contained, 12);
  });

  it("have the radial profile of the formulas at one point, computed by hand", () => {
    const profile = { core: 0, tail: 0, weight: 0 };
    radialProfile(profile, published.radial, 1, Math.log(10));
    const { Z, samplingFrequency: F, eToMip: e } = medium;
    const lnE = Math.log(10);
    expect(profile.core).toBeCloseTo(
      0.0251 + 0.00319 * lnE + (0.1162 - 0.000381 * Z) - 0.0203 * (1 - e) + (0.0397 / F) * Math.exp(-1),
      12,
    );
    const k1 = 0.659 - 0.00309 * Z;
    const tail = k1 * (Math.exp(-2.59 * 0.355) + Math.exp((0.3585 + 0.0412 * lnE) * 0.355));
    expect(profile.tail).toBeCloseTo(tail - 0.14 * (1 - e) - (0.495 / F) * Math.exp(-1), 12);
    const u = (0.401 + 0.00187 * Z - 1) / (1.313 - 0.0686 * lnE);
    const weight = (2.632 - 0.00094 * Z) * Math.exp(u - Math.exp(u)) + (1 - e) * (0.348 - 0.642 / F);
    expect(profile.weight).toBeCloseTo(Math.min(1, weight), 12);
  });
});

describe("GFLASH showers", () => {
  it("have the sampling fluctuations of the published resolution, 11 %/√E", async () => {
    for (const energyMeV of [1000, 10_000]) {
      const found = moments(await responses("published", energyMeV, 1500));
      // What leaks sideways is 1 % of the energy; 1,500 showers know a spread to 1.8 %, four errors are 7 %.
      const expected = 0.11 / Math.sqrt(energyMeV / 1000);
      expect(Math.abs(found.standardDeviation() / found.mean / expected - 1)).toBeLessThan(0.08);
      expect(found.mean).toBeGreaterThan(0.97);
      expect(found.mean).toBeLessThan(1.01);
    }
  });

  it("have the refitted response and resolution", async () => {
    const found = moments(await responses("refitted", 10_000, 1500));
    const { sampling } = (await createGflash(geometry, "refitted")).constants;
    const response = sampling.response[0] + sampling.response[1] * Math.log(10_000 / medium.criticalEnergyMeV);
    expect(Math.abs(found.mean - response)).toBeLessThan(4 * found.meanError + 1e-3);
    const spread = (sampling.totalResolution as number) / Math.sqrt(10);
    expect(Math.abs(found.standardDeviation() / spread - 1)).toBeLessThan(0.08);
  });

  it("have no voxel below the readout threshold but 0", async () => {
    const model = await createGflash(geometry, "refitted");
    const request = {
      conditions: { incident_energy: Float64Array.of(1000) },
      eventIds: BigInt64Array.of(5n),
      seed: 1n,
    };
    for await (const { arrays } of model.generate(request)) {
      const voxels = arrays["showers"]?.values() as Float32Array;
      const hit = voxels.filter((energy) => energy !== 0);
      expect(hit.length).toBeGreaterThan(20);
      expect(hit.every((energy) => energy >= Math.fround(geometry.thresholdMeV))).toBe(true);
    }
  });
});
