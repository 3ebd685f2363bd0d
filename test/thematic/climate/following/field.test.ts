import { describe, expect, it } from "vitest";
import { type Dataset, dataset, NdArray } from "../../../../core/index.ts";
import { crossValidateEmulators } from "../../../../thematic/climate/following/choose-emulator.ts";
import { fitField } from "../../../../thematic/climate/following/fit-emulator.ts";
import { Follower } from "../../../../thematic/climate/following/follower.ts";
import { observeField } from "../../../../thematic/climate/following/observe-field.ts";
import { readField } from "../../../../thematic/climate/following/read-field.ts";
import { stationNetwork } from "../../../../thematic/climate/following/stations.ts";
import { syntheticClimate } from "../../../../thematic/climate/following/synthetic-climate.ts";
import { distanceKm } from "../../../../thematic/climate/storms/sphere.ts";
import { sample, stationsAt } from "./shared.ts";

/** Four days of two places, with what is told changed. */
function small(values: readonly number[], time: readonly number[] = [0, 1, 2, 3]): Dataset {
  const line = (numbers: readonly number[], dim: string, unit: string) =>
    new NdArray(Float64Array.from(numbers), { dtype: "float64", shape: [numbers.length], dims: [dim], unit });
  return dataset({
    variables: {
      time: {
        array: line(time, "time", "days since 2001-01-01 12:00"),
        attributes: { axis: "T", standard_name: "time" },
      },
      lat: { array: line([50, 60], "place", "degrees_north"), attributes: { standard_name: "latitude" } },
      lon: { array: line([5, 15], "place", "degrees_east"), attributes: { standard_name: "longitude" } },
      tas: new NdArray(Float64Array.from(values), {
        dtype: "float64",
        shape: [2, 4],
        dims: ["place", "time"],
        unit: "K",
      }),
    },
  });
}

describe("readField", () => {
  it("takes dimensions in any order, lists of places, and leaves out what is always missing", async () => {
    const field = await readField(small([1, 2, 3, 4, 5, 6, 7, 8]), "tas");
    expect([...field.values]).toEqual([1, 5, 2, 6, 3, 7, 4, 8]);
    // 2001-01-01 is day 11,323 of the standard calendar.
    expect([...field.steps]).toEqual([11_323, 11_324, 11_325, 11_326]);
    expect(field.phases[0]).toBeCloseTo(0.5 / 365, 12);
    const one = await readField(small([1, 2, 3, 4, NaN, NaN, NaN, NaN]), "tas");
    expect([...one.places]).toEqual([0]);
    expect([...one.latitude]).toEqual([50]);
  });

  it("refuses what is no field, saying what it needs", async () => {
    await expect(readField(small([1, 2, 3, 4, 5, 6, NaN, 8]), "tas")).rejects.toThrow(
      'Place 1 of "tas" is missing in 1 of 4 steps',
    );
    await expect(readField(small([1, 2, 3, 4, 5, 6, 7, 8]), "pr")).rejects.toThrow('no variable "pr"');
    await expect(readField(small([1, 2, 3, 4, 5, 6, 7, 8]), "lat")).rejects.toThrow("needed are");
    await expect(readField(small([1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 2.3, 3]), "tas")).rejects.toMatchObject({
      code: "TWIN_CLIMATE_INPUT_INVALID",
    });
    await expect(readField(small([1, 2, 3, 4, 5, 6, 7, 8]), "tas", { maxBytes: 10 })).rejects.toThrow("maxBytes");
  });
});

describe("syntheticClimate", () => {
  it("is a function of its options, in any calendar, with a year that has winters", async () => {
    const read = async (seed: bigint, calendar: string) =>
      readField(syntheticClimate({ seed, years: 1, calendar }), "tas");
    const [first, again, other] = [await read(1n, "noleap"), await read(1n, "noleap"), await read(2n, "noleap")];
    expect(again.values).toEqual(first.values);
    expect(other.values).not.toEqual(first.values);
    expect((await read(1n, "360_day")).axis.length).toBe(360);
    const mean = (from: number) =>
      first.values.subarray(from * 48, (from + 30) * 48).reduce((sum, value) => sum + value / 1440, 0);
    expect(mean(195) - mean(15)).toBeGreaterThan(10);
  });
});

