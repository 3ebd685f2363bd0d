import { type GenerateRequest, type Generator, NdArray } from "twinloom";
import { describe, expect, it } from "vitest";
import { freePort } from "../../../servers/free-port.ts";
import { FakeGenerator, FakeLog, until } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { answerTo, METADATA, scriptedServer } from "./scripted-server.ts";

const UNAVAILABLE = { code: 14, details: "gone" };

/** Who made each of the events of a run, by what the batches say. */
async function makersOf(generator: Generator, request: GenerateRequest): Promise<string> {
  const batches = await all(generator, request);
  return batches.map(({ count, byFallback }) => [...(byFallback ?? new Uint8Array(count))].join("")).join(" ");
}

describe("a fallback", () => {
  it("makes the events for which no server is to be had; they are flagged and counted, and it is told once", async () => {
    const log = new FakeLog();
    await using server = await scriptedServer({
      infer: (request, index) => (index < 2 ? answerTo(request) : UNAVAILABLE),
      ready: () => false,
    });
    const spare = new FakeGenerator("spare", 5);
    await using remote = await remoteOf([server.endpoint], { timeoutMs: 1000, inFlight: 1 }, spare, log);
    expect(remote.generator.facts.fallback).toEqual({ model: "spare" });
    const batches = await all(remote.generator, eventsAsked(40));
    expect(batches.map(({ byFallback }) => byFallback?.[0] ?? 0)).toEqual([0, 0, 1, 1]);
    const values = valuesOf(batches);
    const marks = [0, 10, 20, 30].map((event) => values[event * 24 + 3]);
    expect(marks).toEqual([0, 0, 5, 5]);
    expect(remote.generator.remote).toMatchObject({ served: 20, byFallback: 20 });
    expect(log.lines.filter(({ message }) => /events are made by the fallback/.test(message)).length).toBe(1);
  });

  it("does not cost the time of a request for each batch, and ends when a server is back", async () => {
    const port = await freePort();
    const log = new FakeLog();
    const first = await scriptedServer({ port });
    await using remote = await remoteOf([first.endpoint], { timeoutMs: 500 }, new FakeGenerator("spare"), log);
    first.kill();
    // A hundred batches at half a second each would not be done in the time of a test.
    expect(await makersOf(remote.generator, eventsAsked(400, { batchSize: 4 }))).toMatch(/^[1 ]+$/);
    await using _again = await scriptedServer({ port });
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    expect(await makersOf(remote.generator, eventsAsked(40))).toMatch(/^[0 ]+$/);
    expect(log.lines.map(({ message }) => message)).toContain("a server answers again; events are made by it");
  });

  it("of the very same model gives equal events", async () => {
    let answers = 0;
    await using server = await scriptedServer({
      infer: (request) => (answers++ % 2 === 0 ? answerTo(request) : UNAVAILABLE),
    });
    await using remote = await remoteOf([server.endpoint], { timeoutMs: 50, inFlight: 1 }, new FakeGenerator());
    const request = eventsAsked(200);
    expect(valuesOf(await all(remote.generator, request))).toEqual(valuesOf(await all(new FakeGenerator(), request)));
  });

  it("is no answer to what is wrong with a request or an answer", async () => {
    await using server = await scriptedServer({ infer: () => ({ code: 13, details: "out of memory" }) });
    await using remote = await remoteOf([server.endpoint], {}, new FakeGenerator("spare"));
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({ code: "TWIN_MODEL_FAILED" });
  });

  it("fills part of a batch that takes several requests, and says which", async () => {
    await using server = await scriptedServer({
      config: { max_batch_size: 5 },
      ready: () => false,
      infer: (request, index) => (index < 1 ? answerTo(request) : UNAVAILABLE),
    });
    const spare = new FakeGenerator("spare");
    await using remote = await remoteOf([server.endpoint], { timeoutMs: 1000, inFlight: 1 }, spare);
    expect(await makersOf(remote.generator, eventsAsked(10))).toBe("0000011111");
  });
});

