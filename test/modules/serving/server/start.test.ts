import { expect, test } from "vitest";
import { InferenceServer, type InferenceServerOptions } from "../../../../modules/serving/index.ts";
import { FakeGenerator, FakeLog, PlainClient, startServer } from "./shared.ts";

test("a port that is in use tells what to do, for models and for metrics", async () => {
  await using first = await startServer([]);
  const { port } = first.address;

  const models = startServer([], { port });
  await expect(models).rejects.toMatchObject({ code: "TWIN_SERVER_START_FAILED" });
  await expect(models).rejects.toThrow(
    `127.0.0.1:${port}. Another program listens there, perhaps another server: stop it, or give another \`port\``,
  );
  const metrics = startServer([], { metricsPort: port });
  await expect(metrics).rejects.toThrow(/server of metrics cannot listen on .* another `metricsPort`/);
});

test("an address that is not of this machine is told", async () => {
  await expect(startServer([], { host: "192.0.2.1", insecure: true })).rejects.toThrow(/no address "192.0.2.1"/);
  await expect(startServer([], { host: "none.invalid", insecure: true })).rejects.toThrow(/"none.invalid" is no host/);
});

test.each<[InferenceServerOptions, string]>([
  [{ port: 70_000 }, "`port`"],
  [{ batching: { maxBatchSize: 0 } }, "`batching.maxBatchSize`"],
  [{ batching: { maxQueueSize: 0 } }, "`batching.maxQueueSize`"],
  [{ batching: { maxBatchSize: 8, preferredBatchSizes: [9] } }, "9 is among the preferredBatchSizes"],
  [{ maxMessageBytes: 1 }, "`maxMessageBytes`"],
  [{ prot: 1 } as InferenceServerOptions, "`prot`"],
])("options that are none are refused: %o", (options, name) => {
  expect(() => new InferenceServer(options, { log: new FakeLog() })).toThrow(name);
});

test("a server that is aborted while it starts leaves its port free", async () => {
  const server = new InferenceServer({ port: 0, metricsPort: false }, { log: new FakeLog() });

  await expect(server.start({ signal: AbortSignal.abort(new Error("changed my mind")) })).rejects.toThrow(
    "changed my mind",
  );
  await server.stop();
});

test("a server that is stopped while it starts does not listen in the end, and two starts are one too many", async () => {
  const server = new InferenceServer({ port: 0, metricsPort: 0 }, { log: new FakeLog() });
  const started = server.start();
  const again = expect(server.start()).rejects.toThrow("starts once");
  await server.stop();

  await again;
  await started;
  const { port } = server.address;
  await using _next = await startServer([], { port });
  await expect(fetch(`http://127.0.0.1:${server.metricsAddress?.port}/healthz`)).rejects.toThrow();
});

test("what is published before the start, or once the server stops, is refused", async () => {
  const server = new InferenceServer({ port: 0, metricsPort: false }, { log: new FakeLog() });
  const servables = [{ generator: new FakeGenerator() }];

  await expect(server.publish(servables)).rejects.toThrow("Start the server before");
  await server.start();
  await server.stop();
  await expect(server.publish(servables)).rejects.toMatchObject({ code: "TWIN_SERVER_DRAINING" });
  await expect(server.start()).rejects.toThrow("starts once");
});

test("before something is published a server is live, and not ready", async () => {
  await using server = await startServer([]);
  using client = await PlainClient.of(server);

  expect(await client.ask("ServerLive")).toEqual({ live: true });
  expect(await client.ask("ServerReady")).toMatchObject({ ready: false });
  // Not "there is no such model": clients give up then.
  await expect(client.ask("ModelMetadata", { name: "fake" })).rejects.toMatchObject({ code: 14 });
  await server.publish([{ generator: new FakeGenerator() }]);
  expect(await client.ask("ServerReady")).toEqual({ ready: true });
});

test("two models of one name, and names that there are not, are refused; what was served still is", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);

  const twice = server.publish([{ generator: new FakeGenerator("a") }, { generator: new FakeGenerator("a") }]);
  await expect(twice).rejects.toThrow('Two models would be served as "a"');
  await expect(server.publish([{ name: "b" }])).rejects.toThrow("either a `model` or a `generator`");
  expect(server.models).toEqual(["fake"]);
});

test("the option `models` serves these alone, and tells of one that there is not", async () => {
  await using server = await startServer([], { models: ["a"] });

  await server.publish([{ generator: new FakeGenerator("a") }, { generator: new FakeGenerator("b") }]);
  expect(server.models).toEqual(["a"]);
  await expect(server.publish([{ generator: new FakeGenerator("b") }])).rejects.toThrow('no model "a" to serve');
  expect(server.models).toEqual(["a"]);
});
