import assert from "node:assert/strict";
import type { Adaptable, CounterFaults, Counters, StreamEvent } from "../../core/index.ts";
import { assertRejects } from "./compare.ts";
import type { ConformanceCase } from "./register.ts";

/** An adaptable twin under test, with events. */
interface CountersFixture {
  readonly adaptable: Adaptable;
  readonly reference: readonly StreamEvent[];
  readonly events: readonly StreamEvent[];
}

/** A share that is so many times another is no accident. */
const MOST_TIMES = 3;
/** Counts that are enough to tell. */
const ENOUGH = 50;

/** Every promise of `Adaptable` about counters. Twins that have none are asked for no marks. */
export const counterCases: readonly ConformanceCase<CountersFixture>[] = [
  {
    name: "names each of its counters, and has a group of two or more for each",
    async run({ adaptable: { counters } }) {
      if (!counters) return;
      const { size, groups } = counters;
      assert.ok(Number.isInteger(size) && size > 0, `there are ${size} counters`);
      const names = Array.from({ length: size }, (_, counter) => counters.name(counter));
      assert.equal(new Set(names).size, size, "names are not unique");
      assert.equal(groups.length, size, "groups");
      const members = new Map<number, number>();
      for (const group of groups) members.set(group, (members.get(group) ?? 0) + 1);
      for (const [group, count] of members) assert.ok(count > 1, `group ${group} has ${count} counters`);
      for (const wrong of [-1, size, 0.5]) {
        await assertRejects(
          attempt(() => counters.name(wrong)),
          "TWIN_INVALID_ARGUMENT",
          `the name of counter ${wrong}`,
        );
      }
    },
  },
  {
    name: "marks counters of each event, each at most once, ascending, the same in batches of whatever size",
    async run({ adaptable, events }) {
      const { counters } = adaptable;
      const { marks, count } = adaptable.features(events);
      assert.equal(marks !== undefined, counters !== undefined, "marks, and counters");
      if (!marks || !counters) return;
      assert.equal(marks.offsets.length, count + 1, "offsets");
      const lists = listsOf(adaptable, events);
      lists.forEach((list, event) => {
        list.forEach((counter, i) => {
          assert.ok(counter < counters.size, `event ${event} marks counter ${counter} of ${counters.size}`);
          assert.ok(counter > (list[i - 1] ?? -1), `event ${event}: its marks do not ascend`);
        });
      });
      assert.ok(
        lists.some(({ length }) => length > 0),
        "no event marks a counter",
      );
      for (const size of [1, 7]) {
        const parts = Array.from({ length: Math.ceil(events.length / size) }, (_, i) =>
          listsOf(adaptable, events.slice(i * size, (i + 1) * size)),
        );
        assert.deepEqual(parts.flat(), lists, `batches of ${size}`);
      }
    },
  },
  {
    name: "has groups in which a counter's share of the marks does not depend on how many an event has",
    async run({ adaptable, reference, events }) {
      const { counters } = adaptable;
      if (!counters) return;
      const lists = listsOf(adaptable, [...reference, ...events]).toSorted((a, b) => a.length - b.length);
      const middle = lists.length >>> 1;
      const [few, many] = [lists.slice(0, middle), lists.slice(middle)].map((half) => sharesOf(counters, half));
      for (let counter = 0; counter < counters.size; counter++) {
        const [one, other] = [few?.(counter), many?.(counter)];
        if (!one || !other || Math.max(one.share, other.share) * Math.min(one.of, other.of) < ENOUGH) continue;
        const ratio = one.share / other.share;
        const told = `${counters.name(counter)} has ${one.share} of its group's marks in events of few, ${other.share} in others`;
        assert.ok(ratio > 1 / MOST_TIMES && ratio < MOST_TIMES, told);
      }
    },
  },
  {
    name: "has the faults that were applied, and keeps them when others are refused, or none are given",
    async run({ adaptable }) {
      const { counters, current } = adaptable;
      if (!counters) return;
      const faults: CounterFaults = { silent: [0], noisy: [{ counter: 1, rate: 0.25 }] };
      await adaptable.apply(current, faults);
      assert.deepEqual(adaptable.counters?.faults, faults, "after apply");
      const copy = adaptable.counters?.faults.silent as number[] | undefined;
      copy?.push(1);
      assert.deepEqual(adaptable.counters?.faults, faults, "after a copy was changed");
      await adaptable.apply(current);
      assert.deepEqual(adaptable.counters?.faults, faults, "after other conditions were applied");
      for (const [what, wrong] of Object.entries(wrongFaults(counters))) {
        await assertRejects(
          attempt(() => adaptable.apply(current, wrong)),
          "TWIN_INVALID_ARGUMENT",
          `faults: ${what}`,
        );
        await assertRejects(
          attempt(() => adaptable.calibration(current, wrong)),
          "TWIN_INVALID_ARGUMENT",
          `a calibration: ${what}`,
        );
        assert.deepEqual(adaptable.counters?.faults, faults, `after ${what} was refused`);
      }
    },
  },
  {
    name: "tells every fault in its calibration, those that hold where none are given",
    async run({ adaptable }) {
      if (!adaptable.counters) return;
      const { current } = adaptable;
      const all: readonly CounterFaults[] = [
        { silent: [], noisy: [] },
        { silent: [0], noisy: [] },
        { silent: [1], noisy: [] },
        { silent: [], noisy: [{ counter: 0, rate: 0.25 }] },
        { silent: [], noisy: [{ counter: 0, rate: 0.5 }] },
      ];
      const texts = all.map((faults) => JSON.stringify(adaptable.calibration(current, faults)));
      assert.equal(new Set(texts).size, all.length, "calibrations do not tell all faults apart");
      for (const [i, faults] of all.entries()) {
        await adaptable.apply(current, faults);
        assert.equal(
          JSON.stringify(adaptable.calibration(current)),
          texts[i],
          "the calibration of the faults that hold",
        );
      }
    },
  },
];

function wrongFaults({ size }: Counters): Readonly<Record<string, CounterFaults>> {
  return {
    "a counter that there is not": { silent: [size], noisy: [] },
    "a noisy counter that there is not": { silent: [], noisy: [{ counter: size, rate: 0.1 }] },
    "a counter that is silent and noisy": { silent: [0], noisy: [{ counter: 0, rate: 0.1 }] },
    "a rate above 1": { silent: [], noisy: [{ counter: 0, rate: 1.1 }] },
    "a rate of 0": { silent: [], noisy: [{ counter: 0, rate: 0 }] },
  };
}

function listsOf(adaptable: Adaptable, events: readonly StreamEvent[]): (readonly number[])[] {
  const { marks } = adaptable.features(events);
  return events.map((_, i) => [...(marks?.counters.subarray(marks.offsets[i], marks.offsets[i + 1]) ?? [])]);
}

/** Of the marks of its group, how many a counter has. */
function sharesOf(
  { size, groups }: Counters,
  lists: readonly (readonly number[])[],
): (counter: number) => { readonly share: number; readonly of: number } {
  const [counts, totals] = [new Float64Array(size), new Map<number, number>()];
  for (const counter of lists.flat()) {
    counts[counter] = (counts[counter] as number) + 1;
    const group = groups[counter] as number;
    totals.set(group, (totals.get(group) ?? 0) + 1);
  }
  return (counter) => {
    const of = totals.get(groups[counter] as number) ?? 0;
    return { share: (counts[counter] as number) / Math.max(1, of), of };
  };
}

async function attempt(ask: () => unknown): Promise<unknown> {
  return await ask();
}
