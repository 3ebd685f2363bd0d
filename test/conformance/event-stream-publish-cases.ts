import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { assertAborted } from "./compare.ts";
import {
  type EventStreamFixture,
  messageOf,
  numbered,
  numbers,
  publishAll,
  settles,
  taker,
  within,
} from "./event-stream-sample.ts";
import type { ConformanceCase } from "./register.ts";

const MIB = 1 << 20;
/** What a stream may take for a subscriber that takes nothing [messages of 1 MiB]. */
const MOST_MIB = 256;

/** A stream holds back its publishers itself. Where something beyond this process takes what waits, skip it. */
export const backPressureCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "holds back its publishers while a subscriber takes nothing, and loses nothing of what it took",
    async run({ stream }) {
      const { next, subscription } = taker(await stream.subscribe({ window: 1 }));
      let taken = 0;
      let waiting: Promise<void> | undefined;
      for (; taken < MOST_MIB && waiting === undefined; ) {
        const publishing = stream.publish(new Uint8Array(MIB).fill(taken));
        if (!(await settles(publishing))) waiting = publishing;
        else if (await publishing.then(() => true, refused)) taken++;
        else break;
      }
      assert.ok(taken < MOST_MIB, `it took ${taken} MiB, and nobody takes them`);
      const expected = taken + (waiting === undefined ? 0 : 1);
      for (let index = 0; index < expected; index++) {
        const delivery = await next();
        assert.equal(delivery.payload.length, MIB, `length of message ${index}`);
        assert.equal(delivery.payload[0], index & 0xff, `message ${index}`);
        delivery.acknowledge();
      }
      if (waiting) await within(waiting, "publishing, with room again");
      await subscription[Symbol.asyncDispose]();
    },
  },
];

function refused(error: unknown): boolean {
  assert.equal((error as { readonly code?: unknown }).code, "TWIN_STREAM_REFUSED", String(error));
  return false;
}

/** What `EventStream` promises of publishing. */
export const publishCases: readonly ConformanceCase<EventStreamFixture>[] = [
  {
    name: "reads the bytes before `publish` returns its promise",
    async run({ stream }) {
      const { texts } = taker(await stream.subscribe());
      // A Buffer, too, whose `slice` is no copy.
      for (const message of [messageOf("before"), Buffer.from("before")]) {
        const publishing = stream.publish(message);
        message.fill(0);
        await publishing;
        assert.deepEqual(await texts(1), ["before"]);
      }
    },
  },
  {
    name: "keeps the order of many that are published at once",
    async run({ stream }) {
      const { texts } = taker(await stream.subscribe({ window: 10 }));
      const publishing = Promise.all(numbered(300).map((message) => stream.publish(message)));
      assert.deepEqual(await texts(300), numbers(300));
      await within(publishing, "publishing");
    },
  },
  {
    name: "gives every message to each subscriber",
    async run({ stream }) {
      const takers = [taker(await stream.subscribe()), taker(await stream.subscribe({ window: 3 }))];
      await publishAll(stream, numbered(30));
      for (const { texts } of takers) assert.deepEqual(await texts(30), numbers(30));
    },
  },
  {
    name: "publishes when nobody listens, and begins with what is published after `subscribe`",
    async run({ stream }) {
      await publishAll(stream, numbered(5));
      const { texts } = taker(await stream.subscribe({ from: "now" }));
      await publishAll(stream, numbered(5, 5));
      assert.deepEqual(await texts(5), numbers(5, 5));
    },
  },
  {
    name: "publishes for others when a subscriber has left with messages that it did not acknowledge",
    async run({ stream }) {
      const leaving = taker(await stream.subscribe({ window: 2 }));
      const staying = taker(await stream.subscribe());
      await publishAll(stream, numbered(10));
      await leaving.take(2);
      await leaving.subscription[Symbol.asyncDispose]();
      await publishAll(stream, numbered(10, 10));
      assert.deepEqual(await staying.texts(20), numbers(20));
    },
  },
  {
    name: "publishes nothing for a signal that is aborted already",
    async run({ stream }) {
      const { texts } = taker(await stream.subscribe());
      const signal = AbortSignal.abort(new Error("called off"));
      await assertAborted(stream.publish(messageOf("never"), { signal }), signal, "publishing");
      await stream.publish(messageOf("next"));
      assert.deepEqual(await texts(1), ["next"]);
    },
  },
  {
    name: "settles what is called off while it is published, and goes on",
    async run({ stream }) {
      const { next } = taker(await stream.subscribe());
      const abort = new AbortController();
      const settled = stream.publish(new Uint8Array(MIB), { signal: abort.signal }).then(
        () => undefined,
        (error: unknown) => assert.equal(error, abort.signal.reason, "the reason of the signal"),
      );
      await setImmediate();
      abort.abort(new Error("called off"));
      await within(settled, "publishing");
      await stream.publish(messageOf("next"));
      // Whether the first one was published, nobody knows.
      let delivery = await next();
      while (delivery.payload.length === MIB) delivery = await next();
      assert.equal(Buffer.from(delivery.payload).toString(), "next");
    },
  },
];
