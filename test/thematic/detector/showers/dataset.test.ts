import { beforeAll, describe, expect, it } from "vitest";
import { createTwin, type Dataset, type NdArray, type Selection } from "../../../../core/index.ts";
import { calorimeter, gflash } from "../../../../thematic/detector/index.ts";

describe("a dataset of simulated showers", () => {
  let made: Dataset;
  let all: NdArray;
  beforeAll(async () => {
    await using twin = await createTwin({ name: "test", plugins: { fast: gflash(), detector: calorimeter() } });
    const showers = await twin.detector.simulate({ energyMeV: new Float64Array(230).fill(2_000), seed: 1 });
    made = showers.toDataset();
    all = (await made.variables["showers"]?.read()) as NdArray;
  });

  it.each<Readonly<Record<string, number | { start?: number; stop?: number; step?: number }>>>([
    { event: 0 },
    { event: -1, voxel: 700 },
    { event: { start: 95, stop: 205, step: 7 }, voxel: { start: 100, step: 1000 } },
    { event: { start: 99, stop: 101 } },
    { event: { start: 5, stop: 5 } },
    { voxel: { start: 3, stop: 4 } },
  ])("reads %o as the same part of the whole", async (part) => {
    const read = await made.variables["showers"]?.read(part as Selection);
    const expected = all.slice(part);
    expect([read?.shape, read?.dims, read?.unit]).toEqual([expected.shape, expected.dims, "MeV"]);
    expect(read?.values()).toEqual(expected.values());
    expect((await made.variables["showers"]?.readMany([part as Selection]))?.[0]?.values()).toEqual(expected.values());
  });

  it("has integers where numbers are counted, and the energies beside them", async () => {
    const { num_layers: layers, num_alpha: alphas, num_r: rings } = made.attributes as Record<string, NdArray>;
    expect([layers, alphas, rings].map((each) => [each?.dtype, each?.at()])).toEqual([
      ["int32", 45],
      ["int32", 16],
      ["int32", 9],
    ]);
    expect((await made.variables["incident_energies"]?.read())?.shape).toEqual([230, 1]);
  });

  it("refuses what is no part of it, and stops when aborted", async () => {
    const variable = made.variables["showers"];
    await expect(variable?.read({ event: 230 })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
    await expect(variable?.read({ events: 0 })).rejects.toMatchObject({ code: "TWIN_INVALID_SELECTION" });
    const signal = AbortSignal.abort(new Error("called off"));
    await expect(variable?.read({}, { signal })).rejects.toBe(signal.reason);
    const iterate = async (): Promise<void> => {
      for await (const _ of variable?.chunks({ signal }) ?? []);
    };
    await expect(iterate()).rejects.toBe(signal.reason);
  });
});
