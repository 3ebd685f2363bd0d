import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { constant, createTwin, type GeneratedBatch, type GenerateRequest, Generator, NdArray } from "twinloom";
import { hdf5 } from "twinloom/modules/hdf5";
import { calorimeter } from "twinloom/thematic/detector";
import { describe, expect, it, onTestFinished } from "vitest";

const SHAPE = [45, 16, 9];

/** A generator that leaves some events to another, and others the next time. */
class Fickle implements Generator {
  readonly model = "fickle";
  readonly validity: Generator["validity"] = { incident_energy: { unit: "MeV", min: 1, max: 1e6 } };
  readonly outputs: Generator["outputs"] = {
    showers: { dtype: "float32", dims: ["layer", "alpha", "r"], shape: SHAPE, unit: "MeV" },
  };
  readonly facts = {
    fallback: { model: "spare" },
    identity: "sha256:ab",
    served_by: "twinloom 1",
    precision: "float16",
  };
  /** Every so many events is another's. */
  every = 3;

  async *generate({ eventIds, batchSize = 7 }: GenerateRequest): AsyncGenerator<GeneratedBatch> {
    for (let start = 0; start < eventIds.length; start += batchSize) {
      const count = Math.min(batchSize, eventIds.length - start);
      const flags = Uint8Array.from({ length: count }, (_, i) =>
        Number(Number(eventIds[start + i]) % this.every === 0),
      );
      const data = new Float32Array(count * 6480);
      const arrays = { showers: new NdArray(data, { dtype: "float32", shape: [count, ...SHAPE] }) };
      yield { start, count, arrays, ...(flags.includes(1) && { byFallback: flags }) };
    }
  }
}

const third = Uint8Array.from({ length: 10 }, (_, event) => Number(event % 3 === 0));

describe("by_fallback", () => {
  it("tells of each shower in a file who made it, as it was written, and of a copy of the file, too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fallback-flags-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const fickle = new Fickle();
    await using twin = await createTwin({
      plugins: { files: hdf5(), shower: constant(Generator, fickle), detector: calorimeter() },
    });
    const showers = await twin.detector.simulate({ energyMeV: new Array(10).fill(1000), seed: 1 });
    expect(showers.fallback).toBe("spare");
    const [file, copy] = [join(folder, "a.h5"), join(folder, "b.h5")];
    const dataset = showers.toDataset({ batchSize: 4 });
    await twin.files.write(file, dataset);
    fickle.every = 2;
    // What was written counts, not what would be made now.
    expect((await dataset.variables["by_fallback"]?.read())?.values()).toEqual(third);
    await using written = await twin.files.open(file);
    expect((await written.variables["by_fallback"]?.read())?.values()).toEqual(third);
    expect(written.variables["by_fallback"]?.attributes).toMatchObject({ flag_meanings: "model fallback_model" });
    const { fallback: _, ...facts } = fickle.facts;
    expect(written.attributes).toMatchObject({ fallback_model: "spare", ...facts });
    const stored = await twin.detector.showers(written);
    expect(stored.fallback).toBe("spare");
    await twin.files.write(copy, stored.toDataset());
    await using copied = await twin.files.open(copy);
    expect((await copied.variables["by_fallback"]?.read())?.values()).toEqual(third);
  });

  it("is known of showers that were made, and makes those that were not", async () => {
    const twin = await createTwin({ plugins: { shower: constant(Generator, new Fickle()), detector: calorimeter() } });
    const { variables } = (await twin.detector.simulate({ energyMeV: new Array(10).fill(1000), seed: 1 })).toDataset();
    const flags = variables["by_fallback"];
    expect((await flags?.read({ event: { start: 2, stop: 8, step: 2 } }))?.values()).toEqual(Uint8Array.of(0, 0, 1));
    expect((await flags?.readMany([{ event: 9 }, {}]))?.map((array) => [...array.values()])).toEqual([[1], [...third]]);
    await twin.stop();
  });

  it("of showers that were made stays, while those beside them are made", async () => {
    const fickle = new Fickle();
    const twin = await createTwin({ plugins: { shower: constant(Generator, fickle), detector: calorimeter() } });
    const { variables } = (await twin.detector.simulate({ energyMeV: new Array(10).fill(1000), seed: 1 })).toDataset();
    await variables["showers"]?.read({ event: { start: 0, stop: 2 } });
    await variables["showers"]?.read({ event: { start: 5, stop: 7 } });
    fickle.every = 100;
    expect([...((await variables["by_fallback"]?.read())?.values() ?? [])]).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    await twin.stop();
  });

  it("is not there where nobody else makes showers", async () => {
    const alone = Object.assign(new Fickle(), { facts: {} });
    const twin = await createTwin({ plugins: { shower: constant(Generator, alone), detector: calorimeter() } });
    const showers = await twin.detector.simulate({ energyMeV: [1000], seed: 1 });
    expect(Object.keys(showers.toDataset().variables)).toEqual(["incident_energies", "showers"]);
    await twin.stop();
  });
});
