import { once } from "node:events";
import { constants } from "node:http2";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodedRequest, RawCall } from "./raw-call.ts";
import {
  eventsRequest,
  FakeGenerator,
  FakeLog,
  failureOf,
  Gate,
  PlainClient,
  startServer,
  until,
  VALUES,
} from "./shared.ts";

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);
/** More than a client's window of flow control takes in by itself. */
const MANY = range(20_000);

test("a message of millions of empty entries is refused before it is read", async () => {
  await using server = await startServer([{ generator: new FakeGenerator() }]);
  await using call = await RawCall.to(server, "ModelInfer", { "grpc-encoding": "gzip" });

  // Field 7, raw_input_contents, of no bytes.
  call.send(gzipSync(Buffer.alloc(16 << 20, Buffer.of(0x3a, 0))), true);
  call.end();

  const { status, details } = await call.readAll();
  expect(status).toBe("INVALID_ARGUMENT");
  expect(details).toContain("more than 1024 raw_input_contents");
});

test("what cannot be answered in one message is refused before it is computed, and not where it may be", async () => {
  const generator = new FakeGenerator();
  const maxMessageBytes = 100_000;
  await using server = await startServer([{ generator }], { maxMessageBytes });
  using client = await PlainClient.of(server);
  const tooMany = range(Math.ceil(maxMessageBytes / (VALUES * 4)) + 1);

  const refused = await failureOf(client.generate(eventsRequest(tooMany)));
  expect(refused).toMatchObject({ status: "RESOURCE_EXHAUSTED", code: "TWIN_SERVER_REFUSED" });
  expect(generator.begun).toEqual([]);
  await client.generate(eventsRequest(tooMany, { parameters: { output_datatype: { string_param: "FP16" } } }));
  await client.generate(eventsRequest(tooMany, { parameters: { sparse: { bool_param: true } } }));
});

test("an id counts: one that is too long is refused, and one that makes the answer too large", async () => {
  const log = new FakeLog();
  const maxMessageBytes = 10_000;
  await using server = await startServer([{ generator: new FakeGenerator() }], { maxMessageBytes }, { log });
  using client = await PlainClient.of(server);
  // The answer without its id is just below the limit.
  const most = range(Math.floor((maxMessageBytes - 250) / (VALUES * 4)));
  const stream = client.stream();
  const errors: (string | undefined)[] = [];
  stream.on("data", ({ error_message }: { error_message?: string }) => errors.push(error_message));
  const ended = once(stream, "end");
  for (const id of ["a", "x".repeat(1024), "x".repeat(1025), "b"]) {
    const asked = errors.length;
    stream.write(eventsRequest(most, { id }));
    await until(() => errors.length > asked);
  }
  stream.end();
  await ended;

  expect(errors).toEqual([
    undefined,
    expect.stringContaining(`more than the ${maxMessageBytes}`),
    "The id of the request has 1025 bytes; at most 1024 are taken.",
    undefined,
  ]);
  const statuses = log.lines.map(({ fields }) => fields["status"]).filter((status) => status !== undefined);
  expect(statuses).toEqual(["OK", "RESOURCE_EXHAUSTED", "INVALID_ARGUMENT", "OK"]);
});

test("what a server holds for requests is bounded, and free when they end", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }], { maxHeldBytes: 50_000 });
  using client = await PlainClient.of(server);
  const large = range(1000);
  // Alone it may be of any size: one of 24,000 bytes.
  const first = client.generate(eventsRequest(large));
  await until(() => server.openRequests === 1);
  const second = client.generate(eventsRequest(large));
  await until(() => server.openRequests === 2);

  const third = await failureOf(client.generate(eventsRequest(large)));
  expect(third).toMatchObject({ status: "RESOURCE_EXHAUSTED", code: "TWIN_QUEUE_FULL" });
  expect(third.details).toContain("`maxHeldBytes`");
  gate.open();
  // Their answers, of 96,000 bytes each, are counted, too, and there is no room for one.
  for (const each of [first, second]) expect(await failureOf(each)).toMatchObject({ code: "TWIN_QUEUE_FULL" });
  await until(() => server.openRequests === 0);
  await client.generate(eventsRequest([1]));
});

test("answers that nobody takes are counted, and cut off after a while, which is logged", async () => {
  const log = new FakeLog();
  const limits = { maxHeldBytes: 3_000_000, maxSendMs: 300 };
  await using server = await startServer([{ generator: new FakeGenerator() }], limits, { log });
  using client = await PlainClient.of(server);
  await using stalled = await RawCall.to(server, "ModelInfer");
  stalled.send(await encodedRequest(eventsRequest(MANY)));
  stalled.end();
  await once(stalled.stream, "response");

  const refused = await failureOf(client.generate(eventsRequest(MANY)));
  expect(refused).toMatchObject({ status: "RESOURCE_EXHAUSTED", code: "TWIN_QUEUE_FULL" });
  stalled.stream.resume();
  stalled.stream.pause();
  await until(() => server.openRequests === 0);

  stalled.stream.on("error", () => undefined);
  stalled.stream.resume();
  await once(stalled.stream, "close");
  expect(stalled.stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  expect(log.lines).toContainEqual({
    level: "warn",
    message: "Clients did not take their answers, and were cut off",
    fields: { requests: 1, maxSendMs: 300 },
  });
  await client.generate(eventsRequest(MANY));
});

// Node.js 20 takes no such limit.
test.skipIf(process.versions.node.startsWith("20."))(
  "a client that breaks off thousands of calls does not break those of others on its connection",
  async () => {
    const generator = new FakeGenerator();
    const gate = new Gate();
    generator.gate = () => gate.opened;
    await using server = await startServer([{ generator }], { maxConcurrentRequests: 100_000 });
    const request = await encodedRequest(eventsRequest([1]));
    await using kept = await RawCall.to(server, "ModelInfer");
    kept.send(request);
    kept.end();
    await until(() => server.openRequests === 1);

    for (let round = 0; round < 30; round++) {
      const calls = range(100).map(() => RawCall.on(kept.session, "ModelInfer"));
      await Promise.all(
        calls.map(async ({ stream }) => {
          stream.on("error", () => undefined);
          stream.close(constants.NGHTTP2_CANCEL);
          if (!stream.destroyed) await once(stream, "close");
        }),
      );
    }
    gate.open();

    expect((await kept.readAll()).status).toBe("OK");
  },
);
