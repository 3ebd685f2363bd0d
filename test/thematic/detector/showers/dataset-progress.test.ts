import { expect, it } from "vitest";
import { createTwin } from "../../../../core/index.ts";
import { calorimeter, gflash } from "../../../../thematic/detector/index.ts";

it("writing a dataset of simulated showers tells how far it is", async () => {
  await using twin = await createTwin({ name: "test", plugins: { fast: gflash(), detector: calorimeter() } });
  const showers = await twin.detector.simulate({ energyMeV: new Float64Array(250).fill(1_000), seed: 1 });
  const done: number[] = [];
  const dataset = showers.toDataset({ progress: (count) => done.push(count) });
  for await (const { array } of dataset.variables["showers"]?.chunks() ?? []) expect(array.shape[1]).toBe(6_480);
  expect(done).toEqual([100, 200, 250]);
  await dataset.variables["showers"]?.read({ event: { start: 0, stop: 10 } });
  expect(done.at(-1)).toBe(10);
});
