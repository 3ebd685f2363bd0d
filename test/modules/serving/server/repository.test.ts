import { expect, test } from "vitest";
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

test("what is served is listed; loading and unloading are off by default", async () => {
  await using server = await startServer([
    { generator: new FakeGenerator("b"), version: "2" },
    { generator: new FakeGenerator("a") },
  ]);
  using client = await PlainClient.of(server);

  expect(await client.ask("RepositoryIndex")).toEqual({
    models: [
      { name: "a", version: "1", state: "READY", reason: "" },
      { name: "b", version: "2", state: "READY", reason: "" },
    ],
  });
  for (const method of ["RepositoryModelLoad", "RepositoryModelUnload"] as const) {
    const failure = await failureOf(client.ask(method, { model_name: "a" }));
    expect(failure).toMatchObject({ status: "FAILED_PRECONDITION", code: "TWIN_SERVER_REFUSED" });
    expect(failure.details).toContain('`modelControl: "explicit"`');
  }
});

test("a model is unloaded when its requests are answered, is UNAVAILABLE then, and can be loaded again", async () => {
  const generator = new FakeGenerator("a");
  const gate = new Gate();
  generator.gate = () => gate.opened;
  const log = new FakeLog();
  await using server = await startServer(
    [{ generator }, { generator: new FakeGenerator("b") }],
    { modelControl: "explicit" },
    { log },
  );
  using client = await PlainClient.of(server);
  const begun = client.generate(eventsRequest([1], { model: "a" }));
  await until(() => server.openRequests === 1);

  const unloaded = client.ask("RepositoryModelUnload", { model_name: "a" });
  await until(() => server.models.length === 1);
  const refused = await failureOf(client.generate(eventsRequest([2], { model: "a" })));
  expect(refused).toMatchObject({ status: "UNAVAILABLE", code: "TWIN_SERVER_DRAINING" });
  gate.open();
  expect(eventsOf(await begun)).toEqual([[1, 100, 7, 0]]);
  expect(await unloaded).toEqual({});
  expect(await client.ask("RepositoryIndex")).toMatchObject({
    models: [{ name: "b" }, { name: "a", state: "UNAVAILABLE", reason: "unloaded" }],
  });
  expect(await client.ask("RepositoryIndex", { ready: true })).toMatchObject({ models: [{ name: "b" }] });

  expect(await client.ask("RepositoryModelLoad", { model_name: "a" })).toEqual({});
  expect(eventsOf(await client.generate(eventsRequest([3], { model: "a" })))).toEqual([[3, 100, 7, 0]]);
  expect(log.lines.filter(({ message }) => message.startsWith("A client")).map(({ message }) => message)).toEqual([
    "A client unloaded a model",
    "A client loaded a model",
  ]);
});

test("loading asks whoever composed the server for the model, and a failure leaves what was served", async () => {
  let mark = 1;
  const reload = async (name: string): Promise<{ generator: FakeGenerator; version: string }> => {
    mark++;
    if (mark === 3) throw new Error("The file is gone");
    return { generator: new FakeGenerator(name, mark), version: `${mark}` };
  };
  await using server = await startServer(
    [{ generator: new FakeGenerator("a", 1) }],
    { modelControl: "explicit" },
    { reload },
  );
  using client = await PlainClient.of(server);
  const load = (): Promise<unknown> => client.ask("RepositoryModelLoad", { model_name: "a" });

  await load();
  expect((await failureOf(load())).status).toBe("INTERNAL");

  const answer = await client.generate(eventsRequest([1], { model: "a" }));
  expect(answer.model_version).toBe("2");
  expect(eventsOf(answer)).toEqual([[1, 100, 7, 2]]);
});

test("what there is not cannot be loaded, nor unloaded", async () => {
  await using server = await startServer([{ generator: new FakeGenerator("a") }], { modelControl: "explicit" });
  using client = await PlainClient.of(server);

  for (const method of ["RepositoryModelLoad", "RepositoryModelUnload"] as const) {
    expect(await failureOf(client.ask(method, { model_name: "z" }))).toMatchObject({ status: "NOT_FOUND" });
  }
  expect(server.models).toEqual(["a"]);
});
