import { describe, expect, it } from "vitest";
import { Latencies } from "../../../../modules/serving/client/latencies.ts";
import { FakeGenerator } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { answerTo, scriptedServer } from "./scripted-server.ts";

const never = (): Promise<never> => new Promise(() => {});

describe("a server that is ready and does not answer", () => {
  it("holds nobody up for long, and is soon asked one request at a time", async () => {
    await using a = await scriptedServer();
    await using b = await scriptedServer();
    await using silent = await scriptedServer({ infer: never });
    // The time of one test is far below half of this.
    await using remote = await remoteOf([silent.endpoint, a.endpoint, b.endpoint], { timeoutMs: 300_000 });
    const batches = await all(remote.generator, eventsAsked(600));
    expect(valuesOf(batches)).toEqual(valuesOf(await all(new FakeGenerator(), eventsAsked(600))));
    while (remote.generator.remote.endpoints[0]?.isGood) await all(remote.generator, eventsAsked(10));
    const asked = silent.requests.length;
    await all(remote.generator, eventsAsked(600));
    expect(silent.requests.length - asked).toBeLessThan(10);
    expect(remote.generator.remote.endpoints[0]?.isGood).toBe(false);
  });

  it("is good again when it has answered", async () => {
    let isSilent: boolean = true;
    await using a = await scriptedServer();
    await using other = await scriptedServer({ infer: (request) => (isSilent ? never() : answerTo(request)) });
    await using remote = await remoteOf([other.endpoint, a.endpoint], { timeoutMs: 300_000 });
    const { generator } = remote;
    while (generator.remote.endpoints[0]?.isGood) await all(generator, eventsAsked(20));
    isSilent = false;
    while (!generator.remote.endpoints[0]?.isGood) await all(generator, eventsAsked(20));
    expect(other.methods).toContain("ModelReady");
  });
});

describe("the patience with an answer", () => {
  it("is four times the median of answers to requests of a kind, and 50 ms at least", () => {
    const latencies = new Latencies();
    expect(latencies.patienceMs(3)).toBeUndefined();
    for (const ms of [100, 1, 1000]) latencies.note(3, ms);
    expect(latencies.patienceMs(3)).toBe(400);
    latencies.note(4, 1);
    expect(latencies.patienceMs(4)).toBe(50);
    for (let k = 0; k < 32; k++) latencies.note(3, 20);
    expect(latencies.patienceMs(3)).toBe(80);
  });
});
