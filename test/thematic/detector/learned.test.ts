import { fileURLToPath } from "node:url";
import { constant, createTwin, type GenerateRequest, Generator, type GeneratorFacts } from "twinloom";
import { fastsim } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { type Calorimeter, calorimeter, gflash, type ShowerBatch, type Showers } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";

const MODEL = fileURLToPath(new URL("../../fixtures/fastsim/w-si-45.onnx", import.meta.url));
const GEOMETRY = { name: "w-si-45", layers: 45, alpha_bins: 16, layer_depth_mm: 3.4 };

/** A generator that makes nothing, and says what is asked of it. */
class Silent implements Generator {
  readonly model = "silent";
  readonly validity: Generator["validity"] = { incident_energy: { unit: "GeV", min: 1, max: 100 } };
  readonly outputs: Generator["outputs"] = {
    showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: [45, 16, 9], unit: "MeV" },
  };
  readonly facts: GeneratorFacts = { geometry: GEOMETRY };
  asked: GenerateRequest["conditions"] = {};

  // biome-ignore lint/correctness/useYield: it makes nothing.
  async *generate({ conditions }: GenerateRequest): ReturnType<Generator["generate"]> {
    this.asked = conditions;
  }
}

async function detectorWith(change: object): Promise<{ detector: Calorimeter; silent: Silent }> {
  const silent = Object.assign(new Silent(), change);
  const twin = await createTwin({ plugins: { shower: constant(Generator, silent), detector: calorimeter() } });
  return { detector: twin.detector, silent };
}

async function askedOf(change: object, request: object = {}): Promise<Record<string, number[]>> {
  const { detector, silent } = await detectorWith(change);
  const showers = await detector.simulate({ energyMeV: [2000, 50_000], seed: 1, ...request });
  for await (const _ of showers.batches()) expect.unreachable();
  return Object.fromEntries(Object.entries(silent.asked).map(([name, values]) => [name, [...values]]));
}

async function batchesOf(showers: Showers): Promise<ShowerBatch[]> {
  const batches: ShowerBatch[] = [];
  for await (const batch of showers.batches()) batches.push(batch);
  return batches;
}

const absorber = (unit: string, min: number, max: number): object => ({
  validity: { incident_energy: { unit: "MeV", min: 1000, max: 100_000 }, absorber_thickness: { unit, min, max } },
});

describe("a calorimeter with a learned generator", () => {
  it("gives energies and the absorber in the units that the generator has them in", async () => {
    expect(await askedOf({})).toEqual({ incident_energy: [2, 50] });
    expect(await askedOf(absorber("mm", 1.2, 1.6))).toEqual({
      incident_energy: [2000, 50_000],
      absorber_thickness: [1.4, 1.4],
    });
    expect(await askedOf(absorber("cm", 0.12, 0.16), { absorberMm: 1.6 })).toMatchObject({
      absorber_thickness: [0.16, 0.16],
    });
  });

  it.for<[string, object, object, string, RegExp]>([
    [
      "of a shower in other units",
      { outputs: { showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: [45, 16, 9], unit: "GeV" } } },
      {},
      "TWIN_NO_SIMULATOR",
      /in GeV/,
    ],
    [
      "that does not say in which unit",
      { outputs: { showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: [45, 16, 9] } } },
      {},
      "TWIN_NO_SIMULATOR",
      /in no stated unit; they must be in MeV/,
    ],
    [
      "of another number of layers",
      { facts: { geometry: { ...GEOMETRY, layers: 90 } } },
      {},
      "TWIN_NO_SIMULATOR",
      /layers is 90, not 45/,
    ],
    [
      "of other rings",
      { facts: { geometry: { r_edges_mm: [0, 4.65] } } },
      {},
      "TWIN_NO_SIMULATOR",
      /r_edges_mm is 0,4.65, not 0,4.65,9.3/,
    ],
    [
      "with a condition that a calorimeter does not have",
      { validity: { ...new Silent().validity, theta: { unit: "rad", min: 0, max: 1 } } },
      {},
      "TWIN_NO_SIMULATOR",
      /theta \(rad\)/,
    ],
    [
      "with an energy that is none",
      { validity: { incident_energy: { unit: "mm", min: 0, max: 1 } } },
      {},
      "TWIN_NO_SIMULATOR",
      /incident_energy \(mm\)/,
    ],
    [
      "outside its range of the absorber",
      absorber("mm", 1.2, 1.6),
      { absorberMm: 1.7 },
      "TWIN_OUT_OF_DOMAIN",
      /absorber_thickness of event 0 is 1.7 mm/,
    ],
    [
      "without the absorber that is asked for",
      {},
      { absorberMm: 1.5 },
      "TWIN_INVALID_ARGUMENT",
      /silent stands for an absorber of 1.4 mm/,
    ],
    [
      "for an absorber of no thickness",
      absorber("mm", 0, 2),
      { absorberMm: 0 },
      "TWIN_INVALID_ARGUMENT",
      /must be a positive number/,
    ],
  ])("refuses a generator %s", async ([, change, request, code, message]) => {
    const { detector } = await detectorWith(change);
    await expect(detector.simulate({ energyMeV: [5000], seed: 1, ...request })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("makes showers of an ONNX file, and of GFLASH where it was not trained, with attributes that say so", async () => {
    await using twin = await createTwin({
      plugins: {
        network: onnx({ file: MODEL }),
        shower: fastsim({ outside: "fallback" }),
        spare: gflash(),
        detector: calorimeter(),
      },
      wire: { shower: { fallback: "spare" }, detector: { generator: "shower" } },
    });
    const energyMeV = [1500, 2000, 30_000, 80_000];
    const showers = await twin.detector.simulate({ energyMeV, seed: 5 });
    expect(showers.attributes).toMatchObject({
      model: "made-up",
      seed: "5",
      model_digest: twin.network.digest,
      provider: "cpu",
      absorber_thickness: 0.14,
      fallback_model: "gflash",
    });
    expect((await showers.toDataset().variables["by_fallback"]?.read())?.values()).toEqual(Uint8Array.of(1, 0, 0, 1));
    const alone = await createTwin({ plugins: { spare: gflash(), detector: calorimeter() } });
    const byGflash = await alone.detector.simulate({ energyMeV, seed: 5 });
    const [both] = await batchesOf(showers);
    const [gflashOnly] = await batchesOf(byGflash);
    const sumOf = (batch: ShowerBatch | undefined, event: number): number =>
      (batch?.energies.slice({ event }).toFloat64() ?? new Float64Array()).reduce((sum, value) => sum + value, 0);
    for (const event of [0, 3]) expect(sumOf(both, event)).toBe(sumOf(gflashOnly, event));
    for (const event of [1, 2]) expect(sumOf(both, event)).not.toBe(sumOf(gflashOnly, event));
    await alone.stop();
  });

  it("refuses other thicknesses for what only the fallback can make", async () => {
    await using twin = await createTwin({
      plugins: {
        network: onnx({ file: MODEL }),
        shower: fastsim({ outside: "fallback" }),
        spare: gflash(),
        detector: calorimeter(),
      },
      wire: { shower: { fallback: "spare" }, detector: { generator: "shower" } },
    });
    const showers = await twin.detector.simulate({ energyMeV: [1500], seed: 5, absorberMm: 1.5 });
    await expect(batchesOf(showers)).rejects.toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
      message: expect.stringContaining("gflash, which does not know absorber_thickness"),
    });
  });
});
