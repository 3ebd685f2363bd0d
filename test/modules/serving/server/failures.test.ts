import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { NdArray } from "../../../../core/index.ts";
import type { ModelInferResponse } from "../../../../modules/serving/protocol/messages.ts";
import { encodeTensors } from "../../../../modules/serving/protocol/tensors.ts";
import { encodedRequest, RawCall } from "./raw-call.ts";
import {
  eventsOf,
  eventsRequest,
  FakeGenerator,
  FakeLog,
  failureOf,
  Gate,
  PlainClient,
  startServer,
  until,
} from "./shared.ts";

/** A request whose tensors are these in place of the right ones. */
function wrong(arrays: Readonly<Record<string, NdArray>>): object {
  const rows = 2;
  const right = {
    event_id: new NdArray(BigInt64Array.of(1n, 2n), { dtype: "int64", shape: [rows, 1] }),
    incident_energy: new NdArray(Float64Array.of(1, 2), { dtype: "float64", shape: [rows, 1] }),
    seed: new NdArray(BigInt64Array.of(1n, 2n), { dtype: "int64", shape: [rows, 1] }),
  };
  const { tensors, raw } = encodeTensors({ ...right, ...arrays });
  return { model_name: "fake", inputs: tensors, raw_input_contents: raw };
}

test.each([
  [
    "a wrong datatype",
    { incident_energy: new NdArray(Int32Array.of(1, 2), { dtype: "int32", shape: [2, 1] }) },
    /incident_energy.*INT32/s,
  ],
  [
    "a wrong shape",
    { incident_energy: new NdArray(Float64Array.of(1, 2, 3, 4), { dtype: "float64", shape: [2, 2] }) },
    /incident_energy.*\[2, 2\]/s,
  ],
  ["a wrong name", { energy: new NdArray(Float64Array.of(1, 2), { dtype: "float64", shape: [2, 1] }) }, /energy/],
])("%s is INVALID_ARGUMENT, and the text tells what was expected", async (_what, arrays, message) => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);

  const failure = await failureOf(client.ask("ModelInfer", wrong(arrays)));

  expect(failure.status).toBe("INVALID_ARGUMENT");
  expect(failure.details).toMatch(message);
});

test("raw contents of another length are INVALID_ARGUMENT", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);
  const request = eventsRequest([1, 2]);
  const [ids, ...others] = request.raw_input_contents as Buffer[];

  const failure = await failureOf(
    client.generate({ ...request, raw_input_contents: [(ids as Buffer).subarray(0, 8), ...others] }),
  );

  expect(failure).toMatchObject({ status: "INVALID_ARGUMENT", code: "TWIN_WIRE_INVALID" });
  expect(failure.details).toMatch(/event_id.*8 bytes; 16 were expected/);
});

test("another model is NOT_FOUND, another version tells which one is served", async () => {
  await using server = await startServer([{ generator: new FakeGenerator(), version: "7" }]);
  using client = await PlainClient.of(server);

  const missing = await failureOf(client.generate(eventsRequest([1], { model: "other" })));
  expect(missing).toMatchObject({ status: "NOT_FOUND", code: "TWIN_MODEL_NOT_SERVED" });
  const old = await failureOf(client.generate(eventsRequest([1], { model_version: "6" })));
  expect(old.status).toBe("NOT_FOUND");
  expect(old.details).toContain('version "7" is');
});

test("a long name does not break the answer, and one of a million letters is not taken", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server);

  const long = await failureOf(client.ask("ModelMetadata", { name: "ä".repeat(30_000) }));
  expect(long.status).toBe("NOT_FOUND");
  const longer = await failureOf(client.ask("ModelMetadata", { name: "ä".repeat(1_000_000) }));
  expect(longer).toMatchObject({ status: "INVALID_ARGUMENT", code: "TWIN_WIRE_INVALID" });
  expect(longer.details).toContain("at most 65536 are taken");
});

test("bytes that are no message are INVALID_ARGUMENT, for one request and in a stream, and the server goes on", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  const noMessage = Buffer.from([0x0f, 1, 2, 3]);

  await using one = await RawCall.to(server, "ModelInfer");
  one.send(noMessage);
  one.end();
  const { status, details } = await one.readAll();
  expect(status).toBe("INVALID_ARGUMENT");
  expect(details).toContain("no message of inference.proto");

  await using stream = await RawCall.to(server, "ModelStreamInfer");
  stream.send(noMessage);
  stream.send(await encodedRequest(eventsRequest([5])));
  stream.end();
  const answered = await stream.readAll();
  expect(answered.status).toBe("OK");
  expect(answered.messages).toHaveLength(2);
  expect(String(answered.messages[0])).toContain("are no message of");
});

test("a method that there is not is UNIMPLEMENTED", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  await using call = await RawCall.to(server, "TraceSetting");
  call.send(Buffer.alloc(0));
  call.end();

  expect((await call.readAll()).status).toBe("UNIMPLEMENTED");
});

test("a request compressed with gzip is read", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  using client = await PlainClient.of(server, { channel: { "grpc.default_compression_algorithm": 2 } });
  expect(eventsOf(await client.generate(eventsRequest([1, 2]))).map(([id]) => id)).toEqual([1, 2]);

  await using call = await RawCall.to(server, "ModelInfer", { "grpc-encoding": "gzip" });
  call.send(gzipSync(await encodedRequest(eventsRequest([1]))), true);
  call.end();
  expect((await call.readAll()).status).toBe("OK");
});

