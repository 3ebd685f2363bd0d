import { type GenerateRequest, type Generator, NdArray } from "twinloom";
import { describe, expect, it } from "vitest";
import { freePort } from "../../../servers/free-port.ts";
import { FakeGenerator, FakeLog, until } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { answerOf, answerTo, METADATA, type Scripted, scriptedServer } from "./scripted-server.ts";

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
    expect(log.lines.filter(({ message }) => /the fallback computes until one does/.test(message)).length).toBe(1);
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
    expect(log.lines.map(({ message }) => message)).toContain("a server answers again, and computes");
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

  it("is no answer to what is wrong with a request", async () => {
    await using server = await scriptedServer({ infer: () => ({ code: 3, details: "the seed is odd" }) });
    await using remote = await remoteOf([server.endpoint], {}, new FakeGenerator("spare"));
    await expect(all(remote.generator, eventsAsked(1))).rejects.toMatchObject({ code: "TWIN_SERVER_REFUSED" });
  });

  it.for<[string, Scripted, RegExp]>([
    ["fail to compute", { code: 13, details: "out of memory" }, /out of memory/],
    ["have unloaded the model", { code: 5, details: "no model fake" }, /no model fake/],
    ["give what is no answer", answerOf({}), /there are no outputs/],
  ])("makes events while all servers %s, which is an error in the log", async ([, answer, problem]) => {
    const log = new FakeLog();
    await using server = await scriptedServer({ infer: () => answer });
    await using remote = await remoteOf([server.endpoint], {}, new FakeGenerator("spare"), log);
    expect(await makersOf(remote.generator, eventsAsked(20))).toMatch(/^[1 ]+$/);
    const errors = log.lines.filter(({ level }) => level === "error");
    expect(errors).toMatchObject([{ fields: { fallback: "spare", problem: expect.stringMatching(problem) } }]);
  });

  it("makes the events that the servers do not cover, and no others: whoever is beside them", async () => {
    const port = await freePort();
    const wide = Object.assign(new FakeGenerator("wide", 5), {
      validity: { incident_energy: { unit: "MeV", min: 1, max: 100_000 } },
    });
    await using remote = await remoteOf([`127.0.0.1:${port}`], { timeoutMs: 300 }, wide);
    await using server = await scriptedServer({ port, config: { max_batch_size: 2 } });
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    const request = eventsAsked(6, {
      conditions: { incident_energy: Float64Array.of(5000, 1, 2, 7000, 3, 8000) },
      seed: BigUint64Array.of(1n, 2n, 3n, 4n, 5n, 6n),
    });
    const batches = await all(remote.generator, request);
    expect(batches.map(({ byFallback }) => [...(byFallback ?? [])].join(""))).toEqual(["100101"]);
    const values = valuesOf(batches);
    const eventsOf = (at: number): readonly unknown[] => [0, 1, 2, 3, 4, 5].map((event) => values[event * 24 + at]);
    expect([0, 1, 3].map(eventsOf)).toEqual([
      [0, 1, 2, 3, 4, 5],
      [5000, 1, 2, 7000, 3, 8000],
      [5, 0, 0, 5, 0, 5],
    ]);
    // The first request after a server came up keeps to what it takes.
    expect(server.requests.map(({ inputs }) => inputs[0]?.shape[0])).toEqual(["2", "1"]);
    expect(remote.generator.remote).toMatchObject({ served: 3, byFallback: 3 });
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

  it("goes on where servers come up that make other arrays", async () => {
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
    const log = new FakeLog();
    await using remote = await remoteOf([`127.0.0.1:${port}`], { timeoutMs: 200 }, other, log);
    await using _server = await scriptedServer({ port });
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    expect(await makersOf(remote.generator, eventsAsked(1))).toBe("1");
    expect(log.lines.filter(({ level }) => level === "error")).toMatchObject([
      { fields: { problem: expect.stringMatching(/it makes showers .float32 .layer,cell/) } },
    ]);
  });

  it("is told at once, and its request waits for nobody", async () => {
    const log = new FakeLog();
    const endpoint = `127.0.0.1:${await freePort()}`;
    await using remote = await remoteOf([endpoint], { timeoutMs: 300 }, new FakeGenerator("spare"), log);
    expect(log.lines.map(({ message }) => message)).toContain(
      "no server answers; the fallback computes until one does",
    );
    const { failed } = remote.generator.remote.endpoints[0] as { failed: number };
    expect(await makersOf(remote.generator, eventsAsked(20))).toMatch(/^[1 ]+$/);
    expect(remote.generator.remote.endpoints[0]).toMatchObject({ failed });
  });

  it("tells nothing of its own as the servers', whose facts are told once they are there", async () => {
    const port = await freePort();
    const own = {
      model: "a",
      model_digest: "b",
      graph_digest: "c",
      identity: "d",
      served_by: "e",
      precision: "float16",
    };
    const spare = Object.assign(new FakeGenerator("spare"), { facts: { ...own, geometry: { name: "box" } } });
    await using remote = await remoteOf([`127.0.0.1:${port}`], { timeoutMs: 300 }, spare);
    expect(remote.generator.facts).toEqual({ geometry: { name: "box" }, fallback: { model: "spare" } });
    await using _server = await scriptedServer({ port });
    await until(() => remote.generator.remote.endpoints[0]?.isGood === true);
    await all(remote.generator, eventsAsked(1));
    expect(remote.generator.facts).toMatchObject({ served_by: "scripted 3", identity: "fake/1", provider: "cpu" });
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