describe("stations", () => {
  it("stand at the nearest place; who is far away from all is refused", async () => {
    const { emulator, field } = await sample();
    // A degree of a great circle is 111.195 km of a sphere of 6,371 km.
    expect(distanceKm({ lat: 0, lon: 0 }, { lat: 0, lon: 1 })).toBeCloseTo(111.195, 2);
    expect([...stationNetwork(emulator, [{ name: "a", latitude: 46.4, longitude: 7, error: 1 }]).places]).toEqual([6]);
    expect(() => stationNetwork(emulator, [{ name: "a", latitude: -46, longitude: 7, error: 1 }])).toThrow(
      "Leave it out",
    );
    for (const wrong of [{ latitude: 140 }, { error: 0 }, { error: Number.NaN }, { longitude: Number.NaN }]) {
      const station = { name: "a", latitude: 46, longitude: 7, error: 1, ...wrong };
      expect(() => stationNetwork(emulator, [station])).toThrow(
        /Station "a" is at .* a place on the Earth, and an error/,
      );
    }
    expect(() => stationNetwork(emulator, [...stationsAt(field, [0]), ...stationsAt(field, [0])])).toThrow(
      "must differ",
    );
  });

  it("correct all places alike where localisation reaches everywhere", async () => {
    const { emulator, field, network, test } = await sample();
    const events = [...observeField(field, { network, years: test, seed: 1n })].slice(0, 5);
    const means = [undefined, 1e9].map((localisationKm) => {
      const follower = new Follower(emulator, network, { seed: 1n, members: 30, localisationKm });
      return [...events.flatMap((event) => follower.take(event).analyses), ...follower.finish()].map(
        ({ mean }) => mean,
      );
    });
    means[0]?.forEach((mean, day) => {
      for (const [p, value] of mean.entries()) expect(means[1]?.[day]?.[p]).toBeCloseTo(value, 7);
    });
  });
});

describe("fitField", () => {
  it("refuses a place that does not vary: its departures are rounding, and no mode", async () => {
    const field = await readField(syntheticClimate({ seed: 7n, years: 3, shape: [2, 3] }), "tas");
    // 280.15 as float32 has it; the fitted cycle is off by some 1e-12.
    const values = field.values.map((value, i) => (i % 6 === 4 ? Math.fround(280.15) : value));
    await expect(fitField({ ...field, values })).rejects.toThrow("Place 4 of the field never departs");
  });

  it.each([{ harmonics: -1 }, { harmonics: 1.5 }, { spreadHarmonics: Number.NaN }])(
    "refuses %j, which is no number of harmonics",
    async (options) => {
      const { field } = await sample();
      await expect(fitField(field, options)).rejects.toMatchObject({
        code: "TWIN_INVALID_ARGUMENT",
        message: expect.stringContaining("is a whole number, 0 or more"),
      });
    },
  );
});

describe("crossValidateEmulators", () => {
  it("puts the candidates in order, and says of those that cannot be fitted why", async () => {
    const { field, emulator } = await sample();
    const { years } = emulator.document.data;
    const scored = await crossValidateEmulators(field, {
      years,
      folds: 3,
      candidates: [
        { coupled: 100, lag: 40 },
        { coupled: 1, lag: 1 },
        { coupled: 8, lag: 1 },
      ],
    });
    // The climate is carried along by the wind: modes that are coupled say more.
    expect(scored[0]?.candidate.coupled).toBe(8);
    expect(scored[0]?.score).toBeLessThan(scored[1]?.score as number);
    expect(scored[1]?.score).toBeLessThan(1);
    expect(scored[2]).toMatchObject({ score: undefined, why: expect.stringContaining("Take fewer modes") });
    await expect(crossValidateEmulators(field, { years, folds: 10, candidates: [] })).rejects.toThrow(
      "cannot be taken in 10 groups",
    );
    await expect(fitField(field, { years: [1900] })).rejects.toThrow("no year 1900");
  });
});
