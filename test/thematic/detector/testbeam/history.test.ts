import fc from "fast-check";
import { loadGeometry, responseConditions, TestBeam, type TestBeamConditions } from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";

const geometry = await loadGeometry("w-si-45");

interface Options {
  readonly events?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly absorberMm?: number;
  readonly response?: unknown;
}

function beamOf(history: readonly unknown[], options: Options = {}): TestBeam {
  const { events = 10_000, rate = 100, seed = 3, ...more } = options;
  return new TestBeam(
    { schemaVersion: 1, source: "beam", events, eventsPerSecond: rate, seed, ...more, history },
    geometry,
  );
}

const at = (beam: TestBeam, seconds: number): TestBeamConditions => beam.conditionsAt(seconds);
const gain = (beam: TestBeam, seconds: number, layer = 0): number => at(beam, seconds).response.gains[layer] as number;

describe("the history of a test beam", () => {
  it("without changes is the response at first, at any time", () => {
    const beam = beamOf([], { response: { temperatureC: 24, deadCells: [[1, 2, 3]] }, absorberMm: 1.6 });
    for (const seconds of [0, 1, 1e6]) {
      expect(at(beam, seconds)).toEqual({
        ...{ seconds, absorberMm: 1.6, publishedTemperatureC: 24 },
        response: responseConditions({ temperatureC: 24, deadCells: [[1, 2, 3]] }, geometry),
      });
    }
  });

  it("is a function of time alone, whatever was asked before", () => {
    const changes = [
      { change: "gain-walk", at: { event: 10 }, layers: [3], perRootHour: 2 },
      { change: "temperature-ramp", at: { seconds: 5 }, until: { seconds: 50 }, kelvinPerMinute: 2 },
      { change: "hot-cells", at: { seconds: 7 }, until: { seconds: 9 }, cells: [[1, 1, 1]], rate: 0.5, meanMeV: 1 },
    ];
    const beam = beamOf(changes);
    const times = fc.array(fc.double({ min: 0, max: 120, noNaN: true }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, (list) => {
        const fresh = beamOf(changes);
        const forwards = list.map((seconds) => at(fresh, seconds));
        expect(list.toReversed().map((seconds) => at(beam, seconds))).toEqual(forwards.toReversed());
      }),
      { seed: 5, numRuns: 10 },
    );
  });

  it("holds from its time on, and ends before its end; events and seconds are the same times", () => {
    const range = { cells: [[3, 0, 1]], until: { event: 400 } };
    for (const start of [{ event: 300 }, { seconds: 3 }]) {
      const beam = beamOf([
        { change: "dead-cells", at: start, ...range },
        { change: "threshold", at: start, thresholdMeV: 0.5 },
        { change: "absorber", at: start, absorberMm: 1.5 },
        { change: "gain-step", at: start, layers: [7], factor: 1.03 },
      ]);
      const told = [299, 300, 399, 400].map((event) => {
        const { absorberMm, response } = at(beam, beam.secondsOf(event));
        return [absorberMm, response.thresholdMeV, response.gains[7], response.gains[6], response.deadCells.length];
      });
      expect(told).toEqual([
        [1.4, 0, 1, 1, 0],
        [1.5, 0.5, 1.03, 1, 1],
        [1.5, 0.5, 1.03, 1, 1],
        [1.5, 0.5, 1.03, 1, 0],
      ]);
    }
  });

  it("takes the newest of thresholds and absorbers, in whatever order they are listed", () => {
    const beam = beamOf([
      { change: "absorber", at: { seconds: 20 }, absorberMm: 1.6 },
      { change: "absorber", at: { seconds: 10 }, absorberMm: 1.5 },
      { change: "threshold", at: { seconds: 10 }, thresholdMeV: 1 },
      { change: "threshold", at: { seconds: 10 }, thresholdMeV: 2 },
    ]);
    expect([5, 15, 25].map((seconds) => at(beam, seconds).absorberMm)).toEqual([1.4, 1.5, 1.6]);
    expect(at(beam, 10).response.thresholdMeV).toBe(2);
  });

  it("ramps the temperature, which stays where the ramp ends; ramps add up", () => {
    const beam = beamOf(
      [
        { change: "temperature-ramp", at: { seconds: 10 }, until: { seconds: 70 }, kelvinPerMinute: 2 },
        { change: "temperature-ramp", at: { seconds: 40 }, until: { seconds: 70 }, kelvinPerMinute: -4 },
      ],
      { response: { temperatureC: 21 } },
    );
    const told = [0, 10, 25, 40, 55, 70, 99].map((seconds) => at(beam, seconds).response.temperatureC);
    const wanted = [21, 21, 21.5, 22, 21.5, 21, 21];
    told.forEach((temperature, i) => {
      expect(temperature).toBeCloseTo(wanted[i] as number, 12);
    });
  });

  it("publishes the temperature as it is, late, or not at all", () => {
    const beam = beamOf([
      { change: "temperature-ramp", at: { seconds: 0 }, until: { seconds: 60 }, kelvinPerMinute: 60 },
      { change: "slow-control-late", at: { seconds: 10 }, until: { seconds: 20 }, bySeconds: 15 },
      { change: "slow-control-missing", at: { seconds: 18 }, until: { seconds: 30 } },
    ]);
    const published = (seconds: number): number | undefined => at(beam, seconds).publishedTemperatureC;
    expect(published(9.99)).toBeCloseTo(29.99, 10);
    // Before the beam there was the temperature of its beginning.
    expect([published(10), published(14)]).toEqual([20, 20]);
    expect(published(17)).toBeCloseTo(22, 10);
    expect([published(18), published(20), published(29.99)]).toEqual([undefined, undefined, undefined]);
    expect(published(30)).toBeCloseTo(50, 10);
    expect(at(beam, 18).response.temperatureC).toBeCloseTo(38, 10);
  });

  it("drifts gains linearly, from the gain that there is; changes multiply", () => {
    const beam = beamOf(
      [
        { change: "gain-drift", at: { seconds: 10 }, until: { seconds: 46 }, layers: [2], perHour: 3 },
        { change: "gain-step", at: { seconds: 20 }, factor: 2 },
      ],
      { response: { gains: new Array(45).fill(0.5) } },
    );
    expect([gain(beam, 10, 2), gain(beam, 30, 1)]).toEqual([0.5, 1]);
    expect(gain(beam, 19, 2)).toBeCloseTo(0.5 * (1 + (3 * 9) / 3600), 12);
    expect(gain(beam, 46, 2)).toBeCloseTo(0.5 * 1.03 * 2, 12);
    expect(gain(beam, 99, 2)).toBe(gain(beam, 46, 2));
  });

  it("replaces the noise of a cell that is hot already, and says hot and dead cells in order", () => {
    const beam = beamOf(
      [
        {
          change: "hot-cells",
          at: { seconds: 1 },
          cells: [
            [9, 0, 0],
            [2, 0, 0],
          ],
          rate: 0.5,
          meanMeV: 7,
        },
        {
          change: "dead-cells",
          at: { seconds: 1 },
          cells: [
            [9, 0, 0],
            [2, 0, 0],
          ],
        },
      ],
      { response: { hotCells: [{ cell: [2, 0, 0], rate: 0.1, meanMeV: 1 }], deadCells: [[2, 0, 0]] } },
    );
    const { hotCells, deadCells } = at(beam, 1).response;
    expect(hotCells).toEqual([
      { cell: [2, 0, 0], rate: 0.5, meanMeV: 7 },
      { cell: [9, 0, 0], rate: 0.5, meanMeV: 7 },
    ]);
    expect(deadCells).toEqual([
      [2, 0, 0],
      [9, 0, 0],
    ]);
    expect(at(beam, 0.99).response.hotCells).toEqual([{ cell: [2, 0, 0], rate: 0.1, meanMeV: 1 }]);
  });

  it("always gives a response that can be applied", () => {
    const beam = beamOf([
      { change: "hot-cells", at: { seconds: 1 }, cells: [[9, 0, 0]], rate: 0.5, meanMeV: 7 },
      { change: "dead-cells", at: { seconds: 2 }, cells: [[9, 0, 0]] },
      { change: "gain-walk", at: { seconds: 2 }, perRootHour: 0.5 },
    ]);
    for (const seconds of [0, 1, 2, 50, 99]) {
      const { response } = at(beam, seconds);
      expect(responseConditions(response, geometry)).toEqual(response);
    }
  });

  it("refuses gains that no detector has, also where only changes together make them", () => {
    // One grows to 41 times, the other falls to 0.05: their product is in range at both ends, and 11 between.
    const history = [
      { change: "gain-drift", at: { event: 0 }, perHour: 0.4 * 3600 },
      { change: "gain-drift", at: { event: 0 }, perHour: -0.0095 * 3600 },
    ];
    expect(() => beamOf(history)).toThrow(
      expect.objectContaining({
        code: "TWIN_TESTBEAM_INVALID",
        message: expect.stringMatching(/history: [\d.]+ s after the first event the gain of layer 0 would be 1\d\./),
      }),
    );
  });

  it("refuses times before the first event", () => {
    for (const seconds of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => at(beamOf([]), seconds)).toThrow(expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }));
    }
  });
});

