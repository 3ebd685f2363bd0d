import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Delivery, EventStream, SubscribeOptions, Subscription } from "../../core/index.ts";

/** A stream under test, on which nothing was published before. */
export interface EventStreamFixture {
  readonly stream: EventStream;
  /** Stops the part that gives the stream, as its twin does. */
  stop(): Promise<void>;
  /**
   * For a stream that is not published to: puts messages into it, from the beginning on. The suite subscribes after that;
   * elsewhere it subscribes first and then publishes.
   */
  fill?(messages: readonly Uint8Array[]): Promise<void>;
  /**
   * Breaks the connection of the stream, and brings it back, as a lost network does; resolves when it is broken. Where there
   * is no connection, leave it out and skip the cases of `reconnectingCases`.
   */
  interrupt?(): Promise<void>;
  /** Stops what serves the stream and removes what the fixture made. Called after every case, also after `stop`. */
  dispose?(): Promise<void>;
}

/** Longest wait for a message before it counts as lost [ms]. */
const PATIENCE_MS = 10_000;
/** How long nothing must come before it counts as held back [ms]. */
const QUIET_MS = 100;

/** Takes messages one by one. */
export interface Taker {
  readonly subscription: Subscription;
  /** The next delivery. Fails where none comes. */
  next(): Promise<Delivery>;
  /** The next so many. */
  take(count: number): Promise<readonly Delivery[]>;
  /** The next so many texts, acknowledged; those that were delivered before are acknowledged and left out. */
  texts(count: number): Promise<readonly string[]>;
  /** Iteration goes on here, for what `next` does not do. */
  readonly iterator: AsyncIterator<Delivery>;
}

/** Iterates a subscription. */
export function taker(subscription: Subscription): Taker {
  const iterator = subscription[Symbol.asyncIterator]();
  const next = async (): Promise<Delivery> => {
    const result = await within(iterator.next(), "the next message");
    assert.ok(result.done !== true, "the subscription ended instead of giving a message");
    return result.value;
  };
  return {
    subscription,
    iterator,
    next,
    async take(count) {
      const deliveries: Delivery[] = [];
      while (deliveries.length < count) deliveries.push(await next());
      return deliveries;
    },
    async texts(count) {
      const texts: string[] = [];
      while (texts.length < count) {
        const delivery = await next();
        if (!delivery.isRepeated) texts.push(textOf(delivery));
        delivery.acknowledge();
      }
      return texts;
    },
  };
}

/** Subscribes to what the messages are on, however the stream gets them. */
export async function deliver(
  fixture: EventStreamFixture,
  messages: readonly Uint8Array[],
  options: SubscribeOptions = {},
): Promise<Taker> {
  if (fixture.fill) {
    await fixture.fill(messages);
    return taker(await fixture.stream.subscribe({ ...options, from: "beginning" }));
  }
  const subscription = await fixture.stream.subscribe(options);
  await publishAll(fixture.stream, messages);
  return taker(subscription);
}

/** Publishes, each after the one before was taken. */
export async function publishAll(stream: EventStream, messages: readonly Uint8Array[]): Promise<void> {
  for (const message of messages) await within(stream.publish(message), "publishing");
}

/** Messages that say their numbers: `"0"`, `"1"`, … */
export function numbered(count: number, first = 0): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, index) => messageOf(`${first + index}`));
}

/** What {@link numbered} messages say. */
export function numbers(count: number, first = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${first + index}`);
}

/** A text as a message. */
export function messageOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A message as a text. */
export function textOf({ payload }: Delivery): string {
  return new TextDecoder().decode(payload);
}

/** Fails where a promise takes too long. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  const stop = new AbortController();
  const late = delay(PATIENCE_MS, undefined, { signal: stop.signal }).then(() =>
    assert.fail(`${what} did not come within ${PATIENCE_MS} ms`),
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    await late.catch(() => undefined);
  }
}

/** Whether a promise has settled after a while in which it had time to. */
export async function settles(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return await Promise.race([settled, delay(QUIET_MS, false)]);
}
