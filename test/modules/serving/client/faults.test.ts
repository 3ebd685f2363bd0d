import { setTimeout as sleep } from "node:timers/promises";
import type { GeneratedBatch } from "twinloom";
import { describe, expect, it } from "vitest";
import { freePort } from "../../../servers/free-port.ts";
import { startServer, type TestServer } from "../../../servers/inference-server.ts";
import { FakeGenerator, Gate, until } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { answerTo, METADATA, scriptedServer } from "./scripted-server.ts";

const UNAVAILABLE = 14;
const RESOURCE_EXHAUSTED = 8;

async function local(count: number): Promise<Float32Array> {
  return valuesOf(await all(new FakeGenerator(), eventsAsked(count)));
}

describe("when a server goes", () => {
  it("makes every event once and as it would be, with one of three killed between and within calls", async () => {
    await using a = await scriptedServer();
    await using c = await scriptedServer();
    const begun = new Gate();
    let isKilled = false;
    await using b = await scriptedServer({
      infer: async (request, index) => {
        if (index < 2) return answerTo(request);
        // The connection ends while this is computed.
        begun.open();
        await until(() => isKilled);
        return answerTo(request);
      },
    });
    await using remote = await remoteOf([a.endpoint, b.endpoint, c.endpoint]);
    const making = all(remote.generator, eventsAsked(500));
    await begun.opened;
    isKilled = true;
    b.kill();
    const batches = await making;
    expect(batches.map(({ start }) => start)).toEqual(Array.from({ length: 50 }, (_, batch) => 10 * batch));
    expect(valuesOf(batches)).toEqual(await local(500));
    expect(remote.generator.remote).toMatchObject({ served: 500, byFallback: 0 });
    const [first, second] = remote.generator.remote.endpoints;
    expect(first).toMatchObject({ isGood: true, failed: 0 });
    expect(second).toMatchObject({ isGood: false, address: b.endpoint });
  });

  it("loses nothing while servers are drained and started again, one after the other", async () => {
    const ports = [await freePort(), await freePort()];
    const start = (port: number): Promise<TestServer> => startServer([{ generator: new FakeGenerator() }], { port });
    const servers = [await start(ports[0] as number), await start(ports[1] as number)];
    await using remote = await remoteOf(servers.map(({ endpoint }) => endpoint));
    const batches: GeneratedBatch[] = [];
    for await (const batch of remote.generator.generate(eventsAsked(600))) {
      batches.push(batch);
      const turn = [10, 30].indexOf(batches.length);
      if (turn < 0) continue;
      await servers[turn]?.server.stop();
      servers[turn] = await start(ports[turn] as number);
      await until(() => remote.generator.remote.endpoints.every(({ isGood }) => isGood));
    }
    expect(valuesOf(batches)).toEqual(await local(600));
    for (const { server } of servers) await server.stop();
  });

  it("uses it again once it is back", async () => {
    const port = await freePort();
    await using a = await scriptedServer();
    const first = await scriptedServer({ port });
    await using remote = await remoteOf([a.endpoint, first.endpoint]);
    first.kill();
    await all(remote.generator, eventsAsked(100));
    expect(remote.generator.remote.endpoints[1]).toMatchObject({ isGood: false });
    await using again = await scriptedServer({ port });
    await until(() => remote.generator.remote.endpoints[1]?.isGood === true);
    expect(again.methods).toContain("ModelReady");
    await all(remote.generator, eventsAsked(100));
    expect(again.requests.length).toBeGreaterThan(0);
  });

  it("waits for the only one to come back, within the time that a request has", async () => {
    const port = await freePort();
    const first = await scriptedServer({ port });
    await using remote = await remoteOf([first.endpoint], { timeoutMs: 20_000 });
    first.kill();
    const making = all(remote.generator, eventsAsked(50));
    await sleep(300);
    await using _again = await scriptedServer({ port });
    expect(valuesOf(await making)).toEqual(await local(50));
  });

  it("says what each endpoint said last when the time is up", async () => {
    await using busy = await scriptedServer({
      infer: () => ({ code: UNAVAILABLE, details: "the queue is full\n  to the brim" }),
    });
    const dead = await scriptedServer();
    await using remote = await remoteOf([busy.endpoint, dead.endpoint], { timeoutMs: 400 });
    dead.kill();
    await expect(all(remote.generator, eventsAsked(10))).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringMatching(
        new RegExp(`400 ms.*\n  - ${busy.endpoint}: the queue is full to the brim\n  - ${dead.endpoint}: .*[a-z]`),
      ),
    });
  });
});

