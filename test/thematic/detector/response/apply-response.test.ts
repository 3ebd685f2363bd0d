import fc from "fast-check";
import { canonicalJson, NdArray } from "twinloom";
import {
  applyResponse,
  loadGeometry,
  type ResponseConditions,
  type ResponseOptions,
  responseConditions,
} from "twinloom/thematic/detector";
import { describe, expect, it } from "vitest";

const geometry = await loadGeometry("w-si-45");
const [LAYERS, ALPHAS, RINGS] = geometry.shape;
const WIDTH = LAYERS * ALPHAS * RINGS;
const SEED = 5n;

const ones = (): number[] => new Array<number>(LAYERS).fill(1);
const at = (layer: number, alpha: number, r: number): number => (layer * ALPHAS + alpha) * RINGS + r;

function apply(values: Float32Array, conditions: ResponseOptions, ids?: readonly bigint[]): Float32Array {
  const count = values.length / WIDTH;
  const showers = new NdArray(values.slice(), { dtype: "float32", shape: [count, ...geometry.shape] });
  const eventIds = ids ? BigInt64Array.from(ids) : BigInt64Array.from({ length: count }, (_, event) => BigInt(event));
  return applyResponse(showers, conditions, { geometry, eventIds, seed: SEED }).values();
}

/** A shower with some energies anywhere: zeros of either sign, subnormal and large ones among them. */
const shower = fc
  .array(fc.tuple(fc.nat(WIDTH - 1), fc.float({ min: 0, max: 2 ** 17, noNaN: true })), { maxLength: 200 })
  .map((cells) => {
    const values = new Float32Array(WIDTH);
    for (const [cell, energy] of cells) values[cell] = energy;
    return values;
  });
const factor = fc.double({ min: 0.1, max: 10, noNaN: true });
const cell = fc.tuple(fc.nat(LAYERS - 1), fc.nat(ALPHAS - 1), fc.nat(RINGS - 1));
const conditions: fc.Arbitrary<ResponseOptions> = fc.record(
  {
    gains: fc.array(factor, { minLength: LAYERS, maxLength: LAYERS }),
    temperatureC: fc.double({ min: 18, max: 22, noNaN: true }),
    responsePerKelvin: fc.oneof(
      fc.double({ min: -0.1, max: 0.1, noNaN: true }),
      fc.array(fc.double({ min: -0.1, max: 0.1, noNaN: true }), { minLength: LAYERS, maxLength: LAYERS }),
    ),
    hotCells: fc
      .uniqueArray(cell, { maxLength: 5, selector: String })
      .map((cells) => cells.map((each) => ({ cell: each, rate: 0.5, meanMeV: 3 }))),
    deadCells: fc.uniqueArray(cell, { maxLength: 5, selector: String }),
    thresholdMeV: fc.double({ min: 0, max: 5, noNaN: true }),
  },
  { requiredKeys: [] },
);

/** The same, in other words: cell by cell. */
function expected(values: Float32Array, full: ResponseConditions): (cell: number) => number | undefined {
  const dead = new Set(full.deadCells.map((each) => at(...each)));
  const hot = new Set(full.hotCells.map(({ cell: each }) => at(...each)));
  return (index) => {
    const layer = Math.floor(index / (ALPHAS * RINGS));
    const warmer = full.temperatureC - full.referenceTemperatureC;
    const gain = (full.gains[layer] as number) * (1 + (full.responsePerKelvin[layer] as number) * warmer);
    if (dead.has(index)) return 0;
    if (hot.has(index)) return undefined;
    const read = Math.fround((values[index] as number) * gain);
    return read < full.thresholdMeV ? 0 : read;
  };
}

