import { expect, test } from "vitest";
import { createTwin } from "../../../../core/index.ts";
import { servablesOf } from "../../../../modules/serving/index.ts";
import type { ModelStreamInferResponse } from "../../../../modules/serving/protocol/messages.ts";
import { gflash } from "../../../../thematic/detector/index.ts";
import { eventsOf, eventsRequest, FakeGenerator, failureOf, Gate, PlainClient, startServer, until } from "./shared.ts";

test("requests before a swap finish on what they began on, those after it are answered by the next", async () => {
  const before = new FakeGenerator("fake", 1);
  const gate = new Gate();
  before.gate = () => gate.opened;
  await using server = await startServer([{ generator: before, version: "1" }]);
  using client = await PlainClient.of(server);
  const early = client.generate(eventsRequest([1]));
  const queued = client.generate(eventsRequest([2]));
  await until(() => server.openRequests === 2);

  let isIdle = false;
  const swapped = server.publish([{ generator: new FakeGenerator("fake", 2), version: "2" }]).then(() => {
    isIdle = true;
  });
  const late = await client.generate(eventsRequest([3]));

  expect(late.model_version).toBe("2");
  expect(eventsOf(late)).toEqual([[3, 100, 7, 2]]);
  expect((await failureOf(client.generate(eventsRequest([3], { model_version: "1" })))).status).toBe("NOT_FOUND");
  expect(isIdle).toBe(false);
  gate.open();
  const answers = await Promise.all([early, queued]);
  expect(answers.map(({ model_version }) => model_version)).toEqual(["1", "1"]);
  expect(answers.map(eventsOf)).toEqual([[[1, 100, 7, 1]], [[2, 100, 7, 1]]]);
  await swapped;
});

test("a request that is answered in chunks stays on one version from its first chunk to its last", async () => {
  const before = new FakeGenerator("fake", 1);
  const gate = new Gate();
  before.gate = () => gate.opened;
  await using server = await startServer([{ generator: before, version: "1" }]);
  using client = await PlainClient.of(server);
  const call = client.stream();
  const answers: ModelStreamInferResponse[] = [];
  call.on("data", (answer: ModelStreamInferResponse) => answers.push(answer));
  const ended = new Promise((resolve) => call.on("end", resolve));
  call.write(eventsRequest([1, 2, 3], { parameters: { chunk: { int64_param: 1 } } }));
  call.end();
  await until(() => before.begun.length === 1);

  const swapped = server.publish([{ generator: new FakeGenerator("fake", 2), version: "2" }]);
  gate.open();
  await ended;
  await swapped;

  expect(answers.map(({ error_message = "" }) => error_message)).toEqual(["", "", ""]);
  expect(answers.map(({ infer_response }) => infer_response?.model_version)).toEqual(["1", "1", "1"]);
  expect(before.begun).toEqual([1, 1, 1]);
});

test("under load no request is lost while versions are swapped again and again", async () => {
  const version = (number: number): Parameters<typeof server.publish>[0] => [
    { generator: new FakeGenerator("fake", number), version: `${number}` },
  ];
  await using server = await startServer([{ generator: new FakeGenerator("fake", 0), version: "0" }]);
  using client = await PlainClient.of(server);
  const done = new AbortController();
  let answered = 0;
  const asking = Array.from({ length: 8 }, async (_, worker) => {
    for (let turn = 0; !done.signal.aborted; turn++) {
      const id = worker * 1_000_000 + turn;
      const answer = await client.generate(eventsRequest([id]));
      // What answered is what it says it is.
      expect(eventsOf(answer)).toEqual([[id, 100, 7, Number(answer.model_version)]]);
      answered++;
    }
  });
  for (let swap = 1; swap <= 30; swap++) {
    const target = answered + 10;
    await until(() => answered >= target);
    await server.publish(version(swap));
  }
  done.abort();
  await Promise.all(asking);

  expect(answered).toBeGreaterThan(300);
});

test("a twin with GFLASH is swapped for another like it, and every shower is the same from both", async () => {
  await using first = await createTwin({ name: "first", plugins: { gflash: gflash() } });
  await using second = await createTwin({ name: "second", plugins: { gflash: gflash() } });
  await using server = await startServer(servablesOf(first, { version: "1" }));
  using client = await PlainClient.of(server);
  const [name] = server.models as [string];
  const ask = async (id: number): Promise<readonly [string | undefined, Buffer]> => {
    const answer = await client.generate(eventsRequest([id], { model: name, energy: 10_000 }));
    return [answer.model_version, answer.raw_output_contents[0] as Buffer];
  };
  const early = await Promise.all([1, 2, 3].map(ask));

  const swapping = server.publish(servablesOf(second, { version: "2" }));
  const late = await Promise.all([1, 2, 3].map(ask));
  await swapping;

  expect(early.map(([version]) => version)).toEqual(["1", "1", "1"]);
  expect(late.map(([version]) => version)).toEqual(["2", "2", "2"]);
  expect(late.map(([, bytes]) => bytes)).toEqual(early.map(([, bytes]) => bytes));
});
