import { expect, test, vi } from "vitest";
import type { ModelInferResponse, ModelStreamInferResponse } from "../../../../modules/serving/protocol/messages.ts";
import { decodeParameters } from "../../../../modules/serving/protocol/parameters.ts";
import { OpenCalls } from "../../../../modules/serving/server/open-calls.ts";
import { encodedRequest, RawCall } from "./raw-call.ts";
import { eventsOf, eventsRequest, FakeGenerator, Gate, PlainClient, startServer, until } from "./shared.ts";

/** Says these, and gives all answers when the server has ended the stream. */
async function converse(
  client: PlainClient,
  requests: readonly object[],
): Promise<readonly ModelStreamInferResponse[]> {
  const call = client.stream();
  const answers: ModelStreamInferResponse[] = [];
  call.on("data", (answer: ModelStreamInferResponse) => answers.push(answer));
  const ended = new Promise<void>((resolve, reject) => {
    call.on("end", resolve);
    call.on("error", reject);
  });
  for (const request of requests) call.write(request);
  call.end();
  await ended;
  return answers;
}

test("requests of one stream are each answered when they are done, not in the order asked", async () => {
  const slow = new FakeGenerator("slow");
  const gate = new Gate();
  slow.gate = () => gate.opened;
  await using server = await startServer([{ generator: slow }, { generator: new FakeGenerator("quick") }]);
  using client = await PlainClient.of(server);
  const call = client.stream();
  const ids: (string | undefined)[] = [];
  call.on("data", ({ infer_response }: ModelStreamInferResponse) => {
    ids.push(infer_response?.id);
    gate.open();
  });

  call.write(eventsRequest([1], { model: "slow", id: "first" }));
  call.write(eventsRequest([2], { model: "quick", id: "second" }));
  await until(() => ids.length === 2);

  expect(ids).toEqual(["second", "first"]);
  const ended = new Promise((resolve) => call.on("end", resolve));
  call.end();
  await ended;
});

test("a request that is cancelled on its stream is not begun, and the others go on", async () => {
  const slow = new FakeGenerator("slow");
  const gate = new Gate();
  slow.gate = () => gate.opened;
  await using server = await startServer([{ generator: slow }]);
  using client = await PlainClient.of(server);
  const call = client.stream();
  const answers: ModelStreamInferResponse[] = [];
  call.on("data", (answer: ModelStreamInferResponse) => answers.push(answer));

  call.write(eventsRequest([1], { model: "slow", id: "runs" }));
  call.write(eventsRequest([2], { model: "slow", id: "waits" }));
  await until(() => server.openRequests === 2);
  call.write({ id: "waits", parameters: { cancel: { bool_param: true } } });
  call.write({ id: "unknown", parameters: { cancel: { bool_param: true } } });
  await until(() => answers.length === 1);

  expect(answers[0]?.infer_response?.id).toBe("waits");
  expect(decodeParameters(answers[0]?.infer_response?.parameters)["status"]).toBe("CANCELLED");
  gate.open();
  await until(() => answers.length === 2);
  expect(eventsOf(answers[1]?.infer_response as ModelInferResponse)).toEqual([[1, 100, 7, 0]]);
  expect(slow.begun).toEqual([1]);
  const ended = new Promise((resolve) => call.on("end", resolve));
  call.end();
  await ended;
});

test("a request that fails is answered with what is wrong, and the stream goes on", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);

  const answers = await converse(client, [
    eventsRequest([1], { id: "a", energy: 5000 }),
    eventsRequest([1], { id: "b", model: "other" }),
    eventsRequest([1], { id: "c" }),
  ]);

  const byId = new Map(answers.map((answer) => [answer.infer_response?.id, answer]));
  expect(byId.size).toBe(3);
  expect(byId.get("a")?.error_message).toMatch(/incident_energy.*5000/s);
  expect(decodeParameters(byId.get("a")?.infer_response?.parameters)).toEqual({
    status: "OUT_OF_RANGE",
    "twinloom-error-code": "TWIN_OUT_OF_DOMAIN",
    triton_final_response: true,
  });
  expect(byId.get("b")?.error_message).toContain('The model "other" is not served here.');
  const good = byId.get("c");
  expect(good?.error_message ?? "").toBe("");
  expect(good?.infer_response && eventsOf(good.infer_response)).toEqual([[1, 100, 7, 0]]);
});

