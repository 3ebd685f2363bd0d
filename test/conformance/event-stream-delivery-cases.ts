import assert from "node:assert/strict";
import { assertAborted, assertRejects } from "./compare.ts";
import {
  deliver,
  type EventStreamFixture,
  messageOf,
  numbered,
  numbers,
  settles,
  taker,
  textOf,
  within,
} from "./event-stream-sample.ts";
import type { ConformanceCase } from "./register.ts";

/** Bytes of every value, in no order that repeats. */
function bytesOf(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, index) => (index * 167 + (index >> 8) * 31) & 0xff);
}

/** What `EventStream` promises of a subscription, whoever published. */
export const deliveryCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "says where it is",
    async run({ stream }) {
      assert.match(stream.address, /^[a-z][a-z0-9+.-]*:/, "its address begins with a scheme");
      assert.doesNotMatch(stream.address, /\/\/[^/]*:[^/]*@/, "its address has no password");
      assert.equal(typeof stream.keeps, "boolean");
    },
  },
  {
    name: "delivers the messages of one publisher in their order",
    async run(fixture) {
      const taken = await deliver(fixture, numbered(500));
      assert.deepEqual(await taken.texts(500), numbers(500));
      await taken.subscription[Symbol.asyncDispose]();
    },
  },
  {
    name: "delivers the very bytes: none, one, all values, a megabyte",
    async run(fixture) {
      const messages = [bytesOf(0), bytesOf(1), bytesOf(256), bytesOf(1 << 20), bytesOf(0)];
      const taken = await deliver(fixture, messages);
      for (const message of messages) {
        const delivery = await taken.next();
        assert.ok(delivery.payload instanceof Uint8Array, "a payload is bytes");
        assert.equal(delivery.payload.length, message.length, "length of a payload");
        assert.ok(Buffer.compare(delivery.payload, message) === 0, `the bytes of a message of ${message.length}`);
        assert.equal(delivery.isRepeated, false, "a first delivery");
        delivery.acknowledge();
      }
      await taken.subscription[Symbol.asyncDispose]();
    },
  },
  {
    name: "gives each subscriber payloads of its own",
    async run(fixture) {
      const messages = [messageOf("first"), messageOf("second"), messageOf("third")];
      const one = await deliver(fixture, messages, { window: 10 });
      const other = fixture.fill ? taker(await fixture.stream.subscribe({ from: "beginning" })) : undefined;
      const first = await one.next();
      first.payload.fill(0);
      // The whole memory behind it, which a stream must not use for others.
      new Uint8Array(first.payload.buffer).fill(0);
      assert.deepEqual((await one.take(2)).map(textOf), ["second", "third"], "messages after one that was written to");
      if (other) assert.deepEqual(await other.texts(3), ["first", "second", "third"], "what another got");
    },
  },
  {
    name: "delivers no more than the window without an acknowledgement, and goes on with each",
    async run(fixture) {
      const { next, take, subscription } = await deliver(fixture, numbered(20), { window: 5 });
      const held = await take(5);
      const sixth = next();
      assert.equal(await settles(sixth), false, "a sixth message, with a window of 5 and none acknowledged");
      assert.ok(subscription.lag.unacknowledged <= 5, `${subscription.lag.unacknowledged} are unacknowledged`);
      held[3]?.acknowledge();
      assert.equal(textOf(await sixth), "5", "the message after one was acknowledged");
      const seventh = next();
      assert.equal(await settles(seventh), false, "a seventh message, with one acknowledged");
      for (const delivery of held) delivery.acknowledge();
      assert.deepEqual([await seventh, ...(await take(3))].map(textOf), numbers(4, 6));
      await subscription[Symbol.asyncDispose]();
    },
  },
  {
    name: "takes an acknowledgement twice as once",
    async run(fixture) {
      const { next, take } = await deliver(fixture, numbered(20), { window: 2 });
      const [first] = await take(2);
      for (let times = 0; times < 3; times++) first?.acknowledge();
      await next();
      assert.equal(
        await settles(next()),
        false,
        "a fourth message, with a window of 2 and one acknowledged three times",
      );
    },
  },
  {
    name: "tells how far a subscriber is behind",
    async run(fixture) {
      const { take, subscription } = await deliver(fixture, numbered(12), { window: 6 });
      const held = await take(4);
      const { unacknowledged } = subscription.lag;
      assert.ok(
        unacknowledged >= 4 && unacknowledged <= 6,
        `${unacknowledged} are unacknowledged, of 4 in a window of 6`,
      );
      for (const delivery of held) delivery.acknowledge();
      for (const delivery of await take(6)) delivery.acknowledge();
      for (const delivery of await take(2)) delivery.acknowledge();
      const lag = subscription.lag;
      assert.equal(lag.unacknowledged, 0, "unacknowledged at the end");
      if (lag.waiting !== undefined) assert.equal(lag.waiting, 0, "waiting at the end");
    },
  },
  {
    name: "refuses a window that is none",
    async run({ stream }) {
      for (const window of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await assertRejects(stream.subscribe({ window }), "TWIN_INVALID_ARGUMENT", `a window of ${window}`);
      }
    },
  },
  {
    name: "ends when it is disposed of, also while a message is awaited",
    async run(fixture) {
      const { take, iterator, subscription } = await deliver(fixture, numbered(3), { window: 1 });
      const [delivery] = await take(1);
      const pending = iterator.next();
      assert.equal(await settles(pending), false, "a message beyond the window");
      await subscription[Symbol.asyncDispose]();
      await subscription[Symbol.asyncDispose]();
      assert.equal((await within(pending, "the end")).done, true, "the message that was awaited");
      assert.equal((await within(iterator.next(), "the end")).done, true, "messages after the end");
      delivery?.acknowledge();
    },
  },
  {
    name: "ends with the reason of a signal, also while a message is awaited",
    async run(fixture) {
      const abort = new AbortController();
      const { take, iterator } = await deliver(fixture, numbered(3), { window: 1, signal: abort.signal });
      await take(1);
      const pending = iterator.next();
      const aborted = assertAborted(pending, abort.signal, "the message that was awaited");
      abort.abort(new Error("called off"));
      await within(aborted, "the end");
    },
  },
  {
    name: "does not subscribe for a signal that is aborted already",
    async run({ stream }) {
      const signal = AbortSignal.abort(new Error("called off"));
      await assertAborted(stream.subscribe({ signal }), signal, "subscribing");
    },
  },
  {
    name: "says to all who listen, and to all who come later, that it has stopped",
    async run(fixture) {
      const { stream } = fixture;
      const { take, iterator } = await deliver(fixture, numbered(3), { window: 1 });
      await take(1);
      const pending = assertRejects(iterator.next(), "TWIN_STREAM_CLOSED", "the message that was awaited", [
        stream.address,
      ]);
      await fixture.stop();
      await within(pending, "the end");
      await assertRejects(stream.subscribe(), "TWIN_STREAM_CLOSED", "subscribing", [stream.address]);
      await assertRejects(stream.publish(messageOf("late")), "TWIN_STREAM_CLOSED", "publishing", [stream.address]);
    },
  },
  {
    name: "begins at the beginning if it keeps what was published, and refuses to if not",
    async run(fixture) {
      const { stream } = fixture;
      if (!stream.keeps) {
        await assertRejects(stream.subscribe({ from: "beginning" }), "TWIN_INVALID_ARGUMENT", "the beginning");
        return;
      }
      const first = await deliver(fixture, numbered(10));
      assert.deepEqual(await first.texts(4), numbers(4), "what one gets who acknowledges");
      for (const what of ["another", "yet another"]) {
        const other = taker(await stream.subscribe({ from: "beginning" }));
        assert.deepEqual(await other.texts(10), numbers(10), `what ${what} gets from the beginning`);
        await other.subscription[Symbol.asyncDispose]();
      }
    },
  },
];
