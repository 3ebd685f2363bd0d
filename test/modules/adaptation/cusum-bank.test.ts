import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../core/index.ts";
import { type BankAlarm, Cusum, CusumBank, cusumThreshold, NormalScores } from "../../../modules/adaptation/index.ts";
import { poissonInterval } from "./poisson.ts";

const IS_LONG = process.env["TWINLOOM_LONG"] === "1";
const FEATURES = 45;
const code = expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" });

/** Energies of layers that share the fluctuations of their shower: log-normal, neighbours correlated, some without energy. */
function makeEvents(id: bigint): (event: Float64Array, gains?: ArrayLike<number>) => Float64Array {
  const random = new RandomStream({ seed: 20_261_122n, id });
  return (event, gains) => {
    const [shared, depth] = [random.normal(), random.normal()];
    let beside = random.normal();
    for (let layer = 0; layer < FEATURES; layer++) {
      beside = 0.7 * beside + Math.sqrt(1 - 0.49) * random.normal();
      const energy = Math.exp(0.5 * shared + 0.4 * depth * (layer / 22 - 1) + 0.6 * beside);
      const isBelowThreshold = layer > 40 && energy < 0.8;
      event[layer] = layer === 44 && energy < 0.5 ? Number.NaN : isBelowThreshold ? 0 : energy * (gains?.[layer] ?? 1);
    }
    return event;
  };
}

describe("a bank of cumulative sums", () => {
  it("of 45 correlated features stays at or under the stated rate of all together", () => {
    const draw = makeEvents(30n);
    const event = new Float64Array(FEATURES);
    const reference = 20_000;
    const rows = new Float64Array(reference * FEATURES);
    for (let i = 0; i < reference; i++) rows.set(draw(event), i * FEATURES);
    const scores = NormalScores.fit(rows, FEATURES);
    const bank = new CusumBank({
      features: FEATURES,
      shifts: [0.1, 0.4],
      averageRunLength: 5000,
      referenceSizes: scores.referenceSizes,
    });
    const events = IS_LONG ? 5e5 : 1e5;
    let alarms = 0;
    for (let i = 0; i < events; i++) alarms += bank.update(scores.score(draw(event), event)).length;
    expect(alarms).toBeLessThanOrEqual(poissonInterval(events / 5000)[1]);
    // Far from vacuous: independent sums of a known distribution would come to the stated rate.
    expect(alarms).toBeGreaterThan(events / 5000 / 20);
  });

  it("of independent features has the stated rate, not less", () => {
    const random = new RandomStream({ seed: 20_261_122n, id: 31n });
    const bank = new CusumBank({ features: 10, shifts: [0.5], averageRunLength: 1000 });
    const events = IS_LONG ? 2e6 : 2e5;
    const event = new Float64Array(10);
    let alarms = 0;
    for (let i = 0; i < events; i++) {
      random.fillNormal(event);
      alarms += bank.update(event).length;
    }
    const [low, high] = poissonInterval(events / 1000);
    expect(alarms).toBeGreaterThanOrEqual(low);
    expect(alarms).toBeLessThanOrEqual(high);
  });

  it("names the feature that changed first, and its direction", () => {
    const draw = makeEvents(32n);
    const event = new Float64Array(FEATURES);
    const rows = new Float64Array(5000 * FEATURES);
    for (let i = 0; i < 5000; i++) rows.set(draw(event), i * FEATURES);
    const scores = NormalScores.fit(rows, FEATURES);
    const bank = new CusumBank({
      features: FEATURES,
      shifts: [0.2],
      averageRunLength: 1e6,
      referenceSizes: scores.referenceSizes,
    });
    const gains = new Float64Array(FEATURES).fill(1);
    for (let i = 0; i < 2000; i++) expect(bank.update(scores.score(draw(event, gains), event))).toEqual([]);
    gains[7] = 0.6;
    let alarms: readonly BankAlarm[] = [];
    while (alarms.length === 0) alarms = bank.update(scores.score(draw(event, gains), event));
    expect(alarms).toMatchObject([{ feature: 7, direction: "down", shift: 0.2, statistic: "cusum-bank" }]);
    expect(Math.abs((alarms[0] as BankAlarm).changedAt - 2000)).toBeLessThan(100);
  });

  it("does what a cumulative sum of each feature and shift does", () => {
    const random = new RandomStream({ seed: 20_261_122n, id: 33n });
    const [features, shifts, averageRunLength] = [3, [0.2, 1], 120];
    const bank = new CusumBank({ features, shifts, averageRunLength });
    const sums = Array.from({ length: features }, () =>
      shifts.map((shift) => new Cusum({ shift, averageRunLength: averageRunLength * 6 })),
    );
    let alarms = 0;
    for (let i = 0; i < 5000; i++) {
      const event = Float64Array.from({ length: features }, () => random.normal());
      const expected = sums.flatMap((row, feature) =>
        row.flatMap((sum, k) => {
          const alarm = sum.update(event[feature] as number);
          return alarm ? [{ ...alarm, statistic: "cusum-bank", feature, shift: shifts[k] }] : [];
        }),
      );
      const found = bank.update(event);
      expect(new Set(found)).toEqual(new Set(expected));
      alarms += found.length;
    }
    expect(alarms).toBeGreaterThan(20);
    expect(bank.thresholds[1]).toBe(cusumThreshold({ shift: 1 }, averageRunLength * 6));
  });

  it("leaves a feature as it is while it is missing", () => {
    const bank = new CusumBank({ features: 2, shifts: [1], averageRunLength: 100 });
    bank.update([1, 1]);
    const { up } = bank.state();
    bank.update([Number.NaN, Number.POSITIVE_INFINITY]);
    expect(bank.state()).toMatchObject({ up, count: 2 });
  });

  it("goes on from JSON bit for bit, and starts again when it is told to", () => {
    const random = new RandomStream({ seed: 20_261_122n, id: 34n });
    const options = { features: 4, shifts: [0.3], averageRunLength: 200 };
    const bank = new CusumBank(options);
    const next = () => Float64Array.from({ length: 4 }, () => random.normal());
    for (let i = 0; i < 500; i++) bank.update(next());
    const again = new CusumBank(options);
    again.restore(JSON.parse(JSON.stringify(bank.state())));
    for (let i = 0; i < 500; i++) {
      const event = next();
      expect(again.update(event)).toEqual(bank.update(event));
    }
    expect(again.state()).toEqual(bank.state());
    bank.reset();
    expect(bank.state()).toMatchObject({ count: 1000, up: [0, 0, 0, 0], upSince: [1000, 1000, 1000, 1000] });
  });

  it("refuses banks, events and states that do not fit", () => {
    const options = { features: 2, shifts: [1], averageRunLength: 100 };
    expect(() => new CusumBank({ ...options, features: 0 })).toThrow(code);
    expect(() => new CusumBank({ ...options, shifts: [] })).toThrow(code);
    expect(() => new CusumBank({ ...options, referenceSizes: [100] })).toThrow(code);
    const bank = new CusumBank(options);
    expect(() => bank.update([1])).toThrow(code);
    const state = bank.state();
    expect(() => bank.restore({ ...state, statistic: "cusum" })).toThrow(code);
    expect(() => bank.restore({ ...state, up: [1] })).toThrow(code);
    expect(() => bank.restore(JSON.parse('{"statistic":"cusum-bank","count":1}'))).toThrow(code);
  });
});
