import {
  createTwin,
  type GenerateRequest,
  type Generator,
  loadSpec,
  type Model,
  NdArray,
  RandomStream,
} from "twinloom";
import { noisePurpose } from "twinloom/modules/fastsim";
import { describe, expect, it } from "vitest";
import { all, fixture } from "./sample.ts";

interface Foreign {
  readonly network: Model;
  readonly shower: Generator;
  stop(): Promise<void>;
}

async function twinOf(file: string): Promise<Foreign & AsyncDisposable> {
  return (await createTwin(await loadSpec(fixture(file)))) as unknown as Foreign & AsyncDisposable;
}

function normals(input: string, segment: number, { length, id }: { length: number; id: bigint }): Float32Array {
  const values = new Float32Array(length);
  new RandomStream({ seed: 3n, id, purpose: noisePurpose(input, segment) }).fillNormalFloat32(values);
  return values;
}

function float32(values: ArrayLike<number>, shape: readonly number[]): NdArray<"float32"> {
  return new NdArray(Float32Array.from(values), { dtype: "float32", shape });
}

/** The only event of id 17. */
async function made(generator: Generator, conditions: Readonly<Record<string, number>>): Promise<NdArray> {
  const request: GenerateRequest = {
    conditions: Object.fromEntries(Object.entries(conditions).map(([name, value]) => [name, Float64Array.of(value)])),
    eventIds: BigInt64Array.of(17n),
    seed: 3n,
  };
  const [batch] = await all(generator, request);
  if (batch === undefined) throw new Error("no batch came");
  return (batch.arrays["showers"] as NdArray).slice({ event: 0 });
}

describe("a foreign generator described in twin.yaml", () => {
  it("of the 3DGAN's layout: energy and angle in front of the noise, powers, GeV, axes in another order", async () => {
    await using twin = await twinOf("3dgan.twin.yaml");
    const showers = await made(twin.shower, { incident_energy: 120, theta: 90 });
    expect([showers.dims, showers.shape, showers.unit]).toEqual([["layer", "x", "y"], [25, 51, 51], "MeV"]);
    const latent = [120 * 0.01, (90 * Math.PI) / 180, ...normals("latent", 2, { length: 254, id: 17n })];
    const { image } = await twin.network.infer({ latent: float32([...latent, ...latent], [2, 256]) });
    const stored = (image as NdArray).slice({ [(image as NdArray).dims[0] as string]: 0 });
    let deposits = 0;
    for (const [at, l, i, j] of [
      [0, 10, 20, 30],
      [0, 0, 0, 0],
      [0, 24, 50, 49],
      [0, 3, 25, 26],
    ] as const) {
      const energy = 1000 * (stored.at(at, i, j, l) as number) ** 1.1764705882352942;
      expect(showers.at(l, i, j)).toBe(energy < 0.1 ? 0 : Math.fround(energy));
      if (energy >= 0.1) deposits++;
    }
    expect(deposits).toBeGreaterThan(0);
    expect(twin.shower.facts).toMatchObject({ geometry: { name: "clic-ecal-25" }, model: "3dgan", provider: "cpu" });
  });

  it("of the 3DGAN's layout refuses an angle that it was not trained for", async () => {
    await using twin = await twinOf("3dgan.twin.yaml");
    await expect(made(twin.shower, { incident_energy: 120, theta: 45 })).rejects.toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
      message: expect.stringContaining(
        "3dgan: theta of event 0 is 45 degree, outside its valid range of 60 to 120 degree",
      ),
    });
  });

  it("of a one-step diffusion transformer: a tensor of noise, energy, angles, a geometry; logarithms of shares", async () => {
    await using twin = await twinOf("calodit.twin.yaml");
    const showers = await made(twin.shower, { incident_energy: 50, theta: 1.57, phi: 1 });
    expect([showers.dims, showers.shape]).toEqual([
      ["layer", "alpha", "r"],
      [5, 4, 9],
    ]);
    const twice = (values: ArrayLike<number>, ...shape: number[]): NdArray =>
      float32([...Array.from(values), ...Array.from(values)], [2, ...shape]);
    const { voxels } = await twin.network.infer({
      noise: twice(normals("noise", 0, { length: 180, id: 17n }), 9, 4, 5, 1),
      energy: twice([Math.log10(50) * 0.3333333333333333], 1),
      phi: twice([1 * 0.15915494309189535], 1),
      theta: twice([(1.57 - 0.87) * 0.7142857142857143], 1),
      geometry: twice([0, 0, 1, 0, 0], 5),
    });
    const expected = (layer: number, alpha: number, r: number): number => {
      const energy = Math.exp(((voxels as NdArray).at(0, r, alpha, layer, 0) as number) * 2.5 - 6) * 50_000;
      return energy < 0.0152 ? 0 : Math.fround(energy);
    };
    for (let layer = 0; layer < 5; layer++) {
      for (let alpha = 0; alpha < 4; alpha++) {
        for (let r = 0; r < 9; r++) expect(showers.at(layer, alpha, r)).toBe(expected(layer, alpha, r));
      }
    }
  });

  it("makes an event the same whatever it is made beside", async () => {
    await using twin = await twinOf("calodit.twin.yaml");
    const count = 11;
    const request = {
      conditions: {
        incident_energy: Float64Array.from({ length: count }, (_, index) => 1 + 90 * index),
        theta: new Float64Array(count).fill(1.5),
        phi: new Float64Array(count).fill(0.5),
      },
      eventIds: BigInt64Array.from({ length: count }, (_, index) => BigInt(index)),
      seed: 9n,
    };
    const valuesIn = async (batchSize: number): Promise<number[]> =>
      (await all(twin.shower, { ...request, batchSize })).flatMap(({ arrays }) => [
        ...(arrays["showers"] as NdArray).toFloat64(),
      ]);
    const whole = await valuesIn(100);
    for (const batchSize of [1, 2, 4]) expect(await valuesIn(batchSize)).toEqual(whole);
  });
});
