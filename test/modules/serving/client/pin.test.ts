import { NdArray } from "twinloom";
import { describe, expect, it } from "vitest";
import { FakeGenerator, until, VALUES } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { answerOf, answerTo, GENERATOR_TEXT, METADATA, type Script, scriptedServer } from "./scripted-server.ts";

const NO_IDENTITY = { parameters: {} };

/** A server of another make: what computes stands in the configuration, and in no answer. */
function standard(digest: string): Script {
  const parameters = {
    identity: { string_value: `sha256:${digest.repeat(64)}` },
    "twinloom.generator": { string_value: GENERATOR_TEXT },
  };
  return {
    extensions: [],
    metadata: { ...METADATA, properties: {} },
    config: { name: "fake", max_batch_size: 100, parameters },
    infer: (request) => answerTo(request, NO_IDENTITY),
  };
}

/** Another model's events. */
const others: Script["infer"] = ({ inputs }) => {
  const events = Number(inputs[0]?.shape[0]);
  const values = new Float32Array(events * VALUES).fill(666);
  return answerOf({ showers: new NdArray(values, { dtype: "float32", shape: [events, 4, VALUES / 4] }) }, NO_IDENTITY);
};

describe("servers whose answers do not tell what computes", () => {
  it("are asked for it, each before it is used", async () => {
    await using a = await scriptedServer(standard("a"));
    await using b = await scriptedServer({ ...standard("b"), infer: others });
    await using remote = await remoteOf([a.endpoint, b.endpoint]);
    const batches = await all(remote.generator, eventsAsked(100));
    expect(valuesOf(batches)).toEqual(valuesOf(await all(new FakeGenerator(), eventsAsked(100))));
    expect(b.requests.length).toBe(0);
    expect(remote.generator.remote.endpoints[1]).toMatchObject({
      isGood: false,
      problem: expect.stringMatching(/serves sha256:b+ as "fake", not sha256:a+/),
    });
  });

  it("are asked again after a failure", async () => {
    let config = standard("a").config as object;
    let isBroken: boolean = false;
    await using a = await scriptedServer({
      ...standard("a"),
      get config() {
        return config;
      },
      infer: (request) => {
        if (!isBroken) return answerTo(request, NO_IDENTITY);
        // It serves another model from the moment of its failure on.
        config = standard("b").config as object;
        return { code: 14, details: "gone" };
      },
    });
    await using remote = await remoteOf([a.endpoint]);
    await all(remote.generator, eventsAsked(10));
    isBroken = true;
    await expect(all(remote.generator, eventsAsked(10))).rejects.toMatchObject({ code: "TWIN_REMOTE_MODEL_CHANGED" });
  });

  it("may tell it in their metadata alone", async () => {
    await using a = await scriptedServer({ infer: (request) => answerTo(request, NO_IDENTITY) });
    await using remote = await remoteOf([a.endpoint]);
    expect((await all(remote.generator, eventsAsked(20))).length).toBe(2);
  });

  it("are looked at when another version answers", async () => {
    let version = "1";
    let config = standard("a").config as object;
    await using a = await scriptedServer({
      ...standard("a"),
      get config() {
        return config;
      },
      infer: (request) => answerTo(request, { ...NO_IDENTITY, model_version: version }),
    });
    await using remote = await remoteOf([a.endpoint]);
    await all(remote.generator, eventsAsked(10));
    version = "2";
    await all(remote.generator, eventsAsked(10));
    version = "3";
    config = standard("b").config as object;
    await expect(all(remote.generator, eventsAsked(10))).rejects.toMatchObject({ code: "TWIN_REMOTE_MODEL_CHANGED" });
    config = standard("a").config as object;
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    await all(remote.generator, eventsAsked(10));
  });

  it("that tell nothing are not mixed with those that do", async () => {
    await using a = await scriptedServer(standard("a"));
    await using b = await scriptedServer({ ...standard("b"), config: { name: "fake" }, infer: others });
    await using remote = await remoteOf([a.endpoint, b.endpoint]);
    const values = valuesOf(await all(remote.generator, eventsAsked(100)));
    expect(values).not.toContain(666);
    expect(remote.generator.remote.endpoints[1]).toMatchObject({ answered: 0 });
  });
});
