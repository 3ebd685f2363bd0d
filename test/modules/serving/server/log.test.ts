import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import type { ModelInferResponse } from "../../../../modules/serving/protocol/messages.ts";
import { eventsRequest, FakeGenerator, FakeLog, failureOf, PlainClient, startServer } from "./shared.ts";

test("each request is one line: what was asked, who asked, how it ended, how long it took", async () => {
  const log = new FakeLog();
  await using server = await startServer([{ generator: new FakeGenerator(), version: "7" }], {}, { log });
  using client = await PlainClient.of(server);
  log.lines.length = 0;

  await client.generate(eventsRequest([1]));
  await failureOf(client.generate(eventsRequest([1], { energy: 5000 })));
  await failureOf(client.ask("ModelMetadata", { name: "other" }));

  expect(log.lines).toEqual([
    {
      level: "debug",
      message: "A request ended",
      fields: { method: "ModelInfer", model: "fake", version: "7", status: "OK", ms: expect.any(Number) },
    },
    {
      level: "debug",
      message: "A request ended",
      fields: {
        method: "ModelInfer",
        model: "fake",
        version: "7",
        status: "OUT_OF_RANGE",
        error: "TWIN_OUT_OF_DOMAIN",
        ms: expect.any(Number),
      },
    },
    {
      level: "debug",
      message: "A request ended",
      fields: { method: "ModelMetadata", status: "NOT_FOUND", error: "TWIN_MODEL_NOT_SERVED", ms: expect.any(Number) },
    },
  ]);
});

test("starting, publishing and stopping are told", async () => {
  const log = new FakeLog();
  const server = await startServer([{ generator: new FakeGenerator(), version: "7" }], {}, { log });
  await server.stop();

  expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
    ["info", "The server listens"],
    ["info", "These models are served"],
    ["info", "The server has stopped"],
  ]);
  expect(log.lines[1]?.fields).toEqual({ models: [{ name: "fake", version: "7", identity: "fake/7" }] });
});

test("no line has anything of tokens, headers, ids, tensors, or parameters", async () => {
  const log = new FakeLog();
  const [token, header, id, energy, text] = ["token-4711", "header-4712", "id-4713", 471.4, "text-4715"];
  const sha256 = createHash("sha256").update(token).digest("hex");
  const failing = new FakeGenerator("failing");
  failing.gate = () => Promise.reject(new Error("It failed"));
  await using server = await startServer(
    [{ generator: new FakeGenerator() }, { generator: failing }],
    { tokens: [{ name: "somebody", sha256, models: ["*"] }] },
    { log },
  );
  using client = await PlainClient.of(server);
  const request = eventsRequest([4716], { id, energy, parameters: { note: { string_param: text } } });
  const { grpc } = await loadProtos();
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  metadata.set("x-secret", header);
  const ask = (message: object): Promise<ModelInferResponse> =>
    new Promise((resolve, reject) => {
      client.client.ModelInfer(message, metadata, (error, answer) =>
        error || !answer ? reject(error) : resolve(answer),
      );
    });
  await ask(request);
  await failureOf(ask({ ...request, model_name: "failing" }));
  await failureOf(ask(eventsRequest([4716], { id, energy: 4714, parameters: { chunk: { string_param: text } } })));
  await failureOf(client.ask("ServerLive", {}, { token: "token-4717" }));
  const stream = client.client.ModelStreamInfer(metadata);
  const ended = new Promise((resolve) => stream.on("end", resolve));
  stream.on("data", () => undefined);
  stream.write({ ...request, parameters: { chunk: { string_param: text } } });
  stream.end();
  await ended;

  const lines = JSON.stringify(log.lines, (_, value: unknown) => (value instanceof Error ? String(value) : value));
  expect(lines).toContain("somebody");
  expect(lines).toContain("It failed");
  expect(lines).not.toMatch(/471\d/);
  expect(lines).not.toContain(sha256);
});
