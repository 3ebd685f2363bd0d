import assert from "node:assert/strict";
import type { Delivery } from "../../core/index.ts";
import {
  deliver,
  type EventStreamFixture,
  messageOf,
  numbered,
  numbers,
  publishAll,
  settles,
  type Taker,
  taker,
  textOf,
  within,
} from "./event-stream-sample.ts";
import type { ConformanceCase } from "./register.ts";

/** What `EventStream` promises of a name. */
export const namedCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "delivers to the next of a name what was not acknowledged, and says that it is repeated",
    async run(fixture) {
      const first = await deliver(fixture, numbered(10), { name: "worker", window: 6 });
      const held = await first.take(6);
      for (const index of [4, 0, 2]) held[index]?.acknowledge();
      await first.subscription[Symbol.asyncDispose]();
      const second = taker(await fixture.stream.subscribe({ name: "worker" }));
      const deliveries = await second.take(7);
      assert.deepEqual(sorted(deliveries.map(textOf)), ["1", "3", "5", "6", "7", "8", "9"]);
      for (const delivery of deliveries) {
        if (["1", "3", "5"].includes(textOf(delivery)))
          assert.ok(delivery.isRepeated, `${textOf(delivery)} is repeated`);
        delivery.acknowledge();
      }
      await second.subscription[Symbol.asyncDispose]();
    },
  },
  {
    name: "does not deliver again what was acknowledged",
    async run(fixture) {
      const first = await deliver(fixture, numbered(8), { name: "worker", window: 4 });
      assert.deepEqual(await first.texts(4), numbers(4));
      await first.subscription[Symbol.asyncDispose]();
      const second = taker(await fixture.stream.subscribe({ name: "worker" }));
      const rest = await second.take(4);
      assert.deepEqual(rest.map(textOf), numbers(4, 4));
    },
  },
  {
    name: "lets one acknowledge after it has left the loop, until the subscription is disposed of",
    async run(fixture) {
      const first = await deliver(fixture, numbered(4), { name: "worker", window: 2 });
      const held: Delivery[] = [];
      for await (const delivery of { [Symbol.asyncIterator]: () => first.iterator }) {
        held.push(delivery);
        if (held.length === 2) break;
      }
      held[0]?.acknowledge();
      await first.subscription[Symbol.asyncDispose]();
      held[1]?.acknowledge();
      const second = taker(await fixture.stream.subscribe({ name: "worker" }));
      const deliveries = await second.take(3);
      assert.deepEqual(deliveries.map(textOf), ["1", "2", "3"]);
    },
  },
  {
    name: "has one listener of a name at a time: a second is refused, or takes over",
    async run(fixture) {
      const first = await deliver(fixture, numbered(3), { name: "worker", window: 1 });
      await first.take(1);
      const ended = first.iterator.next().then(
        () => assert.fail("the first goes on beside a second"),
        (error: unknown) => code(error),
      );
      const second = await fixture.stream.subscribe({ name: "worker" }).catch((error: unknown) => code(error));
      if (second === "TWIN_STREAM_REFUSED") {
        assert.equal(await settles(ended), false, "the first, when a second was refused");
        ended.catch(() => undefined);
        await Promise.all([first.subscription[Symbol.asyncDispose](), ended.catch(() => undefined)]);
        return;
      }
      assert.equal(await within(ended, "the end of the first"), "TWIN_STREAM_REFUSED");
    },
  },
];

/** What `EventStream` promises of a name that nobody listens under for a while; it takes a stream that is published to. */
export const absentCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "keeps for a name what is published while nobody listens under it, and for nobody else",
    async run({ stream }) {
      const first = await stream.subscribe({ name: "worker" });
      await first[Symbol.asyncDispose]();
      await publishAll(stream, numbered(20));
      const second = taker(await stream.subscribe({ name: "worker", window: 5 }));
      const stranger = taker(await stream.subscribe({ name: "stranger" }));
      assert.deepEqual(await second.texts(20), numbers(20));
      await stream.publish(messageOf("new"));
      assert.deepEqual(await stranger.texts(1), ["new"]);
    },
  },
];

/** What `EventStream` promises of a group. */
export const groupCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "gives each message to one of a group",
    async run(fixture) {
      const members = await groupOf(fixture, numbered(60), [{ window: 4 }, { window: 4 }]);
      const got: string[] = [];
      const all = new Promise<void>((resolve) => {
        for (const { iterator } of members) {
          void drain(iterator, (delivery) => {
            got.push(textOf(delivery));
            delivery.acknowledge();
            if (got.length === 60) resolve();
          });
        }
      });
      await within(all, "60 messages");
      assert.deepEqual(sorted(got), sorted(numbers(60)));
      for (const { subscription } of members) await subscription[Symbol.asyncDispose]();
      assert.equal(got.length, 60, "deliveries");
    },
  },
  {
    name: "hands on to the others of a group what one that leaves has not acknowledged",
    async run(fixture) {
      const [leaving, staying] = await groupOf(fixture, numbered(10), [{ window: 3 }, { window: 10 }]);
      assert.ok(leaving && staying);
      const held = await leaving.take(1);
      const lost = textOf(held[0] as Delivery);
      await leaving.subscription[Symbol.asyncDispose]();
      const deliveries = await staying.take(10);
      assert.deepEqual(sorted(deliveries.map(textOf)), sorted(numbers(10)));
      assert.ok(deliveries.find((delivery) => textOf(delivery) === lost)?.isRepeated, "what was handed on is repeated");
    },
  },
];

async function groupOf(
  { stream, fill }: EventStreamFixture,
  messages: readonly Uint8Array[],
  options: readonly { readonly window: number }[],
): Promise<readonly Taker[]> {
  await fill?.(messages);
  const takers: Taker[] = [];
  for (const each of options) takers.push(taker(await stream.subscribe({ ...each, group: "workers" })));
  if (!fill) await publishAll(stream, messages);
  return takers;
}

async function drain(iterator: AsyncIterator<Delivery>, take: (delivery: Delivery) => void): Promise<void> {
  for (let result = await iterator.next(); result.done !== true; result = await iterator.next()) take(result.value);
}

function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted((a, b) => (a < b ? -1 : 1));
}

function code(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