describe("a fallback where no server is there at the beginning", () => {
  it("lends its ranges and arrays, and the servers make what they cover once they are there", async () => {
    const port = await freePort();
    const wide = Object.assign(new FakeGenerator("wide"), {
      validity: { incident_energy: { unit: "GeV", min: 0.0001, max: 100 } },
      facts: { geometry: { name: "box" }, model_digest: "sha256:of-another", provider: "cpu" },
    });
    await using remote = await remoteOf([`127.0.0.1:${port}`], { timeoutMs: 300 }, wide);
    expect(remote.generator.facts).toEqual({ geometry: { name: "box" }, fallback: { model: "wide" } });
    expect(remote.generator.validity).toEqual(wide.validity);
    const request = eventsAsked(4, {
      conditions: { incident_energy: Float64Array.of(0.5, 0.25, 50, 50) },
      batchSize: 2,
    });
    expect(await makersOf(remote.generator, request)).toBe("11 11");
    await using server = await scriptedServer({ port });
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    expect(await makersOf(remote.generator, request)).toBe("00 11");
    const [first] = server.requests;
    expect([...new Float64Array(new Uint8Array(first?.raw_input_contents[1] as Buffer).buffer)]).toEqual([500, 250]);
  });

  it("is not used by servers that make other arrays", async () => {
    const port = await freePort();
    const other = Object.assign(new FakeGenerator("other"), {
      outputs: { showers: { dtype: "float32", dims: ["cell"], shape: [24], unit: "MeV" } },
      async *generate({ eventIds: { length } }: GenerateRequest) {
        const arrays = {
          showers: new NdArray(new Float32Array(24 * length), { dtype: "float32", shape: [length, 24] }),
        };
        yield { start: 0, count: length, arrays };
      },
    });
    await using remote = await remoteOf([`127.0.0.1:${port}`], { timeoutMs: 200 }, other);
    await using _server = await scriptedServer({ port });
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/it makes showers .float32 .layer,cell/),
    });
  });

  it("is needed: without one it is an error", async () => {
    const endpoint = `127.0.0.1:${await freePort()}`;
    await expect(remoteOf([endpoint], { timeoutMs: 100 })).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringContaining(endpoint),
    });
  });
});

describe("a fallback with other conditions", () => {
  const thickness = { unit: "mm", min: 1.2, max: 1.6, nominal: 1.4 };
  const text = JSON.parse(METADATA.properties["twinloom.generator"]) as { validity: object };
  const metadata = {
    ...METADATA,
    inputs: [...METADATA.inputs, { name: "thickness", datatype: "FP32", shape: [-1] }],
    properties: {
      ...METADATA.properties,
      "twinloom.generator": JSON.stringify({ ...text, validity: { ...text.validity, thickness } }),
    },
  };
  const asked = (mm: number): GenerateRequest =>
    eventsAsked(2, { conditions: { incident_energy: Float64Array.of(1, 2), thickness: new Float64Array(2).fill(mm) } });

  it("makes events of the values that it stands for, and no others", async () => {
    await using server = await scriptedServer({ metadata, infer: () => UNAVAILABLE, ready: () => false });
    await using remote = await remoteOf([server.endpoint], { timeoutMs: 1000 }, new FakeGenerator("thin"));
    expect(await makersOf(remote.generator, asked(1.4))).toBe("11");
    await expect(all(remote.generator, asked(1.5))).rejects.toMatchObject({
      code: "TWIN_OUT_OF_DOMAIN",
      message: expect.stringMatching(/thin, which does not know thickness/),
    });
  });

  it("is refused where it needs one that there is not", async () => {
    await using server = await scriptedServer();
    const tilted = Object.assign(new FakeGenerator("tilted"), {
      validity: { ...new FakeGenerator().validity, angle: { unit: "rad", min: 0, max: 1 } },
    });
    await expect(remoteOf([server.endpoint], {}, tilted)).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/tilted cannot stand in for fake: it needs the condition "angle"/),
    });
  });
});
