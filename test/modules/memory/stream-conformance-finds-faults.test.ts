import { MemoryStream } from "twinloom/modules/memory";
import { type EventStreamFixture, eventStreamCases, reconnectingCases, recordingCases } from "twinloom/testing";
import { describe, expect, it } from "vitest";
import type { EventStream } from "../../../core/index.ts";
import { type BrokenEventStream, brokenEventStreams } from "../../conformance/broken/broken-event-streams.ts";

/** A stream in memory that breaks a promise. */
function fixtureOf(breaks: BrokenEventStream["breaks"]): EventStreamFixture {
  const memory = new MemoryStream({ name: "events", roomBytes: 8 << 20, keepBytes: 0 });
  const sound: EventStream = {
    address: memory.address,
    keeps: memory.keeps,
    publish: (...asked) => memory.publish(...asked),
    subscribe: (...asked) => memory.subscribe(...asked),
  };
  return { stream: { ...sound, ...breaks(sound) }, stop: async () => memory.stop() };
}

// At once: what is missing is waited for.
describe.concurrent("the conformance suite for streams", () => {
  it.each(brokenEventStreams)("notices one that $fault", async ({ breaks, noticedBy }) => {
    const noticing = eventStreamCases.find(({ name }) => name === noticedBy);
    expect(noticing, `there is no case "${noticedBy}"`).toBeDefined();
    await expect(noticing?.run(fixtureOf(breaks))).rejects.toThrow();
  });

  it.each(recordingCases)("notices a recording that does not hold: $name", async ({ run }) => {
    await expect(run({ ...fixtureOf(() => ({})), fill: async () => undefined })).rejects.toThrow();
  });

  it("finds no fault in a stream that has the same wrapping and breaks nothing", async () => {
    const others = new Set([...reconnectingCases, ...recordingCases]);
    for (const each of eventStreamCases.filter((one) => !others.has(one))) await each.run(fixtureOf(() => ({})));
  });

  it("breaks every case with some fault", () => {
    const noticing = new Set(brokenEventStreams.map(({ noticedBy }) => noticedBy));
    // A recording is broken above; a connection takes a stream that has one.
    for (const { name } of [...reconnectingCases, ...recordingCases]) noticing.add(name);
    expect(eventStreamCases.map(({ name }) => name).filter((name) => !noticing.has(name))).toEqual([]);
  });
});