describe("a server that has too much to do", () => {
  it("is asked again, and is not taken for gone", async () => {
    await using server = await scriptedServer({
      infer: (request, index) =>
        index < 3
          ? { code: RESOURCE_EXHAUSTED, details: "the queue is full", errorCode: "TWIN_QUEUE_FULL" }
          : answerTo(request),
    });
    await using remote = await remoteOf([server.endpoint], { inFlight: 1 });
    expect(valuesOf(await all(remote.generator, eventsAsked(20)))).toEqual(await local(20));
    expect(remote.generator.remote.endpoints).toMatchObject([{ isGood: true, failed: 3, answered: 3 }]);
  });

  it("is an error of its own when it stays so", async () => {
    await using server = await scriptedServer({
      infer: () => ({ code: RESOURCE_EXHAUSTED, details: "the queue is full", errorCode: "TWIN_QUEUE_FULL" }),
    });
    await using remote = await remoteOf([server.endpoint], { timeoutMs: 200 });
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({
      code: "TWIN_QUEUE_FULL",
      message: expect.stringContaining(server.endpoint),
    });
  });

  it("that does not answer is given up for another", async () => {
    await using silent = await scriptedServer({ infer: () => new Promise(() => {}) });
    await using other = await scriptedServer();
    await using remote = await remoteOf([silent.endpoint, other.endpoint], { timeoutMs: 1000, inFlight: 1 });
    expect(valuesOf(await all(remote.generator, eventsAsked(30)))).toEqual(await local(30));
    // It is not asked again for each batch: it says that it is ready, and is then tried now and then.
    expect(silent.requests.length).toBeLessThan(3);
  });

  it("that is slow is waited for where there is no other", async () => {
    await using slow = await scriptedServer({
      infer: async (request, index) => {
        if (index === 1) await sleep(1300);
        return answerTo(request);
      },
    });
    const dead = await scriptedServer();
    await using remote = await remoteOf([slow.endpoint, dead.endpoint], { timeoutMs: 2000, inFlight: 1 });
    dead.kill();
    expect(valuesOf(await all(remote.generator, eventsAsked(30)))).toEqual(await local(30));
    expect(slow.requests.length).toBe(3);
  });

  it("that does not answer, alone, is an error in time", async () => {
    await using silent = await scriptedServer({ infer: () => new Promise(() => {}) });
    await using remote = await remoteOf([silent.endpoint], { timeoutMs: 300 });
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringMatching(/did not answer in time/),
    });
  });
});

describe("what another try would not change", () => {
  it.for<[string, number, string, string]>([
    ["a refused token", 16, "TWIN_SERVER_REFUSED", "no such token"],
    ["a wrong request", 3, "TWIN_SERVER_REFUSED", "input seed is odd"],
    ["a failed computation", 13, "TWIN_MODEL_FAILED", "out of memory"],
    ["a model that is not served", 5, "TWIN_MODEL_NOT_SERVED", "no model fake"],
  ])("is an error at once: %s", async ([, code, expected, details]) => {
    await using server = await scriptedServer({ infer: () => ({ code, details }) });
    await using remote = await remoteOf([server.endpoint], { inFlight: 1 });
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({
      code: expected,
      message: expect.stringMatching(new RegExp(`${server.endpoint}.*${details}`)),
    });
    expect(server.requests.length).toBe(1);
  });

  it("is tried elsewhere where only one server lacks the model", async () => {
    await using lacking = await scriptedServer({
      infer: () => ({ code: 5, details: "no model fake" }),
      ready: () => false,
    });
    await using other = await scriptedServer();
    await using remote = await remoteOf([lacking.endpoint, other.endpoint]);
    expect(valuesOf(await all(remote.generator, eventsAsked(100)))).toEqual(await local(100));
    expect(remote.generator.remote.endpoints).toMatchObject([
      { isGood: false, answered: expect.any(Number) },
      { isGood: true },
    ]);
  });
});

