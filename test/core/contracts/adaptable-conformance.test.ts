import { describe, expect, it } from "vitest";
import { type AdaptableFixture, adaptableCases, testAdaptable } from "../../conformance/adaptable.ts";
import { brokenAdaptables, Line, lineEvents } from "../../conformance/broken/broken-adaptables.ts";
import { brokenCounters, CountingLine } from "../../conformance/broken/broken-counters.ts";

const [reference, events] = [lineEvents(0, 400), lineEvents(10_000, 300)];
const [event] = events;
if (!event) throw new Error("There are no events.");
const invalid = [{ event: { ...event, conditions: { y: 1 } }, words: ["x = undefined"] }];

function fixtureOf(adaptable: AdaptableFixture["adaptable"]): AdaptableFixture {
  return { adaptable, reference, events, invalid };
}

testAdaptable(async () => fixtureOf(new Line()));
testAdaptable(async () => fixtureOf(new CountingLine()));

describe("the suite for adaptable twins", () => {
  it.each(Object.entries({ ...brokenAdaptables, ...brokenCounters }))("notices one that %s", async (_, make) => {
    const results = await Promise.allSettled(adaptableCases.map(async ({ run }) => run(fixtureOf(make()))));
    expect(results.some(({ status }) => status === "rejected")).toBe(true);
  });
});
