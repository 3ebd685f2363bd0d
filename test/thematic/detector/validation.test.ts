import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { constant, createTwin, type Generator, Generator as GeneratorToken } from "../../../core/index.ts";
import { reportDocumentSchema } from "../../../modules/report/index.ts";
import {
  calorimeter,
  gflash,
  type LayerFeature,
  type Showers,
  showerFeatures,
  type Validation,
  validationReport,
} from "../../../thematic/detector/index.ts";
import { sampleParts, showerFile } from "./sample.ts";

interface Oracle {
  readonly features: Record<LayerFeature, number[]>;
  readonly response: {
    separation: number;
    floor: number;
    wasserstein: number;
    ks: number;
    mean: number;
    error: number;
  };
  readonly separation: Record<LayerFeature, number>;
  readonly layerEnergySeparation: (number | null)[];
  readonly voxels: number;
  readonly longitudinal: number[];
  readonly longitudinalError: number[];
  readonly radial: number[];
  readonly r90Mm: number;
  readonly occupied: number;
}
/** What numpy makes of the same showers (scripts/make-detector-oracles.py). */
const oracle = JSON.parse(
  readFileSync(new URL("../../fixtures/detector/validation.json", import.meta.url), "utf8"),
) as Oracle;
const NAMES: Readonly<Record<LayerFeature, string>> = {
  energy: "layer energy",
  centreEta: "centre in eta",
  centrePhi: "centre in phi",
  centreR: "centre in r",
  widthEta: "width in eta",
  widthPhi: "width in phi",
  widthR: "width in r",
  sparsity: "sparsity",
};

describe("validation of one half of the sample by the other, against numpy", () => {
  let made: Showers;
  let real: Showers;
  let validation: Validation;

  beforeAll(async () => {
    const twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const [first, second] = await sampleParts([0, 100], [100, 200]);
    made = await twin.detector.showers(first as NonNullable<typeof first>);
    real = await twin.detector.showers(second as NonNullable<typeof second>);
    validation = await twin.detector.validate(made, real);
    await twin.stop();
  }, 120_000);

  it("computes the features of a shower", async () => {
    const features = await showerFeatures(made);
    for (const name of Object.keys(NAMES) as LayerFeature[]) {
      for (let layer = 0; layer < 45; layer++) {
        // Widths are differences of squares: an empty or one-voxel layer has rounding noise of 1e-7 mm.
        const tolerance = name.startsWith("width") ? 1e-5 : 1e-9;
        const value = features[name][3 * 45 + layer] as number;
        expect(Math.abs(value - (oracle.features[name][layer] as number))).toBeLessThan(tolerance);
      }
    }
  });

  it("computes separation powers and their floors", () => {
    const rows = Object.fromEntries(validation.separation.map((row) => [row.observable, row]));
    const response = rows["total / incident energy"];
    expect(response?.value).toBeCloseTo(oracle.response.separation, 12);
    expect(response?.floor).toBeCloseTo(oracle.response.floor, 12);
    expect(response?.wasserstein).toBeCloseTo(oracle.response.wasserstein, 12);
    expect(validation.responseTest.statistic).toBeCloseTo(oracle.response.ks, 12);
    expect(rows["voxel energy"]?.value).toBeCloseTo(oracle.voxels, 10);
    for (const [feature, name] of Object.entries(NAMES)) {
      expect(rows[name]?.value, name).toBeCloseTo(oracle.separation[feature as LayerFeature], 10);
    }
    rows["layer energy"]?.perLayer?.forEach((value, layer) => {
      const expected = oracle.layerEnergySeparation[layer] ?? null;
      if (expected === null) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(expected, 10);
    });
  });

  it("computes profiles, containment and occupancy", () => {
    validation.longitudinal.forEach((point, layer) => {
      expect(point.generated).toBeCloseTo(oracle.longitudinal[layer] as number, 13);
      expect(point.generatedError).toBeCloseTo(oracle.longitudinalError[layer] as number, 13);
    });
    validation.radial.forEach((point, ring) => {
      expect(point.generated).toBeCloseTo(oracle.radial[ring] as number, 13);
    });
    expect(validation.generated.response).toBeCloseTo(oracle.response.mean, 13);
    expect(validation.generated.responseError).toBeCloseTo(oracle.response.error, 13);
    expect(validation.generated.containment.r90Mm).toBeCloseTo(oracle.r90Mm, 10);
    expect(validation.generated.containment.occupied).toBeCloseTo(oracle.occupied, 10);
  });

  it("finds two halves of one set no farther apart than the floor allows", () => {
    for (const { value, floor, observable } of validation.separation) {
      if (observable === "voxel energy") continue; // voxels of a shower are correlated; the formula takes them as free
      expect(value, observable).toBeLessThan(2 * floor);
    }
  });

  it("finds no difference between a set and itself", async () => {
    const twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const same = await twin.detector.validate(made, made);
    expect(Math.max(...same.separation.map((row) => (Number.isNaN(row.value) ? 0 : row.value)))).toBe(0);
    expect(same.worstLayer?.deviation).toBe(0);
    await twin.stop();
  });

  it("keeps a layer in which all showers are alike from outweighing the others in W1/σ", async () => {
    // In the last layer every reference shower has one voxel, so its width is a rounding error that depends on the
    // energy; the judged showers have two there. Layer 0 has widths that differ by a tenth of a millimetre.
    const file = (second: number) => {
      const data = new Float32Array(20 * 6480);
      for (let event = 0; event < 20; event++) {
        data[event * 6480 + 5] = 50 + event;
        data[event * 6480 + 7] = 20;
        data[event * 6480 + 44 * 144 + (event % 16) * 9 + 7] = 1 + event / 7;
        data[event * 6480 + 44 * 144 + 2] = second;
      }
      return showerFile(new Array(20).fill(1000), data);
    };
    await using twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const [judged, reference] = [await twin.detector.showers(file(1)), await twin.detector.showers(file(0))];
    const { separation } = await twin.detector.validate(judged, reference);
    const width = separation.find(({ observable }) => observable === "width in eta");
    expect(width?.wasserstein).toBeGreaterThan(0);
    expect(width?.relativeWasserstein).toBeLessThan(1e3);
  });

  it("takes the labels from what the files say", () => {
    expect(validation.reference.label).toBe("EGSnrc");
  });

  it("makes a report that a report plugin accepts", async () => {
    const twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const document = JSON.parse(JSON.stringify(validationReport(validation, twin.detector.geometry)));
    expect(reportDocumentSchema.safeParse(document).error).toBeUndefined();
    expect(document.sections.flatMap((section: { items: unknown[] }) => section.items).length).toBeGreaterThan(10);
    await twin.stop();
  });
});

