import assert from "node:assert/strict";
import { assertRejects } from "./compare.ts";
import { deliveryCases } from "./event-stream-delivery-cases.ts";
import { backPressureCases, publishCases } from "./event-stream-publish-cases.ts";
import { type EventStreamFixture, messageOf, numbered, publishAll, taker, textOf } from "./event-stream-sample.ts";
import { absentCases, groupCases, namedCases } from "./event-stream-shared-cases.ts";
import { type ConformanceCase, type ConformanceOptions, register } from "./register.ts";

/** What `EventStream` promises of a connection that is lost for a while. */
export const reconnectingCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "goes on when its connection was lost for a while: nothing is missed",
    async run({ stream, interrupt }) {
      assert.ok(interrupt, "the fixture needs interrupt(), or this case a reason to be skipped");
      const takers = [taker(await stream.subscribe()), taker(await stream.subscribe({ name: "worker" }))];
      await publishAll(stream, numbered(10));
      for (const { take } of takers) for (const delivery of await take(5)) delivery.acknowledge();
      await interrupt();
      await publishAll(stream, numbered(10, 10));
      for (const { next } of takers) {
        const missing = new Set(Array.from({ length: 15 }, (_, index) => `${index + 5}`));
        while (missing.size > 0) {
          const delivery = await next();
          missing.delete(textOf(delivery));
          delivery.acknowledge();
        }
      }
    },
  },
];

/** What `EventStream` promises where nobody can publish, of a recording: to be skipped for every other stream. */
export const recordingCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "refuses to publish, and ends after the last message",
    async run({ stream, fill }) {
      assert.ok(fill, "the fixture needs fill(), or this case a reason to be skipped");
      await fill(numbered(3));
      await assertRejects(stream.publish(messageOf("new")), "TWIN_STREAM_REFUSED", "publishing", [stream.address]);
      const { take, iterator } = taker(await stream.subscribe());
      for (const delivery of await take(3)) delivery.acknowledge();
      assert.equal((await iterator.next()).done, true, "after the last message");
    },
  },
];

/** Cases that publish: to be skipped for a stream that nobody can publish to. */
export const publishingCases: readonly ConformanceCase<EventStreamFixture>[] = [
  ...publishCases,
  ...backPressureCases,
  ...absentCases,
  ...reconnectingCases,
];

/** Every promise of `EventStream`, except durability, which no program can see while it runs. */
export const eventStreamCases: readonly ConformanceCase<EventStreamFixture>[] = [
  ...deliveryCases,
  ...recordingCases,
  ...namedCases,
  ...groupCases,
  ...publishingCases,
];

/**
 * Registers the conformance suite for streams of events.
 *
 * @param setup - Makes a fixture with a stream on which nothing was published; called for every case.
 *
 * @example
 * testEventStream(
 *   async () => {
 *     const stream = new MyStream();
 *     return { stream, stop: async () => stream.stop() };
 *   },
 *   { skip: Object.fromEntries(recordingCases.map(({ name }) => [name, "it is published to"])) },
 * );
 */
export function testEventStream(setup: () => Promise<EventStreamFixture>, options?: ConformanceOptions): void {
  register("EventStream", eventStreamCases, setup, options);
}