describe("a server that comes to serve another model", () => {
  const other = { identity: { string_param: "fake/2" } };

  it("is not used any more, and its events are made by the others", async () => {
    await using changed = await scriptedServer({
      infer: (request, index) => answerTo(request, index < 2 ? {} : { parameters: other }),
    });
    await using same = await scriptedServer();
    await using remote = await remoteOf([changed.endpoint, same.endpoint]);
    expect(valuesOf(await all(remote.generator, eventsAsked(300)))).toEqual(await local(300));
    expect(remote.generator.remote.endpoints).toMatchObject([
      { problem: expect.stringMatching(/serves fake\/2 as "fake", not fake\/1/) },
      { isGood: true, failed: 0 },
    ]);
  });

  it("ends the run where there is no other", async () => {
    await using server = await scriptedServer({
      infer: (request, index) => answerTo(request, index < 2 ? {} : { parameters: other }),
    });
    await using remote = await remoteOf([server.endpoint]);
    await expect(all(remote.generator, eventsAsked(100))).rejects.toMatchObject({
      code: "TWIN_REMOTE_MODEL_CHANGED",
      message: expect.stringContaining(server.endpoint),
    });
  });

  it("is followed where that is said, and the facts name no model", async () => {
    await using server = await scriptedServer({
      infer: (request, index) => answerTo(request, index < 2 ? {} : { parameters: other }),
    });
    await using remote = await remoteOf([server.endpoint], { follow: true });
    expect((await all(remote.generator, eventsAsked(100))).length).toBe(10);
    expect(remote.generator.facts).toEqual({ geometry: { name: "box" }, served_by: "scripted 3" });
  });

  it("is used again when it serves the first one again", async () => {
    let metadata: object = METADATA;
    let isOther: boolean = false;
    await using server = await scriptedServer({
      infer: (request) => answerTo(request, isOther ? { parameters: other } : {}),
      get metadata() {
        return metadata;
      },
    });
    await using remote = await remoteOf([server.endpoint]);
    isOther = true;
    metadata = { ...METADATA, properties: { ...METADATA.properties, identity: "fake/2" } };
    await expect(all(remote.generator, eventsAsked(10))).rejects.toMatchObject({ code: "TWIN_REMOTE_MODEL_CHANGED" });
    isOther = false;
    metadata = METADATA;
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    expect(valuesOf(await all(remote.generator, eventsAsked(10)))).toEqual(await local(10));
  });
});

describe("a consumer that stops", () => {
  it("cancels what is on its way, with its own reason", async () => {
    const begun = new Gate();
    await using server = await scriptedServer({
      infer: (request, index) => {
        if (index < 2) return answerTo(request);
        begun.open();
        return new Promise(() => {});
      },
    });
    await using remote = await remoteOf([server.endpoint]);
    const abort = new AbortController();
    const batches = remote.generator.generate(eventsAsked(100), { signal: abort.signal });
    await batches.next();
    const second = batches.next();
    const reason = new Error("enough");
    await begun.opened;
    await second;
    const third = batches.next();
    abort.abort(reason);
    await expect(third).rejects.toBe(reason);
  });

  it("that takes slowly is not run over: as many requests as are allowed, and no more", async () => {
    await using server = await scriptedServer();
    await using remote = await remoteOf([server.endpoint], { inFlight: 3 });
    const batches = remote.generator.generate(eventsAsked(200));
    await batches.next();
    await until(() => server.requests.length >= 3);
    await sleep(100);
    expect(server.requests.length).toBe(3);
    await batches.return(undefined);
  });

  it("with the twin: calls on their way fail, and no new ones begin", async () => {
    const begun = new Gate();
    await using server = await scriptedServer({
      infer: () => {
        begun.open();
        return new Promise(() => {});
      },
    });
    const remote = await remoteOf([server.endpoint]);
    const making = all(remote.generator, eventsAsked(10));
    making.catch(() => undefined);
    await begun.opened;
    await remote[Symbol.asyncDispose]();
    await expect(making).rejects.toMatchObject({
      code: "TWIN_MODEL_FAILED",
      message: expect.stringContaining("has stopped"),
    });
    await expect(all(remote.generator, eventsAsked(10))).rejects.toMatchObject({ code: "TWIN_MODEL_FAILED" });
  });
});