test("a request with `chunk` is answered in parts, in order, the last of which says so", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);
  const request = eventsRequest([1, 2, 3, 4, 5], { id: "a", parameters: { chunk: { int64_param: 2 } } });

  const answers = await converse(client, [request]);

  expect(answers.map(({ infer_response }) => infer_response?.id)).toEqual(["a", "a", "a"]);
  expect(answers.map(({ infer_response }) => decodeParameters(infer_response?.parameters))).toMatchObject([
    { start: 0n, triton_final_response: false },
    { start: 2n, triton_final_response: false },
    { start: 4n, triton_final_response: true },
  ]);
  const events = answers.flatMap(({ infer_response }) => (infer_response ? eventsOf(infer_response) : []));
  expect(events.map(([id]) => id)).toEqual([1, 2, 3, 4, 5]);
});

test("no events in chunks are one answer without events", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);

  const answers = await converse(client, [eventsRequest([], { parameters: { chunk: { int64_param: 2 } } })]);

  expect(answers).toHaveLength(1);
  expect(decodeParameters(answers[0]?.infer_response?.parameters)).toMatchObject({
    start: 0n,
    triton_final_response: true,
  });
});

test.each([
  [{ int64_param: 0 }, /`chunk` is 0/],
  [{ string_param: "2" }, /`chunk` is 2; it must be an integer/],
])("a chunk of %o is refused", async (chunk, message) => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);

  const [answer] = await converse(client, [eventsRequest([1], { parameters: { chunk } })]);

  expect(answer?.error_message).toMatch(message);
});

test("chunks are computed as the client takes them: one that reads nothing holds a few, one that reads on gets all", async () => {
  const generator = new FakeGenerator();
  // 1 MB in a chunk; the window of flow control is 64 KiB.
  const [perChunk, chunks] = [10_000, 40];
  await using server = await startServer([{ generator }], { batching: { maxBatchSize: perChunk } });
  using client = await PlainClient.of(server);
  await using raw = await RawCall.to(server, "ModelStreamInfer");
  const ids = Array.from({ length: perChunk * chunks }, (_, id) => id);
  raw.send(await encodedRequest(eventsRequest(ids, { parameters: { chunk: { int64_param: perChunk } } })));
  raw.end();

  await until(() => generator.begun.length > 0);
  // Requests of others show that the server is not held up, and take as long as many chunks would.
  for (let turn = 0; turn < 100; turn++) await client.generate(eventsRequest([1]));
  const begun = (): number => generator.begun.filter((rows) => rows === perChunk).length;
  expect(begun()).toBeLessThan(4);

  const { messages, status } = await raw.readAll();
  expect(status).toBe("OK");
  expect(messages).toHaveLength(chunks);
  expect(begun()).toBe(chunks);
}, 30_000);

test("a client that goes in the middle ends what it asked for, and nothing else", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }]);
  using client = await PlainClient.of(server);
  const call = client.stream();
  call.on("error", () => undefined);
  call.write(eventsRequest([1, 2, 3, 4], { parameters: { chunk: { int64_param: 1 } } }));
  await until(() => generator.begun.length === 1);

  call.cancel();
  await until(() => server.openRequests === 0);
  gate.open();

  expect(eventsOf(await client.generate(eventsRequest([9])))).toEqual([[9, 100, 7, 0]]);
  expect(generator.begun).toEqual([1, 1]);
});

test("more requests than a stream may have at once wait with the client, and are all answered", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);

  const answers = await converse(
    client,
    Array.from({ length: 300 }, (_, id) => eventsRequest([id], { id: `${id}` })),
  );

  expect(new Set(answers.map(({ infer_response }) => infer_response?.id)).size).toBe(300);
});

test("a stream that is late when it comes leaves nothing behind", async () => {
  using listening = vi.spyOn(OpenCalls.prototype, "onDrain");
  await using server = await startServer([{ generator: new FakeGenerator() }]);

  await using late = await RawCall.to(server, "ModelStreamInfer", { "grpc-timeout": "1n" });
  expect((await late.readAll()).status).toBe("DEADLINE_EXCEEDED");
  expect(listening).not.toHaveBeenCalled();

  await using timely = await RawCall.to(server, "ModelStreamInfer", { "grpc-timeout": "1M" });
  timely.end();
  expect((await timely.readAll()).status).toBe("OK");
  expect(listening).toHaveBeenCalledOnce();
});

test("a stream whose client reads nothing is cut off after a while, and the version that it held is free", async () => {
  const maxSendMs = 200;
  await using server = await startServer([{ generator: new FakeGenerator() }], { maxSendMs });
  await using stalled = await RawCall.to(server, "ModelStreamInfer");
  const events = Array.from({ length: 60_000 }, (_, index) => index);
  stalled.send(await encodedRequest({ ...eventsRequest(events), parameters: { chunk: { int64_param: "10000" } } }));
  await until(() => server.openRequests === 1);

  // Resolves when what was published before is idle.
  await server.publish([{ generator: new FakeGenerator("fake", 2) }]);
  expect(server.openRequests).toBe(0);
});