describe("showers that cannot be used", () => {
  const invalid = expect.objectContaining({ code: "TWIN_SHOWERS_INVALID" });
  const open = async (file: ReturnType<typeof showerFile>): Promise<Showers> => {
    const twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    return twin.detector.showers(file);
  };

  it.each([
    ["another number of voxels", () => showerFile([1000, 2000], new Float32Array(20), 10)],
    ["another number of energies", () => showerFile([1000], new Float32Array(2 * 6480))],
    ["an energy of 0", () => showerFile([0, 2000], new Float32Array(2 * 6480))],
    ["an energy that is NaN", () => showerFile([1000, Number.NaN], new Float32Array(2 * 6480))],
    ["no variable of that name", () => ({ ...showerFile([1000], new Float32Array(6480)), variables: {} })],
  ])("are refused: %s", async (_, file) => {
    await expect(open(file())).rejects.toThrow(invalid);
  });

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY])("are refused when a voxel is %d", async (bad) => {
    const voxels = new Float32Array(2 * 6480);
    voxels[6480 + 17] = bad;
    const showers = await open(showerFile([1000, 2000], voxels));
    await expect(showerFeatures(showers)).rejects.toThrow(/Shower 1, voxel 17/);
    await expect(showerFeatures(showers)).rejects.toThrow(invalid);
  });

  it("are refused for statistics when there is only one", async () => {
    const showers = await open(showerFile([1000], new Float32Array(6480)));
    await expect(showerFeatures(showers)).rejects.toThrow(invalid);
  });

  it.each([-1, 0.5, 2 ** 53, 2n ** 64n, "7" as never])("cannot be simulated with the seed %s", async (seed) => {
    const twin = await createTwin({ name: "ecal", plugins: { model: gflash(), detector: calorimeter() } });
    const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });
    await expect(twin.detector.simulate({ energyMeV: [1000], seed })).rejects.toThrow(code);
  });

  it("without any energy, or all alike, are compared without an invalid fit", async () => {
    const twin = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    const energies = Array.from({ length: 40 }, (_, event) => (event < 20 ? 1000 : 50_000));
    const [none, alike] = await Promise.all(
      [0, 1].map((energy) => twin.detector.showers(showerFile(energies, new Float32Array(40 * 6480).fill(energy)))),
    );
    for (const [made, real] of [
      [none, alike],
      [alike, none],
      [alike, alike],
    ] as [Showers, Showers][]) {
      const validation = await twin.detector.validate(made, real);
      expect(validation.generated.resolutionFit).toBeNull();
      const document = JSON.parse(JSON.stringify(validationReport(validation, twin.detector.geometry)));
      expect(reportDocumentSchema.safeParse(document).error).toBeUndefined();
    }
  });

  it("cannot be simulated without a generator, or with one of other voxels", async () => {
    const request = { energyMeV: [1000], seed: 1 };
    const code = expect.objectContaining({ code: "TWIN_NO_SIMULATOR" });
    const bare = await createTwin({ name: "ecal", plugins: { detector: calorimeter() } });
    await expect(bare.detector.simulate(request)).rejects.toThrow(code);
    const other: Generator = {
      model: "other",
      validity: { incident_energy: { unit: "MeV", min: 1, max: 1e6 } },
      outputs: { showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: [2, 2, 2], unit: "MeV" } },
      generate: async function* () {},
    };
    const twin = await createTwin({
      name: "ecal",
      plugins: { other: constant(GeneratorToken, other), detector: calorimeter() },
    });
    await expect(twin.detector.simulate(request)).rejects.toThrow(code);
  });
});
