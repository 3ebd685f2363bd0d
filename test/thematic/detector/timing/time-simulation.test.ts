import { constant, createTwin, Generator } from "twinloom";
import { calorimeter, gflash, timeSimulation } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";

describe("timeSimulation", () => {
  it("divides the time of a call by its showers", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { fast: gflash(), detector: calorimeter() } });
    // A clock that moves by one millisecond whenever it is looked at.
    let time = 0;
    const now = () => time++;
    const timings = await timeSimulation(twin.detector, { batchSizes: [1, 4], repeats: 5, warmUpMs: 0, now });
    expect(timings.map(({ batchSize, repeats }) => [batchSize, repeats])).toEqual([
      [1, 5],
      [4, 5],
    ]);
    // A measurement looks twice: 1 ms for 20 calls of one shower, or one call of four.
    expect(timings.map(({ mean }) => mean)).toEqual([1 / 20, 1 / 4]);
    expect(timings.map(({ standardDeviation }) => standardDeviation)).toEqual([0, 0]);
  });

  it("stops measuring a slow batch size when its time is up, but not before three measurements", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { fast: gflash(), detector: calorimeter() } });
    let time = 0;
    const now = () => (time += 1000);
    const [timing] = await timeSimulation(twin.detector, { batchSizes: [2], repeats: 50, budgetMs: 1, now });
    expect(timing?.repeats).toBe(3);
  });

  it("draws energies within the range asked for, leaves the first calls out, and passes on the generator's refusal", async () => {
    const asked: number[] = [];
    await using twin = await createTwin({ name: "ecal", plugins: { fast: gflash(), detector: calorimeter() } });
    await using watched = await createTwin({
      name: "watched",
      plugins: {
        detector: calorimeter(),
        fast: constant(Generator, {
          ...pick(twin.fast),
          generate: (request, options = {}) => {
            asked.push(...(request.conditions["incident_energy"] ?? []));
            return twin.fast.generate(request, options.signal ? { signal: options.signal } : {});
          },
        }),
      },
    });
    await timeSimulation(watched.detector, {
      batchSizes: [8],
      repeats: 3,
      warmUpMs: 0,
      energyRangeMeV: [2000, 3000],
    });
    expect(asked).toHaveLength(4 * 8);
    expect(Math.min(...asked)).toBeGreaterThanOrEqual(2000);
    expect(Math.max(...asked)).toBeLessThanOrEqual(3000);
    expect(new Set(asked).size).toBe(asked.length);
    asked.length = 0;
    let time = 0;
    const now = () => time++;
    const energyRangeMeV = [2000, 3000] as const;
    await timeSimulation(watched.detector, { batchSizes: [1], repeats: 3, warmUpMs: 5, energyRangeMeV, now });
    // Five calls warm up; a measurement has twenty.
    expect(asked).toHaveLength(5 + 3 * 20);
    expect(new Set(asked).size).toBe(asked.length);
    const below = timeSimulation(watched.detector, { batchSizes: [8], energyRangeMeV: [1, 3000] });
    await expect(below).rejects.toMatchObject({ code: "TWIN_OUT_OF_DOMAIN" });
  });

  it("refuses batch sizes that are none", async () => {
    await using twin = await createTwin({ name: "ecal", plugins: { fast: gflash(), detector: calorimeter() } });
    for (const options of [{ batchSizes: [0] }, { batchSizes: [1.5] }, { repeats: 0 }]) {
      await expect(timeSimulation(twin.detector, options)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    }
  });
});

function pick({ model, validity, outputs }: Generator): Pick<Generator, "model" | "validity" | "outputs"> {
  return { model, validity, outputs };
}
