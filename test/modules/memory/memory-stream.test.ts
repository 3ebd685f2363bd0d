import { createTwin, type Subscription } from "twinloom";
import { MemoryStream, memoryStream } from "twinloom/modules/memory";
import { describe, expect, it } from "vitest";

const KIB = 1024;
const limits = { name: "events", roomBytes: 10 * KIB, keepBytes: 0 };
const message = (value: number): Uint8Array => new Uint8Array(KIB).fill(value);

/** Takes what is there, and acknowledges it. */
async function take(subscription: Subscription, count: number): Promise<readonly number[]> {
  const got: number[] = [];
  if (count === 0) return got;
  for await (const delivery of subscription) {
    got.push(delivery.payload[0] as number);
    delivery.acknowledge();
    if (got.length === count) break;
  }
  return got;
}

/** Whether a promise has settled by now, after everything else that could run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe("a stream in memory", () => {
  it("is a part of a twin, with an address, and forgets all when the twin stops", async () => {
    const twin = await createTwin({ plugins: { events: memoryStream({ name: "beam" }) } });
    const { events } = twin;
    expect(events).toMatchObject({ address: "memory:beam", keeps: false });
    const subscription = await events.subscribe();
    await events.publish(message(1));
    expect(await take(subscription, 1)).toEqual([1]);
    await twin[Symbol.asyncDispose]();
    await expect(events.publish(message(2))).rejects.toMatchObject({
      code: "TWIN_STREAM_CLOSED",
      message: "The stream memory:beam has stopped, with its twin.",
    });
  });

  it("refuses a message for which it never has room", async () => {
    const stream = new MemoryStream(limits);
    await expect(stream.publish(new Uint8Array(10 * KIB))).rejects.toMatchObject({ code: "TWIN_STREAM_REFUSED" });
    await stream.publish(new Uint8Array(10 * KIB - 64));
  });

  it("lets publishers wait for the slowest subscriber, in their order, and lets go of one that is called off", async () => {
    const stream = new MemoryStream(limits);
    const slow = await stream.subscribe();
    const fast = await stream.subscribe();
    for (let value = 0; value < 9; value++) await stream.publish(message(value));
    const abort = new AbortController();
    const large = stream.publish(new Uint8Array(2 * KIB).fill(9), { signal: abort.signal });
    const small = stream.publish(message(10));
    expect(await take(fast, 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await isSettled(large)).toBe(false);
    expect(await isSettled(small), "a small one does not overtake").toBe(false);
    abort.abort(new Error("called off"));
    await expect(large).rejects.toThrow("called off");
    expect(await isSettled(small), "there is no room yet").toBe(false);
    expect(await take(slow, 1)).toEqual([0]);
    await small;
  });

  it("counts for a name what it holds while nobody listens, and for a subscriber that leaves nothing", async () => {
    const stream = new MemoryStream(limits);
    const leaving = await stream.subscribe();
    await (await stream.subscribe({ name: "worker" }))[Symbol.asyncDispose]();
    for (let value = 0; value < 9; value++) await stream.publish(message(value));
    const waiting = stream.publish(message(9));
    await leaving[Symbol.asyncDispose]();
    expect(await isSettled(waiting)).toBe(false);
    expect(await take(await stream.subscribe({ name: "worker" }), 9)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    await waiting;
  });

  it("tells publishers that wait when it stops", async () => {
    const stream = new MemoryStream(limits);
    await stream.subscribe();
    for (let value = 0; value < 9; value++) await stream.publish(message(value));
    const waiting = stream.publish(message(9));
    stream.stop();
    await expect(waiting).rejects.toMatchObject({ code: "TWIN_STREAM_CLOSED" });
  });

  it("keeps the newest messages, as many as it has room for", async () => {
    const stream = new MemoryStream({ ...limits, keepBytes: 3 * (KIB + 64) });
    for (let value = 0; value < 8; value++) await stream.publish(message(value));
    const subscription = await stream.subscribe({ from: "beginning" });
    expect(subscription.lag).toEqual({ unacknowledged: 0, waiting: 3 });
    expect(await take(subscription, 3)).toEqual([5, 6, 7]);
  });

  it("refuses a name and a group at once, and a second listener of a name", async () => {
    const stream = new MemoryStream(limits);
    const both = stream.subscribe({ name: "worker", group: "workers" });
    await expect(both).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await using _first = await stream.subscribe({ name: "worker" });
    await expect(stream.subscribe({ name: "worker" })).rejects.toMatchObject({ code: "TWIN_STREAM_REFUSED" });
  });

  it("is iterated once", async () => {
    const stream = new MemoryStream(limits);
    const subscription = await stream.subscribe();
    await stream.publish(message(1));
    await take(subscription, 1);
    await expect(take(subscription, 1)).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });
});
