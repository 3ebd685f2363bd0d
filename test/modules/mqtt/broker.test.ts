import { expect, it } from "vitest";
import { startTcpProxy } from "../../servers/tcp-proxy.ts";
import { failureOf, openBroker, openStream } from "./shared.ts";

const KIB = new Uint8Array(1024);

it("is spoken to in MQTT 3.1.1 after MQTT 5 was refused, and a 5 that is insisted on is refused", async () => {
  await using broker = await openBroker();
  await using open = await openStream({ url: broker.url, topic: "t" });
  await using _subscription = await open.stream.subscribe();
  expect(open.log.about("going on with MQTT 3.1.1")).toHaveLength(1);
  await using insisting = await openStream({ url: broker.url, topic: "t", protocolVersion: 5 });
  const error = await failureOf(insisting.stream.subscribe());
  expect(error).toMatchObject({ code: "TWIN_STREAM_REFUSED" });
  expect(error.message).toContain("does not speak this version of MQTT");
});

it("has no groups, nor has a stream groups without names", async () => {
  await using broker = await openBroker();
  await using open = await openStream({ url: broker.url, topic: "t" });
  const nameless = await failureOf(open.stream.subscribe({ group: "g" }));
  expect(nameless).toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  expect(nameless.message).toContain("needs a `name`");
  const named = await failureOf(open.stream.subscribe({ group: "g", name: "n" }));
  expect(named).toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  expect(named.message).toContain("MQTT 3.1.1");
});

it("says that a port is taken", async () => {
  await using broker = await openBroker();
  const error = await failureOf(openBroker({ port: broker.port }));
  expect(`${error.message} ${(error.cause as Error | undefined)?.message}`).toMatch(/cannot listen at .*EADDRINUSE/);
});

it("keeps so much for a subscriber that is away, and says that the rest is lost", async () => {
  await using broker = await openBroker({ queueBytes: 10 * (1024 + 256) });
  await using open = await openStream({ url: broker.url, topic: "t" });
  await (await open.stream.subscribe({ name: "away" }))[Symbol.asyncDispose]();
  for (let index = 0; index < 15; index++) await open.stream.publish(KIB.map(() => index));
  const got: number[] = [];
  await using subscription = await open.stream.subscribe({ name: "away" });
  for await (const { payload, acknowledge } of subscription) {
    got.push(payload[0] as number);
    acknowledge();
    if (got.length === 10) break;
  }
  expect(got).toEqual(Array.from({ length: 10 }, (_, index) => index));
  expect(broker.log.about("are lost to this subscriber")[0]?.fields).toMatchObject({ messages: 5 });
});

it("holds up publishers while a subscriber that is connected is behind by that much, and loses nothing", async () => {
  await using broker = await openBroker({ queueBytes: 10 * (1024 + 256) });
  await using open = await openStream({ url: broker.url, topic: "t" });
  await using subscription = await open.stream.subscribe({ name: "slow", window: 5 });
  const publishing = Promise.all(Array.from({ length: 100 }, (_, index) => open.stream.publish(KIB.map(() => index))));
  let next = 0;
  for await (const { payload, acknowledge } of subscription) {
    expect(payload[0]).toBe(next++);
    acknowledge();
    if (next === 100) break;
  }
  await publishing;
  expect(broker.log.about("no room")).toEqual([]);
});

it("delivers what a name missed while its connection was lost, and the publisher goes on", async () => {
  await using broker = await openBroker();
  await using proxy = await startTcpProxy(broker.port);
  await using open = await openStream({ url: `mqtt://127.0.0.1:${proxy.port}`, topic: "t" });
  await using subscription = await open.stream.subscribe({ name: "lasting" });
  const missing = new Set<number>();
  for (let round = 0; round < 4; round++) {
    proxy.breakAll();
    for (let index = 0; index < 10; index++) {
      missing.add(round * 10 + index);
      await open.stream.publish(Uint8Array.of(round * 10 + index));
    }
  }
  for await (const { payload, acknowledge } of subscription) {
    missing.delete(payload[0] as number);
    acknowledge();
    if (missing.size === 0) break;
  }
});

it("is told of in vain where nothing listens: at once where no time is given", async () => {
  await using open = await openStream({ url: "mqtt://127.0.0.1:1", topic: "t", reconnectMs: 0 });
  for (const call of [() => open.stream.subscribe(), () => open.stream.publish(KIB)]) {
    const error = await failureOf(call());
    expect(error).toMatchObject({ code: "TWIN_STREAM_UNREACHABLE" });
    expect(error.message).toMatch(
      /^Cannot reach the stream mqtt:\/\/127\.0\.0\.1:1\/t: 1 attempt within 0 ms failed.*ECONNREFUSED/,
    );
  }
});

it("publishes to no pattern of topics", async () => {
  await using open = await openStream({ url: "mqtt://127.0.0.1:1", topic: "a/+" });
  expect(await failureOf(open.stream.publish(KIB))).toMatchObject({ code: "TWIN_STREAM_REFUSED" });
});
