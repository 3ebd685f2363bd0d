import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ModelStreamInferResponse } from "../../../../modules/serving/protocol/messages.ts";
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
  VALUES,
} from "./shared.ts";

test("a server that stops answers what has begun, refuses what comes, and then is gone", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  const server = await startServer([{ generator }]);
  using client = await PlainClient.of(server);
  const begun = client.generate(eventsRequest([1]));
  const queued = client.generate(eventsRequest([2]));
  await until(() => server.openRequests === 2);

  const stopped = server.stop();
  const refused = await failureOf(client.generate(eventsRequest([3])));
  expect(refused).toMatchObject({ status: "UNAVAILABLE", code: "TWIN_SERVER_DRAINING" });
  expect(await client.ask("ServerReady")).toMatchObject({ ready: false });
  expect(await client.ask("ModelReady", { name: "fake" })).toMatchObject({ ready: false });
  expect(await client.ask("ServerLive")).toEqual({ live: true });
  gate.open();

  expect(eventsOf(await begun)).toEqual([[1, 100, 7, 0]]);
  expect(eventsOf(await queued)).toEqual([[2, 100, 7, 0]]);
  await stopped;
  expect(await failureOf(client.ask("ServerLive"))).toMatchObject({ status: "UNAVAILABLE" });
  expect(server.stop()).toBe(server.stop());
});

test("what takes longer than `drainMs` is cut off, and that is logged", async () => {
  const generator = new FakeGenerator();
  generator.gate = () => new Promise(() => undefined);
  const log = new FakeLog();
  const server = await startServer([{ generator }], { drainMs: 20 }, { log });
  using client = await PlainClient.of(server);
  const begun = failureOf(client.generate(eventsRequest([1])));
  await until(() => server.openRequests === 1);

  await server.stop();

  expect(await begun).toMatchObject({ status: "UNAVAILABLE", code: "TWIN_SERVER_DRAINING" });
  expect(log.lines).toContainEqual({
    level: "warn",
    message: "Requests were cut off: they took too long",
    fields: { requests: 1, drainMs: 20 },
  });
});

test("a stream in use is ended when its last answer is out, an idle one at once", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  const server = await startServer([{ generator }]);
  using client = await PlainClient.of(server);
  const [idle, busy] = [client.stream(), client.stream()];
  const ends = [idle, busy].map((call) => failureOf(new Promise((_, reject) => call.on("error", reject))));
  const answers: ModelStreamInferResponse[] = [];
  idle.on("data", () => undefined);
  busy.on("data", (answer: ModelStreamInferResponse) => answers.push(answer));
  // Both are known to the server once it has something of each.
  idle.write(eventsRequest([1], { model: "none" }));
  busy.write(eventsRequest([2]));
  await new Promise((resolve) => idle.once("data", resolve));
  await until(() => server.openRequests === 1);

  const stopped = server.stop();
  expect(await ends[0]).toMatchObject({ status: "UNAVAILABLE", code: "TWIN_SERVER_DRAINING" });
  expect(answers).toEqual([]);
  gate.open();
  expect(await ends[1]).toMatchObject({ status: "UNAVAILABLE", code: "TWIN_SERVER_DRAINING" });
  expect(answers).toHaveLength(1);
  await stopped;
});

test("an answer that its client is slow to take is waited for", async () => {
  const server = await startServer([{ generator: new FakeGenerator() }]);
  await using call = await RawCall.to(server, "ModelInfer");
  const events = Array.from({ length: 20_000 }, (_, index) => index);
  call.send(await encodedRequest(eventsRequest(events)));
  call.end();
  await once(call.stream, "response");
  expect(server.openRequests).toBe(1);

  const stopped = server.stop();
  // Longer than connections have to say good-bye.
  await setTimeout(1000);
  const { status, messages } = await call.readAll();

  expect(status).toBe("OK");
  expect(messages[0]?.length).toBeGreaterThan(events.length * VALUES * 4);
  await stopped;
});

test("stopping a server that never started does nothing", async () => {
  const { InferenceServer } = await import("../../../../modules/serving/index.ts");

  await new InferenceServer({}, { log: new FakeLog() }).stop();
});
