import { describe, expect, it } from "vitest";
import { FakeGenerator } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { answerOf, answerTo, type Script, scriptedServer } from "./scripted-server.ts";

const expected = async (count: number): Promise<Float32Array> =>
  valuesOf(await all(new FakeGenerator(), eventsAsked(count)));

describe("one broken server of three does not end a run:", () => {
  it.for<[string, NonNullable<Script["infer"]>]>([
    ["INTERNAL", () => ({ code: 13, details: "CUDA error: out of memory" })],
    ["UNKNOWN", () => ({ code: 2, details: "x" })],
    ["DATA_LOSS", () => ({ code: 15, details: "x" })],
    ["ABORTED", () => ({ code: 10, details: "x" })],
    ["UNIMPLEMENTED", () => ({ code: 12, details: "x" })],
    ["PERMISSION_DENIED", () => ({ code: 7, details: "x" })],
    ["UNAUTHENTICATED", () => ({ code: 16, details: "x" })],
    ["RESOURCE_EXHAUSTED without a reason", () => ({ code: 8, details: "x" })],
    ["an answer without outputs", () => answerOf({})],
    ["tensors that are none", (request) => ({ ...answerTo(request), raw_output_contents: [Buffer.alloc(7)] })],
  ])("%s", async ([, infer]) => {
    await using broken = await scriptedServer({ infer, ready: () => false });
    await using b = await scriptedServer();
    await using c = await scriptedServer();
    await using remote = await remoteOf([broken.endpoint, b.endpoint, c.endpoint]);
    expect(valuesOf(await all(remote.generator, eventsAsked(100)))).toEqual(await expected(100));
    const [first, ...others] = remote.generator.remote.endpoints;
    expect(first).toMatchObject({ isGood: false, failed: broken.requests.length });
    expect(broken.requests.length).toBeGreaterThan(0);
    for (const endpoint of others) expect(endpoint).toMatchObject({ isGood: true });
  });
});

describe("a failure is final", () => {
  it("when each server has been asked once, and has failed", async () => {
    const infer = (): { code: number; details: string } => ({ code: 13, details: "out of memory" });
    await using a = await scriptedServer({ infer });
    await using b = await scriptedServer({ infer });
    await using remote = await remoteOf([a.endpoint, b.endpoint]);
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({ code: "TWIN_MODEL_FAILED" });
    expect([a.requests.length, b.requests.length]).toEqual([1, 1]);
  });

  it.for([3, 9, 11])("at once where it is the request's own: status %i", async (code) => {
    const infer = (): { code: number; details: string } => ({ code, details: "no such event" });
    await using a = await scriptedServer({ infer });
    await using b = await scriptedServer({ infer });
    await using remote = await remoteOf([a.endpoint, b.endpoint]);
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({ code: "TWIN_SERVER_REFUSED" });
    expect(a.requests.length + b.requests.length).toBe(1);
    expect(remote.generator.remote.endpoints).toMatchObject([{ isGood: true }, { isGood: true }]);
  });
});