test("a request that decompresses to more than a message may be is refused", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }], { maxMessageBytes: 100_000 });
  await using call = await RawCall.to(server, "ModelInfer", { "grpc-encoding": "gzip" });
  call.send(gzipSync(Buffer.alloc(10_000_000)), true);
  call.end();

  expect((await call.readAll()).status).toBe("RESOURCE_EXHAUSTED");
});

test("a request larger than a message may be is RESOURCE_EXHAUSTED", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }], { maxMessageBytes: 10_000 });
  using client = await PlainClient.of(server);

  const failure = await failureOf(client.generate(eventsRequest(Array.from({ length: 1000 }, (_, id) => id))));

  expect(failure.status).toBe("RESOURCE_EXHAUSTED");
  expect(failure.details).toContain("10000");
});

test("an answer larger than a message may be is RESOURCE_EXHAUSTED, and the text tells how to ask for less", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }], { maxMessageBytes: 10_000 });
  using client = await PlainClient.of(server);

  const failure = await failureOf(client.generate(eventsRequest(Array.from({ length: 200 }, (_, id) => id))));

  expect(failure).toMatchObject({ status: "RESOURCE_EXHAUSTED", code: "TWIN_SERVER_REFUSED" });
  for (const way of ["fewer events", '"sparse"', "FP16", '"chunk"', "maxMessageBytes"])
    expect(failure.details).toContain(way);
  const sparse = { parameters: { sparse: { bool_param: true } } };
  await client.generate(
    eventsRequest(
      Array.from({ length: 200 }, (_, id) => id),
      sparse,
    ),
  );
});

test("answers of more than gRPC's own limit of 4 MB are sent", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }], { batching: { maxBatchSize: 60_000 } });
  using client = await PlainClient.of(server);

  const answer = await client.generate(eventsRequest(Array.from({ length: 60_000 }, (_, id) => id)));

  expect((answer as ModelInferResponse).raw_output_contents[0]?.length).toBe(60_000 * 24 * 4);
});

test("a failure of the model is INTERNAL, is logged as a warning, and its text is told only if it is ours", async () => {
  const generator = new FakeGenerator();
  generator.gate = () => Promise.reject(new Error("disk of node7 is full"));
  const log = new FakeLog();
  await using server = await startServer([{ generator }], {}, { log });
  using client = await PlainClient.of(server);

  const failure = await failureOf(client.generate(eventsRequest([1])));

  expect(failure.status).toBe("INTERNAL");
  expect(failure.details).not.toContain("node7");
  expect(log.lines.filter(({ level }) => level === "warn")).toMatchObject([
    { fields: { method: "ModelInfer", model: "fake", status: "INTERNAL", reason: expect.stringContaining("node7") } },
  ]);
});

test("what a client goes away from is not computed, if it had not begun", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }]);
  using client = await PlainClient.of(server);
  const first = client.generate(eventsRequest([1]));
  await until(() => generator.begun.length === 1);
  const leaving = new AbortController();
  const second = failureOf(client.generate(eventsRequest([2]), { signal: leaving.signal }));
  await until(() => server.openRequests === 2);

  leaving.abort();
  expect((await second).status).toBe("CANCELLED");
  await until(() => server.openRequests === 1);
  gate.open();

  expect(eventsOf(await first)).toEqual([[1, 100, 7, 0]]);
  await client.generate(eventsRequest([3]));
  expect(generator.begun).toEqual([1, 1]);
});

test("a client whose connection breaks leaves nothing behind", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }]);
  const call = await RawCall.to(server, "ModelInfer");
  call.stream.on("error", () => undefined);
  call.send(await encodedRequest(eventsRequest([1])));
  call.end();
  await until(() => generator.begun.length === 1);

  call.session.destroy();
  await until(() => server.openRequests === 0);
  gate.open();

  using client = await PlainClient.of(server);
  expect(eventsOf(await client.generate(eventsRequest([2])))).toEqual([[2, 100, 7, 0]]);
});

test("what waits past its deadline is not computed", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }]);
  using client = await PlainClient.of(server);
  const first = client.generate(eventsRequest([1]));
  await until(() => generator.begun.length === 1);

  const second = await failureOf(client.generate(eventsRequest([2]), { deadline: Date.now() + 30 }));

  expect(second.status).toBe("DEADLINE_EXCEEDED");
  await until(() => server.openRequests === 1);
  gate.open();
  await first;
  expect(generator.begun).toEqual([1]);
});

test("what comes after its deadline is not begun", async () => {
  const generator = new FakeGenerator();
  // A clock that is ahead of the client's: every deadline has passed.
  const clock = { now: () => Date.now() + 3_600_000 };
  await using server = await startServer([{ generator }], {}, { clock });
  using client = await PlainClient.of(server);

  const failure = await failureOf(client.generate(eventsRequest([1]), { deadline: Date.now() + 60_000 }));

  expect(failure.status).toBe("DEADLINE_EXCEEDED");
  expect(generator.begun).toEqual([]);
  await client.generate(eventsRequest([1]));
});

test("a queue that is full is RESOURCE_EXHAUSTED with a code that tells it from a message that is too large", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }], { batching: { maxBatchSize: 1, maxQueueSize: 1 } });
  using client = await PlainClient.of(server);
  const requests = Array.from({ length: 6 }, (_, id) => client.generate(eventsRequest([id])));

  const refused = await failureOf(Promise.all(requests));

  expect(refused).toMatchObject({ status: "RESOURCE_EXHAUSTED", code: "TWIN_QUEUE_FULL" });
  gate.open();
  const ended = await Promise.allSettled(requests);
  expect(ended.filter(({ status }) => status === "fulfilled").length).toBeGreaterThanOrEqual(2);
});
