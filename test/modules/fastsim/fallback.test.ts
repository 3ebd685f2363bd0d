import { type GeneratedBatch, type GenerateRequest, type Generator, NdArray } from "twinloom";
import type { GeneratorGraphInput } from "twinloom/modules/fastsim";
import { describe, expect, it } from "vitest";
import { all, EchoModel, eventsOf, graphOf, simulationOver } from "./sample.ts";

/** Makes [energy in MeV, id] of every event, 1 to 100 GeV, and remembers what it was asked for. */
class Other implements Generator {
  readonly model = "other";
  readonly validity: Generator["validity"] = { energy: { unit: "MeV", min: 1000, max: 100_000 } };
  readonly outputs: Generator["outputs"] = { values: { dtype: "float32", dims: ["cell"], shape: [2] } };
  readonly asked: number[] = [];

  async *generate({ conditions, eventIds }: GenerateRequest): ReturnType<Generator["generate"]> {
    this.asked.push(eventIds.length);
    const data = Float32Array.from({ length: 2 * eventIds.length }, (_, k) =>
      k % 2 === 0 ? (conditions["energy"]?.[k / 2] as number) : Number(eventIds[(k - 1) / 2]),
    );
    const values = new NdArray(data, { dtype: "float32", shape: [eventIds.length, 2], dims: ["event", "cell"] });
    yield { start: 0, count: eventIds.length, arrays: { values } };
  }
}

const graph: GeneratorGraphInput = graphOf({
  conditions: {
    energy: { unit: "GeV", min: 10, max: 50 },
    thickness: { unit: "mm", min: 1.2, max: 1.6, nominal: 1.4 },
  },
  inputs: { latent: [{ condition: "energy" }, { condition: "thickness" }] },
  outputs: { values: { tensor: "latent", dims: ["cell"], shape: [2] } },
});
const LATENT = { latent: ["batch", 2] } as const;

function requestOf(energies: readonly number[], thickness: readonly number[], batchSize?: number): GenerateRequest {
  return {
    conditions: { energy: Float64Array.from(energies), thickness: Float64Array.from(thickness) },
    eventIds: BigInt64Array.from(energies, (_, index) => BigInt(100 + index)),
    seed: 1n,
    ...(batchSize !== undefined && { batchSize }),
  };
}

const ENERGIES = [20, 5, 50, 50.5, 10, 9.5, 2];
const THICK = [1.3, 1.4, 1.4, 1.4, 1.6, 1.4, 1.4];

describe("events outside the trained range", () => {
  it("are refused before anything is made, with the range", async () => {
    const model = new EchoModel(LATENT);
    const generator = await simulationOver(model, { graph }, new Other());
    await expect(all(generator, requestOf(ENERGIES, THICK))).rejects.toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
      message: expect.stringContaining("energy of event 1 is 5 GeV, outside its valid range of 10 to 50 GeV"),
    });
    expect(model.rows).toEqual([]);
  });

  it.for([1, 2, 3, 100])("are made by the fallback, each in its place, in batches of %i", async (batchSize) => {
    const [model, other] = [new EchoModel(LATENT), new Other()];
    const generator = await simulationOver(model, { graph, outside: "fallback" }, other);
    const request = requestOf(ENERGIES, THICK, batchSize);
    const expected = ENERGIES.map((energy, event) =>
      energy >= 10 && energy <= 50 ? [energy, Math.fround(THICK[event] as number)] : [energy * 1000, 100 + event],
    );
    expect(await eventsOf(generator, request, "values")).toEqual(expected);
    const batches = await all(generator, request);
    expect(batches.flatMap(({ count, byFallback }) => [...(byFallback ?? new Uint8Array(count))])).toEqual(
      ENERGIES.map((energy) => (energy >= 10 && energy <= 50 ? 0 : 1)),
    );
    // Both were asked for their own events only, twice.
    expect(other.asked.reduce((sum, count) => sum + count, 0)).toBe(8);
  });

  it("are told in the facts, and widen the range that the generator states", async () => {
    const generator = await simulationOver(new EchoModel(LATENT), { graph, outside: "fallback" }, new Other());
    expect(generator.validity).toEqual({
      energy: { unit: "GeV", min: 1, max: 100 },
      thickness: { unit: "mm", min: 1.2, max: 1.6, nominal: 1.4 },
    });
    expect(generator.facts.fallback).toEqual({
      model: "other",
      outside: { energy: { unit: "GeV", min: 10, max: 50 }, thickness: { unit: "mm", min: 1.2, max: 1.6 } },
    });
  });

  it("are those beyond the ends as float32 stores them, and a fallback knows its value so, too", async () => {
    const [model, other] = [new EchoModel(LATENT), new Other()];
    const generator = await simulationOver(model, { graph, outside: "fallback" }, other);
    const [atEnd, beyond] = await eventsOf(generator, requestOf([20, 5], [1.6, 1.4].map(Math.fround)), "values");
    expect(atEnd).toEqual([20, Math.fround(1.6)]);
    expect(beyond).toEqual([5000, 101]);
  });

  it("are refused where the fallback stands for another value of a condition that it does not have", async () => {
    const generator = await simulationOver(new EchoModel(LATENT), { graph, outside: "fallback" }, new Other());
    await expect(all(generator, requestOf([20, 5], [1.3, 1.3]))).rejects.toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
      message: expect.stringMatching(/other.* does not know thickness.* of event 1 is 1.3 mm.* 1.4 to 1.4 mm/),
    });
  });

  it("are refused before the first batch where they lie in a gap between both ranges", async () => {
    const other = new Other();
    Object.assign(other, { validity: { energy: { unit: "MeV", min: 1000, max: 3000 } } });
    const model = new EchoModel(LATENT);
    const generator = await simulationOver(model, { graph, outside: "fallback" }, other);
    await expect(all(generator, requestOf([20, 5], [1.4, 1.4], 1))).rejects.toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
      message: expect.stringContaining("other, in place of echo: energy of event 1 is 5000 MeV"),
    });
    expect(model.rows).toEqual([]);
  });
});

describe("a fallback", () => {
  it.for<[string, object, RegExp]>([
    [
      "of other arrays",
      { outputs: { values: { dtype: "float32", dims: ["cell"], shape: [3] } } },
      /it makes values \(float32 \[cell\] = \[3\]/,
    ],
    [
      "with another condition",
      { validity: { angle: { unit: "rad", min: 0, max: 1 } } },
      /it needs the condition "angle"/,
    ],
  ])("%s is refused", async ([, change, message]) => {
    const other = Object.assign(new Other(), change);
    await expect(simulationOver(new EchoModel(LATENT), { graph, outside: "fallback" }, other)).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(message),
    });
  });

  it.for<[string, (batch: GeneratedBatch) => GeneratedBatch[], RegExp]>([
    ["no event", () => [], /other, the fallback of echo, is faulty: it made 0 of 1 events/],
    ["an event twice", (batch) => [batch, batch], /it made 2 of 1 events/],
    ["other arrays", (batch) => [{ ...batch, arrays: {} }], /other arrays of "values" than it states/],
  ])("that makes %s is an error, and no event of zeros", async ([, change, message]) => {
    const other = new Other();
    const generate = other.generate.bind(other);
    other.generate = async function* (request) {
      for await (const batch of generate(request)) yield* change(batch);
    };
    const generator = await simulationOver(new EchoModel(LATENT), { graph, outside: "fallback" }, other);
    await expect(all(generator, requestOf([20, 5], [1.4, 1.4]))).rejects.toMatchObject({
      code: "TWIN_GENERATED_INVALID",
      message: expect.stringMatching(message),
    });
  });
});
