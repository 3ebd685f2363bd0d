import { ConditionMap, selectEvents } from "twinloom";
import { describe, expect, it } from "vitest";

const from = {
  model: "network",
  validity: {
    energy: { unit: "GeV", min: 1, max: 10 },
    thickness: { unit: "mm", min: 1, max: 2, nominal: 1.4 },
  },
};
const to = { model: "spare", validity: { energy: { unit: "MeV", min: 500, max: 20_000 } } };
const request = {
  conditions: { energy: Float64Array.of(0.1, 1.1, 3, 30), thickness: Float64Array.of(1.4, 1.4, 1.5, 1.4) },
  eventIds: BigInt64Array.of(1n, 2n, 3n, 4n),
  seed: BigUint64Array.of(5n, 6n, 7n, 8n),
  batchSize: 2,
};

describe("a condition map", () => {
  it("gives conditions in the other's units, and leaves out what it does not know", () => {
    expect(new ConditionMap(from, to).of(request)).toEqual({ energy: Float64Array.of(100, 1100, 3000, 30_000) });
  });

  it("tells which events the other can make, and why it cannot", () => {
    const map = new ConditionMap(from, to);
    expect([0, 1, 2, 3].map((event) => map.covers(request, event))).toEqual([false, true, false, false]);
    expect(() => map.check(request, 1)).not.toThrow();
    expect(() => map.check(request, 2)).toThrow(/spare, which does not know thickness: thickness of event 2 is 1.5 mm/);
    expect(() => map.check(request, 3)).toThrow(
      /spare, in place of network: energy of event 3 is 30000 MeV, .* 500 to 20000 MeV/,
    );
  });

  it("gives what is not there the value that the other stands for, or refuses", () => {
    expect(new ConditionMap(to, from).of({ ...request, conditions: { energy: Float64Array.of(1, 2, 3, 4) } })).toEqual({
      energy: Float64Array.of(0.001, 0.002, 0.003, 0.004),
      thickness: new Float64Array(4).fill(1.4),
    });
    const tilted = { model: "tilted", validity: { angle: { unit: "rad", min: 0, max: 1 } } };
    expect(() => new ConditionMap(from, tilted)).toThrow(/tilted cannot stand in for network: it needs .* "angle"/);
  });

  it("has the other's ranges in our units", () => {
    expect(new ConditionMap(from, to).ranges).toEqual({ energy: { min: 0.5, max: 20 } });
  });
});

describe("selected events", () => {
  it("have their own conditions, ids and seeds, in the order asked", () => {
    expect(selectEvents(request, Int32Array.of(2, 0))).toEqual({
      conditions: { energy: Float64Array.of(3, 0.1), thickness: Float64Array.of(1.5, 1.4) },
      eventIds: BigInt64Array.of(3n, 1n),
      seed: BigUint64Array.of(7n, 5n),
      batchSize: 2,
    });
    expect(selectEvents({ ...request, seed: 9n }, Int32Array.of(1)).seed).toBe(9n);
  });
});
