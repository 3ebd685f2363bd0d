import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  checkSpec,
  constant,
  createTwin,
  digestJson,
  type GenerateRequest,
  Generator,
  loadSpec,
  NdArray,
} from "twinloom";
import { testGenerator } from "twinloom/testing";
import {
  applyResponse,
  calorimeter,
  gflash,
  loadGeometry,
  type ResponseConditions,
  responseConditions,
  type WithResponseOptions,
  withResponse,
} from "twinloom/thematic/detector";
import { describe, expect, it, onTestFinished } from "vitest";

const geometry = await loadGeometry("w-si-45");
const conditions = {
  gains: Array.from({ length: 45 }, (_, layer) => 1 + layer / 100),
  temperatureC: 23,
  responsePerKelvin: -0.02,
  hotCells: [{ cell: [10, 0, 0], rate: 0.5, meanMeV: 20 }],
  deadCells: [[4, 1, 1]],
  thresholdMeV: 0.1,
} satisfies WithResponseOptions["conditions"];
const wire = { shower: { generator: "model" }, detector: { generator: "shower" } } as const;

async function responding(
  options: WithResponseOptions,
  more: { readonly model?: Generator } = {},
): Promise<{ readonly shower: Generator }> {
  return await createTwin({
    plugins: {
      model: more.model ? constant(Generator, more.model) : gflash(),
      shower: withResponse(options),
      detector: calorimeter(),
    },
    wire,
  });
}

async function showersOf(generator: Generator, batchSize = 7): Promise<Float32Array> {
  const energies = Float64Array.of(1000, 2500, 10_000, 10_000, 50_000, 100_000, 3000, 4000, 5000, 6000);
  const request: GenerateRequest = {
    conditions: { incident_energy: energies },
    eventIds: BigInt64Array.from(energies, (_, event) => BigInt(event + 3)),
    seed: 11n,
    batchSize,
  };
  const all = new Float32Array(energies.length * 6480);
  for await (const { start, arrays } of generator.generate(request)) {
    all.set((arrays["showers"] as NdArray<"float32">).values(), start * 6480);
  }
  return all;
}

/** A generator that tells something else of itself. */
function changed(generator: Generator, members: Partial<Generator>): Generator {
  return { ...generator, generate: (...request) => generator.generate(...request), ...members };
}

testGenerator(async () => {
  const twin = await createTwin({
    plugins: { model: gflash(), shower: withResponse({ conditions }) },
    wire: { shower: wire.shower },
  });
  return {
    generator: twin.shower,
    conditions: { incident_energy: Float64Array.of(1000, 2500, 10_000, 10_000, 50_000, 100_000) },
    dispose: () => twin.stop(),
  };
});

describe("withResponse", () => {
  it("has the name of the other generator, or one of its own where both are served", async () => {
    expect((await responding({ conditions })).shower.model).toBe("gflash");
    expect((await responding({ conditions, name: "warm" })).shower.model).toBe("warm");
  });

  it("makes what applyResponse makes of the generator's showers, whatever the batches", async () => {
    const { model } = await createTwin({ plugins: { model: gflash() } });
    const { shower } = await responding({ conditions });
    const truth = await showersOf(model);
    const eventIds = BigInt64Array.from({ length: 10 }, (_, event) => BigInt(event + 3));
    const array = new NdArray(truth.slice(), { dtype: "float32", shape: [10, ...geometry.shape] });
    const read = applyResponse(array, conditions, { geometry, eventIds, seed: 11n }).values();
    expect(await showersOf(shower)).toEqual(read);
    expect(await showersOf(shower, 3)).toEqual(read);
    expect(read).not.toEqual(truth);
  });

  it("without conditions makes the same showers, bit for bit", async () => {
    const { model } = await createTwin({ plugins: { model: gflash() } });
    const { shower } = await responding({});
    expect(await showersOf(shower)).toEqual(await showersOf(model));
  });

  it("tells its conditions, and is another identity than the generator", async () => {
    const { model } = await createTwin({ plugins: { model: gflash() } });
    const served = changed(model, { facts: { ...model.facts, identity: "sha256:ab" } });
    const { shower } = await responding({ conditions }, { model: served });
    const full = responseConditions(conditions, geometry);
    expect(shower.facts?.["response"] as unknown as ResponseConditions).toEqual(full);
    expect(shower.facts?.["response_digest"]).toBe(digestJson(full));
    expect(shower.facts?.["geometry"]).toEqual(model.facts?.["geometry"]);
    expect(shower.facts?.["identity"]).toMatch(/^sha256:[0-9a-f]{64}$/);
    const other = await responding({ conditions: { ...conditions, thresholdMeV: 0.2 } }, { model: served });
    expect(other.shower.facts?.["identity"]).not.toBe(shower.facts?.["identity"]);
  });

  it("lets files of showers tell it", async () => {
    const twin = await createTwin({
      plugins: { model: gflash(), shower: withResponse({ conditions }), detector: calorimeter() },
      wire,
    });
    const showers = await twin.detector.simulate({ energyMeV: [5000], seed: 1 });
    expect(showers.attributes["response_digest"]).toBe(digestJson(responseConditions(conditions, geometry)));
  });

  it("refuses conditions that do not fit the geometry, other generators, and a second response", async () => {
    await expect(responding({ conditions: { gains: [1] } })).rejects.toThrow(/give one for each of the 45 layers/);
    const { model } = await createTwin({ plugins: { model: gflash() } });
    const other = changed(model, { outputs: { cells: { dtype: "float32", dims: ["x"], shape: [3] } } });
    await expect(responding({}, { model: other })).rejects.toThrow(
      expect.objectContaining({ code: "TWIN_NO_SIMULATOR" }),
    );
    const { shower } = await responding({});
    await expect(responding({}, { model: shower })).rejects.toThrow(/has response conditions already/);
  });

  it("is a part of a twin.yaml, which tells where its conditions are wrong", async () => {
    const folder = await mkdtemp(join(tmpdir(), "twinloom-response-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "twin.yaml");
    const text = (rows: string): string => `plugins:
  model: { use: "twinloom/thematic/detector#gflash" }
  shower:
    use: "twinloom/thematic/detector#withResponse"
    wire: { generator: model }
    conditions:
${rows}`;
    await writeFile(path, text("      responsePerKelvin: -0.02\n      temperatureC: 22\n"));
    await using twin = await createTwin(await loadSpec(path));
    const full = responseConditions({ responsePerKelvin: -0.02, temperatureC: 22 }, geometry);
    expect((twin["shower"] as Generator).facts?.["response_digest"]).toBe(digestJson(full));
    await writeFile(path, text("      responsePerKelvin: -0.02\n      temperature: 22\n"));
    await expect(checkSpec(path)).resolves.toMatchObject([
      { line: 8, message: expect.stringContaining("temperatureC") },
    ]);
  });
});
