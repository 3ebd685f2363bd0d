import { describe, expect, it } from "vitest";
import { createGflash } from "../../../thematic/detector/gflash/plugin.ts";
import { longitudinalMeans } from "../../../thematic/detector/gflash/profiles.ts";
import { refit, SummarySet } from "../../../thematic/detector/gflash/refit/refit.ts";
import { effectiveMedium, loadGeometry } from "../../../thematic/detector/index.ts";

describe("refit", () => {
  it("finds the constants again that showers were simulated with", async () => {
    const geometry = await loadGeometry("w-si-45");
    const truth = await createGflash(geometry, "refitted");
    const count = 3000;
    const energies = Float64Array.from({ length: count }, (_, i) => 1000 * 100 ** ((i + 0.5) / count));
    const set = new SummarySet(geometry.shape);
    for await (const { start, count: some, arrays } of truth.generate({
      conditions: { incident_energy: energies },
      eventIds: BigInt64Array.from(energies, (_, i) => BigInt(i)),
      seed: 31n,
    })) {
      const voxels = arrays["showers"]?.values() as Float32Array;
      for (let i = 0; i < some; i++) set.add(voxels.subarray(i * 6480, (i + 1) * 6480), energies[start + i] as number);
    }
    const fitted = refit(set, geometry, () => {});
    const { criticalEnergyMeV } = effectiveMedium(geometry.slabs);
    const ratio = (of: (constants: typeof fitted) => number): number => of(fitted) / of(truth.constants) - 1;
    for (const energyMeV of [2000, 10_000, 50_000]) {
      const lnY = Math.log(energyMeV / criticalEnergyMeV);
      // T and the origin are correlated; what the data know is where the maximum lies.
      const maximum = ratio(({ longitudinal }) => {
        const { lnT, origin } = longitudinalMeans(longitudinal, lnY);
        return Math.exp(lnT) + origin;
      });
      expect(Math.abs(maximum), `maximum at ${energyMeV} MeV`).toBeLessThan(0.03);
    }
    // 3,000 showers know a mean response to 0.1 %, and its spread to 1.3 %.
    expect(Math.abs(ratio(({ sampling }) => sampling.response[0] + 7 * sampling.response[1]))).toBeLessThan(0.005);
    expect(Math.abs(ratio(({ sampling }) => sampling.totalResolution ?? 0))).toBeLessThan(0.06);
    // The covariance of layers is modelled to first order only.
    expect(Math.abs(ratio(({ sampling }) => sampling.layerResolution))).toBeLessThan(0.06);
    expect(Math.abs(ratio(({ spots }) => spots.count[0]))).toBeLessThan(0.1);
  });
});
