import { beforeAll, describe, expect, it } from "vitest";
import { type Features, NdArray, RandomStream, type StreamEvent } from "../../../../core/index.ts";
import { AdaptableClimate } from "../../../../thematic/climate/following/adaptable-climate.ts";
import { independentSteps } from "../../../../thematic/climate/following/independent-steps.ts";
import { stationModel } from "../../../../thematic/climate/following/station-model.ts";
import { type Sample, sample } from "./shared.ts";

const [RUNS, DAYS, OFFSETS] = [600, 60, 3];
const SIZE = OFFSETS + 1;
const FIRST = 12_000;

let made: Sample;
/** Of each run, days in a row as the emulator makes them, at stations with their errors. */
let runs: readonly (readonly StreamEvent[])[];

beforeAll(async () => {
  made = await sample();
  const { emulator, network } = made;
  const noise = new RandomStream({ seed: 4n, id: 0n, purpose: 98 });
  const events: StreamEvent[][] = Array.from({ length: RUNS }, () => []);
  let states = new Float64Array(RUNS * emulator.modes);
  for (let day = 0; day < DAYS; day++) {
    const step = FIRST + day;
    states = emulator.propagateAll(states, day === 0 ? Number.POSITIVE_INFINITY : 1, {
      ...{ seed: 8n, purpose: 97, key: day },
    }) as Float64Array<ArrayBuffer>;
    const { mean, spread } = emulator.cycle(step);
    for (const [run, list] of events.entries()) {
      const departure = emulator.departure(states, run * emulator.modes);
      const values = Float64Array.from(network.places, (place, s) => {
        const own = (departure[place] as number) + (emulator.residual[place] as number) * noise.normal();
        return (
          (mean[place] as number) +
          (spread[place] as number) * own +
          (network.stations[s]?.error as number) * noise.normal()
        );
      });
      list.push({
        ...{ source: "stations", sequence: BigInt(step), id: BigInt(step), run: "", conditions: {} },
        timeNs: emulator.timeOf(step),
        tensors: { values: new NdArray(values, { dtype: "float64", shape: [values.length], dims: ["station"] }) },
      });
    }
  }
  runs = events;
});

/** Covariance of the sums of the scores of days in a row, over runs, in units of the information. */
async function covarianceOverInformation(every: number): Promise<Float64Array> {
  const { emulator, network } = made;
  const climate = new AdaptableClimate(emulator, { network, offsets: OFFSETS, every });
  const at = climate.current;
  const features: readonly Features[] = runs.map((events) => climate.features(events));
  // So many runs that what the twin has wrong comes out.
  const expectation = await climate.expect(climate.features(runs.flat()), at);
  const sums = features.map((each) => {
    const sum = new Float64Array(SIZE);
    expectation.scores(each, at).forEach((score, i) => {
      sum[i % SIZE] = (sum[i % SIZE] as number) + score;
    });
    return sum;
  });
  const information = expectation.information(features[0] as Features, at);
  return Float64Array.from({ length: SIZE * SIZE }, (_, index) => {
    const [k, l] = [Math.floor(index / SIZE), index % SIZE];
    const product = sums.reduce((sum, each) => sum + (each[k] as number) * (each[l] as number), 0) / RUNS;
    const own = (information[k * SIZE + k] as number) * (information[l * SIZE + l] as number);
    return (product - (k === l ? 0 : (information[index] as number))) / Math.sqrt(own);
  });
}

describe("of days in a row", () => {
  // A variance of 600 sums has a standard error of 6 %, a covariance one of 4 %.
  const error = Math.sqrt(2 / RUNS);

  it("the scores that a twin takes vary together as their information says, to a tenth", async () => {
    const { emulator, network } = made;
    const every = new AdaptableClimate(emulator, { network, offsets: OFFSETS }).everySteps;
    const ratios = await covarianceOverInformation(every);
    ratios.forEach((ratio, index) => {
      const isOwn = index % (SIZE + 1) === 0;
      if (isOwn) {
        expect(ratio).toBeGreaterThan(1 - 4 * error);
        expect(ratio).toBeLessThan(1.1 + 4 * error);
      } else {
        expect(Math.abs(ratio)).toBeLessThan(0.1 + 4 * error);
      }
    });
  });

  it("those of all days vary several times as much: information would be too large", async () => {
    const ratios = await covarianceOverInformation(1);
    for (let k = 0; k < OFFSETS; k++) expect(ratios[k * (SIZE + 1)]).toBeGreaterThan(2);
  });

  it("are the farther apart the better stations see a slow mode, and no farther than is needed", () => {
    const { emulator, network } = made;
    const blind = { ...network, stations: network.stations.map((each) => ({ ...each, error: 100 })) };
    const [clear, noisy] = [network, blind].map((each) =>
      independentSteps(emulator, each, stationModel(emulator, each, OFFSETS)),
    ) as [number, number];
    expect(clear).toBeGreaterThan(2);
    expect(clear).toBeLessThan(30);
    // What is all noise has no memory.
    expect(noisy).toBe(1);
    const climate = new AdaptableClimate(emulator, { network, offsets: OFFSETS });
    const looked = climate.features((runs[0] as readonly StreamEvent[]).slice(0, 3 * clear));
    const rows = Array.from(
      { length: looked.count },
      (_, i) => !Number.isNaN(looked.values[i * network.stations.length]),
    );
    expect(rows.filter(Boolean)).toHaveLength(3);
    rows.forEach((isThere, i) => {
      expect(isThere).toBe((FIRST + i) % clear === 0);
    });
  });
});