describe("applyResponse", () => {
  it("by default leaves every bit as it is", () => {
    const odd = new Float32Array(WIDTH);
    odd.set([-0, Number.NaN, -1, 1e-45, 3e38, Number.POSITIVE_INFINITY]);
    expect(new Uint32Array(apply(odd, {}).buffer)).toEqual(new Uint32Array(odd.buffer));
    fc.assert(
      fc.property(shower, (values) => {
        expect(new Uint32Array(apply(values, { gains: ones() }).buffer)).toEqual(new Uint32Array(values.buffer));
      }),
      { seed: 1, numRuns: 20 },
    );
  });

  it("is the product of gain and temperature in double precision, rounded once; then dead cells, then the threshold", () => {
    fc.assert(
      fc.property(shower, conditions, (values, given) => {
        const read = apply(values, given);
        const wanted = expected(values, responseConditions(given, geometry));
        read.forEach((value, index) => {
          const want = wanted(index);
          if (want !== undefined && !Object.is(value, want)) expect(value, `cell ${index}`).toBe(want);
        });
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("works in place and returns the same array", () => {
    const showers = new NdArray(new Float32Array(WIDTH).fill(1), { dtype: "float32", shape: [1, ...geometry.shape] });
    const options = { geometry, eventIds: BigInt64Array.of(1n), seed: SEED };
    expect(applyResponse(showers, { gains: ones().fill(2, 3, 4) }, options)).toBe(showers);
    expect([showers.at(0, 2, 0, 0), showers.at(0, 3, 15, 8), showers.at(0, 4, 0, 0)]).toEqual([1, 2, 1]);
  });

  it("applies only to the events of a view", () => {
    const values = new Float32Array(3 * WIDTH).fill(1);
    const all = new NdArray(values, {
      dtype: "float32",
      shape: [3, ...geometry.shape],
      dims: ["event", "l", "a", "r"],
    });
    const middle = all.slice({ event: { start: 1, stop: 2 } });
    applyResponse(middle, { gains: ones().fill(2) }, { geometry, eventIds: BigInt64Array.of(1n), seed: SEED });
    expect([values[0], values[WIDTH], values[2 * WIDTH - 1], values[2 * WIDTH]]).toEqual([1, 2, 2, 1]);
  });

  it("is undone, but for rounding, by the inverse gains", () => {
    fc.assert(
      fc.property(shower, fc.array(factor, { minLength: LAYERS, maxLength: LAYERS }), (values, gains) => {
        const back = apply(apply(values, { gains }), { gains: gains.map((gain) => 1 / gain) });
        // Below 2^-120 a product may be subnormal, and has fewer digits.
        const worst = back.reduce((most, value, index) => {
          const was = values[index] as number;
          return was < 2 ** -120 ? most : Math.max(most, Math.abs(value - was) / was);
        }, 0);
        expect(worst).toBeLessThanOrEqual(2 ** -23);
      }),
      { seed: 3, numRuns: 30 },
    );
  });

  it("reads 0 below the threshold, and what is at it stays; twice is once", () => {
    const values = new Float32Array(WIDTH);
    const threshold = Math.fround(0.3);
    values.set([threshold, 0.29, 0.31]);
    const read = apply(values, { thresholdMeV: threshold });
    expect([...read.subarray(0, 3)]).toEqual([threshold, 0, Math.fround(0.31)]);
    expect(apply(read, { thresholdMeV: threshold })).toEqual(read);
  });

  it("compares the threshold with what the gain makes of an energy", () => {
    const values = new Float32Array(WIDTH).fill(1);
    const read = apply(values, { gains: ones().fill(0.5, 7, 8), thresholdMeV: 0.6 });
    expect([read[at(6, 0, 0)], read[at(7, 0, 0)]]).toEqual([1, 0]);
  });
});

describe("hot cells", () => {
  const hot = { cell: [3, 2, 1] as const, rate: 0.25, meanMeV: 4 };
  const index = at(...hot.cell);
  const noiseOf = (ids: readonly bigint[], more: ResponseOptions = {}): readonly number[] => {
    const read = apply(new Float32Array(ids.length * WIDTH), { hotCells: [hot], ...more }, ids);
    return ids.map((_, event) => read[event * WIDTH + index] as number);
  };

  it("read noise at the stated rate and mean, and nothing else does", () => {
    const noise = Array.from({ length: 40 }, (_, block) =>
      noiseOf(Array.from({ length: 100 }, (_event, i) => BigInt(100 * block + i))),
    ).flat();
    const fired = noise.filter((energy) => energy > 0);
    // Four standard deviations.
    expect(Math.abs(fired.length - 1000)).toBeLessThan(4 * Math.sqrt(750));
    const mean = fired.reduce((sum, energy) => sum + energy, 0) / fired.length;
    expect(Math.abs(mean - 4)).toBeLessThan((4 * 4) / Math.sqrt(fired.length));
    const read = apply(new Float32Array(WIDTH), { hotCells: [{ ...hot, rate: 1 }] });
    expect(read.reduce((count, energy) => count + Number(energy > 0), 0)).toBe(1);
  });

  it("depend on the event's id and the seed alone: not on its neighbours, nor on other cells", () => {
    const ids = [5n, 6n, 7n, -1n, 2n ** 62n];
    const all = noiseOf(ids);
    expect(ids.flatMap((id) => noiseOf([id]))).toEqual(all);
    const beside = { cell: [3, 2, 2] as const, rate: 1, meanMeV: 1 };
    expect(noiseOf(ids, { hotCells: [beside, hot] })).toEqual(all);
  });

  it("add their noise after the gain, in double precision", () => {
    const values = new Float32Array(WIDTH);
    values[index] = 10;
    const noise = noiseOf([0n], { hotCells: [{ ...hot, rate: 1 }] })[0] as number;
    const read = apply(values, { hotCells: [{ ...hot, rate: 1 }], gains: ones().fill(3) });
    expect(read[index]).toBeCloseTo(30 + noise, 5);
  });

  it("read nothing when they are dead, too, or below the threshold", () => {
    expect(noiseOf([0n], { hotCells: [{ ...hot, rate: 1 }], deadCells: [hot.cell] })).toEqual([0]);
    expect(noiseOf([0n], { hotCells: [{ ...hot, rate: 1, meanMeV: 0.1 }], thresholdMeV: 50 })).toEqual([0]);
  });
});

describe("responseConditions", () => {
  it("come back from canonical JSON as they were, and equal ones have equal text", () => {
    fc.assert(
      fc.property(conditions, (given) => {
        const full = responseConditions(given, geometry);
        const text = canonicalJson(full);
        const again = responseConditions(JSON.parse(text), geometry);
        expect(again).toEqual(full);
        expect(canonicalJson(again)).toBe(text);
      }),
      { seed: 4, numRuns: 100 },
    );
    const dead = [[3, 2, 1] as const, [0, 0, 1] as const];
    expect(responseConditions({ deadCells: dead }, geometry)).toEqual(
      responseConditions({ deadCells: dead.toReversed(), responsePerKelvin: 0, gains: ones() }, geometry),
    );
  });

  it.for<readonly [string, unknown, RegExp]>([
    ["too few gains", { gains: [1, 1] }, /gains: It has 2 values; give one for each of the 45 layers/],
    ["a gain of 0", { gains: ones().fill(0, 4, 5) }, /gains\.4: It must be a number from 0\.1 to 10/],
    ["a gain that is no number", { gains: ones().fill(Number.NaN, 4, 5) }, /gains\.4: It must be a number/],
    [
      "a temperature that leaves no response",
      { responsePerKelvin: ones().fill(-0.02).fill(-0.1, 2, 3), temperatureC: 30 },
      /At 30 °C the response of layer 2 would be 0 of that at 20 °C; it must be from 0\.1 to 10/,
    ],
    [
      "a cell that is not there",
      { deadCells: [[45, 0, 0]] },
      /deadCells\.0: .*layers are 0 to 44, alpha 0 to 15, r 0 to 8/,
    ],
    ["no cell", { deadCells: [[1, 2]] }, /deadCells\.0: It must be a cell: \[layer, alpha, r\]/],
    [
      "a cell twice",
      {
        deadCells: [
          [1, 2, 3],
          [1, 2, 3],
        ],
      },
      /deadCells\.1: Cell \[1, 2, 3\] is there twice/,
    ],
    ["a rate above 1", { hotCells: [{ cell: [1, 2, 3], rate: 2, meanMeV: 1 }] }, /hotCells\.0\.rate: .*to 1\./],
    ["a negative threshold", { thresholdMeV: -1 }, /thresholdMeV: It must be a number from 0 to 1000000, in MeV/],
    ["a slip", { gain: [1] }, /gain: Unknown\. Did you mean "gains"\?/],
    ["another version", { schemaVersion: 2 }, /schemaVersion: It must be 1/],
    ["no map", 7, /the conditions: /],
  ])("refuse %s", ([, given, message]) => {
    expect(() => responseConditions(given, geometry)).toThrow(message);
    expect(() => responseConditions(given, geometry)).toThrow(
      expect.objectContaining({ code: "TWIN_RESPONSE_INVALID" }),
    );
  });

  it("are refused before anything is changed; and so are showers that they do not fit", () => {
    const showers = new NdArray(new Float32Array(WIDTH).fill(1), { dtype: "float32", shape: [1, ...geometry.shape] });
    const options = { geometry, eventIds: BigInt64Array.of(1n), seed: SEED };
    expect(() => applyResponse(showers, { gains: [2] }, options)).toThrow(/gains/);
    const refused = { code: "TWIN_INVALID_ARGUMENT" };
    const doubled = { gains: ones().fill(2) };
    const flat = showers.reshape([1, WIDTH]);
    expect(() => applyResponse(flat, doubled, options)).toThrow(expect.objectContaining(refused));
    const { shape } = showers;
    const turned = new NdArray(showers.data, { dtype: "float32", shape, strides: [WIDTH, 144, 1, 16] });
    expect(() => applyResponse(turned, doubled, options)).toThrow(/a view with gaps: copy it first/);
    const none = { ...options, eventIds: new BigInt64Array(0) };
    expect(() => applyResponse(showers, doubled, none)).toThrow(expect.objectContaining(refused));
    expect(showers.at(0, 0, 0, 0)).toBe(1);
  });
});
