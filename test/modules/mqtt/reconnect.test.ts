import { getEventListeners } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ConnectionFailure } from "../../../modules/mqtt/failure.ts";
import { Inbox } from "../../../modules/mqtt/inbox.ts";
import { Publisher } from "../../../modules/mqtt/publisher.ts";
import { TOO_LARGE } from "../../../modules/mqtt/reason-codes.ts";
import { MqttSubscription, type SubscriptionParts } from "../../../modules/mqtt/subscription.ts";
import { FakeConnection, fakeParts, packetOf } from "./fake-connection.ts";

const lost = (): ConnectionFailure => new ConnectionFailure("the network is gone");

function subscriptionOf(
  connections: readonly FakeConnection[],
  options: Partial<SubscriptionParts> = {},
): { readonly subscription: MqttSubscription } & ReturnType<typeof fakeParts> {
  const parts = fakeParts(connections);
  const choices = { name: undefined, group: undefined, window: 10, signal: undefined, onEnd: () => undefined };
  return { subscription: new MqttSubscription({ ...parts, ...choices, ...options }), ...parts };
}

/** So many turns of the queue of promises. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}

describe("a subscription", () => {
  it("leaves no connection behind, whenever it is called off", async () => {
    for (let count = 0; count < 15; count++) {
      const connection = new FakeConnection();
      const abort = new AbortController();
      const { subscription, calls } = subscriptionOf([connection], { signal: abort.signal });
      const begun = subscription.begin().catch((error: unknown) => error);
      await turns(count);
      abort.abort(new Error("called off"));
      await begun;
      await subscription[Symbol.asyncDispose]();
      expect(connection.isEnded || calls.length === 0, `after ${count} turns`).toBe(true);
    }
  });

  it("gathers no listeners while it connects again and again", async () => {
    const connections = Array.from({ length: 4 }, () => new FakeConnection());
    const { subscription, calls } = subscriptionOf(connections);
    await subscription.begin();
    const listeners: number[] = [];
    for (const [index, connection] of connections.entries()) {
      await vi.waitFor(() => expect(calls).toHaveLength(index + 1), 10_000);
      await turns(20);
      listeners.push(getEventListeners((calls[0] as (typeof calls)[number]).signal, "abort").length);
      if (index + 1 < connections.length) connection.lose(lost());
    }
    expect(new Set(listeners)).toEqual(new Set([listeners[0]]));
    await subscription[Symbol.asyncDispose]();
  });

  it("lets in nothing more of a lost connection whose session is resumed: it comes again", async () => {
    const [first, second] = [new FakeConnection(), new FakeConnection({ isResumed: true })];
    const { subscription, calls } = subscriptionOf([first, second], { name: "n", window: 1 });
    await subscription.begin();
    const deliver = (call: number, id: number, dup: boolean): void =>
      calls[call]?.caller.onMessage(packetOf(id, { dup }), () => undefined);
    // There is room for two; the third is held.
    for (const id of [1, 2, 3]) deliver(0, id, false);
    const iterator = subscription[Symbol.asyncIterator]();
    const held = (await iterator.next()).value;
    first.lose(lost());
    await vi.waitFor(() => expect(calls).toHaveLength(2), 10_000);
    await turns(20);
    held?.acknowledge();
    for (const id of [1, 2, 3]) deliver(1, id, true);
    const got: unknown[] = [];
    while (got.length < 3) {
      const { value } = await iterator.next();
      got.push([value?.payload[0], value?.isRepeated]);
      value?.acknowledge();
    }
    expect(got).toEqual([1, 2, 3].map((id) => [id, true]));
    await subscription[Symbol.asyncDispose]();
    expect(second.acknowledged).toEqual([1, 2, 3]);
  });
});

describe("an inbox", () => {
  afterEach(() => void vi.useRealTimers());

  it("says no longer that it lives when its connection is lost", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const connection = new FakeConnection();
    const inbox = new Inbox({ room: 1, keepAliveS: 1 }, () => undefined);
    inbox.use(connection.asConnection);
    for (const id of [1, 2]) inbox.take(packetOf(id), () => undefined);
    expect(vi.getTimerCount()).toBe(1);
    connection.lose(lost());
    await turns(5);
    expect(vi.getTimerCount()).toBe(0);
    const other = new Inbox({ room: 1, keepAliveS: 1 }, () => undefined);
    other.use(connection.asConnection);
    await turns(5);
    for (const id of [1, 2]) other.take(packetOf(id), () => undefined);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a publisher", () => {
  it("refuses the largest message, and not the first, when the broker hangs up on one that is too large", async () => {
    const [first, second] = [new FakeConnection(), new FakeConnection()];
    const publisher = new Publisher(fakeParts([first, second]));
    const small = publisher.publish(Buffer.alloc(1), undefined);
    const large = publisher.publish(Buffer.alloc(1000), undefined).catch((error: unknown) => error);
    const next = publisher.publish(Buffer.alloc(2), undefined);
    await vi.waitFor(() => expect(first.published).toHaveLength(3));
    // What the broker said to the first one is lost with the connection.
    first.lose(new ConnectionFailure("too large", { reasonCode: TOO_LARGE }));
    expect(await large).toMatchObject({ code: "TWIN_STREAM_REFUSED" });
    await vi.waitFor(() => expect(second.published.map(({ payload }) => payload.length)).toEqual([1, 2]), 10_000);
    for (const { done } of second.published) done(undefined);
    await Promise.all([small, next]);
    await publisher.close(new Error("stopped"));
  });

  it("stops, whenever it is stopped", async () => {
    for (let count = 0; count < 15; count++) {
      const connection = new FakeConnection();
      const { calls, ...parts } = fakeParts([connection]);
      const publisher = new Publisher(parts);
      const publishing = publisher.publish(Buffer.alloc(1), undefined).catch((error: unknown) => error);
      await turns(count);
      const reason = new Error("stopped");
      await publisher.close(reason);
      expect(await publishing).toBe(reason);
      expect(connection.isEnded || calls.length === 0, `after ${count} turns`).toBe(true);
    }
  });
});
