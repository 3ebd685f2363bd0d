import { expect, test } from "vitest";
import {
  constant,
  createTwin,
  Generator,
  Log,
  type Model,
  Model as ModelToken,
  NdArray,
} from "../../../../core/index.ts";
import { ModelServer, servablesOf, serving } from "../../../../modules/serving/index.ts";
import { eventsOf, eventsRequest, FakeGenerator, FakeLog, failureOf, PlainClient } from "./shared.ts";

/** Doubles its input. */
function doubling(name: string): Model {
  return {
    name,
    inputs: { x: { dtype: "float32", shape: ["batch", 2] } },
    outputs: { y: { dtype: "float32", shape: ["batch", 2] } },
    metadata: {},
    provider: { name: "cpu" },
    infer: async ({ x }) => {
      const doubled = Float32Array.from(x?.contiguous().values() as Float32Array, (value) => 2 * value);
      return { y: new NdArray(doubled, { dtype: "float32", shape: x?.shape ?? [] }) };
    },
  };
}

const OPTIONS = { port: 0, metricsPort: false } as const;

test("a twin with the plugin serves its models and generators while it runs; a model like a generator is <name>.model", async () => {
  const log = new FakeLog();
  const twin = await createTwin({
    name: "ecal",
    plugins: {
      log: constant(Log, log),
      generator: constant(Generator, new FakeGenerator("gan")),
      network: constant(ModelToken, doubling("gan")),
      other: constant(ModelToken, doubling("other")),
      serving: serving(OPTIONS),
    },
  });
  const { serving: server } = twin;
  expect(server.models).toEqual(["gan", "gan.model", "other"]);
  expect(server.metricsAddress).toBeUndefined();
  using client = await PlainClient.of(server as never);

  expect(eventsOf(await client.generate(eventsRequest([1], { model: "gan" })))).toEqual([[1, 100, 7, 0]]);
  const answer = await client.generate({
    model_name: "gan.model",
    inputs: [{ name: "x", datatype: "FP32", shape: [1, 2], contents: { fp32_contents: [1, 2.5] } }],
  });
  expect(new Float32Array(Uint8Array.from(answer.raw_output_contents[0] as Buffer).buffer)).toEqual(
    Float32Array.of(2, 5),
  );

  await twin.stop();
  expect((await failureOf(client.ask("ServerLive"))).status).toBe("UNAVAILABLE");
  expect(log.lines.find(({ message }) => message === "The server listens")?.fields).toMatchObject({
    tls: false,
    tokens: 0,
  });
});

test("other plugins find the server by its token", async () => {
  const { resolveNeeds } = await import("../../../../core/index.ts");
  await using twin = await createTwin({
    plugins: { generator: constant(Generator, new FakeGenerator()), serving: serving(OPTIONS) },
  });

  const { server } = resolveNeeds(twin, { server: ModelServer });
  expect(server.address.port).toBeGreaterThan(0);
});

test("what the options say wrongly, or would serve in the open, is told before the twin starts", async () => {
  const plugins = { generator: constant(Generator, new FakeGenerator()) };

  await expect(createTwin({ plugins: { ...plugins, serving: serving({ port: -1 }) } })).rejects.toMatchObject({
    code: "TWIN_INVALID_COMPOSITION",
  });
  await expect(createTwin({ plugins: { ...plugins, serving: serving({ host: "0.0.0.0" }) } })).rejects.toMatchObject({
    code: "TWIN_SERVER_INSECURE",
  });
});

test("a twin whose server cannot start does not start, and leaves the port", async () => {
  const plugins = (name: string): Parameters<typeof createTwin>[0]["plugins"] => ({
    a: constant(Generator, new FakeGenerator(name)),
    b: constant(Generator, new FakeGenerator("same")),
    serving: serving(OPTIONS),
  });

  await expect(createTwin({ plugins: plugins("same") })).rejects.toThrow('Two models would be served as "same"');
  await using twin = await createTwin({ plugins: plugins("another") });
  expect(servablesOf(twin).map(({ name, properties }) => [name, properties])).toEqual([
    ["another", { twin: "twin" }],
    ["same", { twin: "twin" }],
  ]);
});

test("a twin whose metrics have no port to be on leaves the port of the models, too", async () => {
  const generator = constant(Generator, new FakeGenerator());
  const first = await createTwin({ plugins: { generator, serving: serving(OPTIONS) } });
  const { port } = first.serving.address;
  await first.stop();
  await using busy = await createTwin({ plugins: { generator, serving: serving(OPTIONS) } });
  const taken = { port, metricsPort: busy.serving.address.port };

  await expect(createTwin({ plugins: { generator, serving: serving(taken) } })).rejects.toMatchObject({
    code: "TWIN_SERVER_START_FAILED",
  });
  await using second = await createTwin({ plugins: { generator, serving: serving({ ...OPTIONS, port }) } });
  expect(second.serving.address.port).toBe(port);
});

test("a twin without models or generators has nothing to serve", async () => {
  await using twin = await createTwin({ name: "empty", plugins: { log: constant(Log, new FakeLog()) } });

  expect(() => servablesOf(twin)).toThrow('The twin "empty" has nothing to serve');
});