describe("a walk of gains", () => {
  const walk = { change: "gain-walk", at: { seconds: 0 }, perRootHour: 0.1, everySeconds: 60 };
  const hour = { events: 3601, rate: 1 };

  it("spreads over the layers as it says, each on its own", () => {
    const logs = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((seed) =>
      at(beamOf([walk], { ...hour, seed }), 3600).response.gains.map(Math.log),
    );
    const variance = logs.reduce((sum, log) => sum + log * log, 0) / logs.length;
    // Four standard deviations of the variance of 360 normal numbers.
    expect(Math.abs(variance / 0.01 - 1)).toBeLessThan(4 * Math.sqrt(2 / logs.length));
    const pairs = logs.slice(1).reduce((sum, log, i) => sum + log * (logs[i] as number), 0) / logs.length;
    expect(Math.abs(pairs / 0.01)).toBeLessThan(4 / Math.sqrt(logs.length));
  });

  it("is continuous, begins at 1, and stays where it ends", () => {
    const beam = beamOf([{ ...walk, until: { seconds: 1800 } }], hour);
    expect(gain(beam, 0)).toBe(1);
    expect(Math.abs(gain(beam, 600) - gain(beam, 600 - 1e-9))).toBeLessThan(1e-9);
    expect(gain(beam, 1800)).not.toBe(gain(beam, 1790));
    expect(gain(beam, 3600)).toBe(gain(beam, 1800));
  });

  it("does not depend on its end, on the number of events, or on other layers; but on seed and entry", () => {
    const reference = gain(beamOf([walk], hour), 1000, 5);
    expect(gain(beamOf([{ ...walk, layers: [5], until: { seconds: 1500 } }], { ...hour, events: 2000 }), 1000, 5)).toBe(
      reference,
    );
    expect(gain(beamOf([walk], { ...hour, seed: 4 }), 1000, 5)).not.toBe(reference);
    const second = beamOf([{ change: "threshold", at: { event: 0 }, thresholdMeV: 1 }, walk], hour);
    expect(gain(second, 1000, 5)).not.toBe(reference);
  });
});
