import { describe, expect, it } from "vitest";
import type { CounterFaults } from "../../../../core/index.ts";
import { CounterShares } from "../../../../modules/adaptation/counters/counter-shares.ts";
import { CounterWatch } from "../../../../modules/adaptation/counters/counter-watch.ts";
import { logRatio } from "../../../../modules/adaptation/counters/likelihood-ratio.ts";

const SOUND: CounterFaults = { silent: [], noisy: [] };
const BLOCK = 256;

/** A watch on groups of counters, with how often each counted in 20,000 events. */
function watchOf(...groups: readonly (readonly number[])[]): CounterWatch {
  const counters = {
    size: groups.flat().length,
    groups: Uint32Array.from(groups.flatMap((all, i) => all.map(() => i))),
  };
  const shares = new CounterShares(counters, 20_000, Uint32Array.from(groups.flat()));
  return new CounterWatch(shares, { averageRunLength: 1e6, blockEvents: BLOCK });
}

function take(watch: CounterWatch, counts: readonly number[], faults = SOUND, suspected: readonly number[] = []) {
  const block = { counts: Uint32Array.from(counts), events: BLOCK };
  return watch.take(block, { faults, suspected: new Set(suspected), taken: 0 });
}

describe("CounterWatch", () => {
  it("goes on with a noisy counter where nothing counts in a block, and tells in the end that its noise is gone", () => {
    const faults = { silent: [], noisy: [{ counter: 0, rate: 0.01 }] };
    const watch = watchOf([40, 40, 40, 40]);
    // A count by chance, with no other: less likely of a sound one, but not impossible.
    const seen = take(watch, [1, 0, 0, 0], faults, [0]).of({ counter: 0, isSound: false });
    const change = { from: "noisy", to: "sound", times: 1, rate: 0.01 } as const;
    expect(logRatio(seen, change)).toBeLessThan(0);
    expect(logRatio(seen, change)).toBeGreaterThan(-5);
    let blocks = 1;
    for (; blocks < 1000; blocks++) {
      const { suspicions } = take(watch, [0, 0, 0, 0], faults);
      for (const [, value] of watch.state()) expect(value).toBeGreaterThan(0);
      if (suspicions.length === 0) continue;
      expect(suspicions).toMatchObject([{ counter: 0, change: { to: "sound" } }]);
      expect(suspicions[0]?.value).toBeGreaterThanOrEqual(watch.threshold);
      break;
    }
    expect(blocks).toBeLessThan(1000);
  });

  it("takes nothing for proven where nobody is left to compare with", () => {
    const silent = { silent: [1], noisy: [] };
    const { of } = take(watchOf([400, 400]), [5, 0], silent, [0]);
    const seen = of({ counter: 0, isSound: true });
    for (const times of [2, 8])
      expect(logRatio(seen, { from: "sound", to: "noisy", times, rate: 0 })).toBeLessThanOrEqual(0);
    const all = take(watchOf([400, 400]), [5, 5], { silent: [0, 1], noisy: [] });
    expect(all.suspicions).toEqual([]);
    expect(logRatio(all.of({ counter: 0, isSound: false }), { from: "silent", to: "sound", times: 1, rate: 0 })).toBe(
      0,
    );
  });

  it("takes what counts once in a long while for no noise where nothing counted in the reference, but noise for noise", () => {
    const rare = watchOf([0, 0, 0], [9000, 9000]);
    for (let block = 0; block < 2000; block++) {
      // Once in 5,000 events: in 20,000 there are none with a probability of 2 %.
      expect(take(rare, [block % 20 === 0 ? 1 : 0, 0, 0, 115, 115]).suspicions).toEqual([]);
    }
    const noisy = watchOf([0, 0, 0], [9000, 9000]);
    const found = Array.from({ length: 20 }, () => take(noisy, [5, 0, 0, 115, 115]).suspicions).flat();
    expect(found[0]).toMatchObject({ counter: 0, change: { from: "sound", to: "noisy" } });
  });

  it("knows that the others of a group tell of silence, and none tells of one that is by itself", () => {
    const watch = watchOf([8000], [8000, 8000]);
    expect(watch.delayOfSilence(0)).toBe(Number.POSITIVE_INFINITY);
    const delay = watch.delayOfSilence(1);
    let events = 0;
    for (let suspicions = 0; suspicions === 0; events += BLOCK) {
      ({ length: suspicions } = take(watch, [102, 0, 102]).suspicions);
    }
    expect(events).toBeGreaterThanOrEqual(delay);
    expect(events).toBeLessThanOrEqual(delay + BLOCK);
  });
});
