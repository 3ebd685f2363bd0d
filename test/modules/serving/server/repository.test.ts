import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import type { InferenceServerOptions } from "../../../../modules/serving/index.ts";
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

test("a model that is unloaded is UNAVAILABLE at once, ends what it has begun, and can be loaded again", async () => {
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

  expect(await client.ask("RepositoryModelUnload", { model_name: "a" })).toEqual({});
  expect(server.models).toEqual(["b"]);
  const refused = await failureOf(client.generate(eventsRequest([2], { model: "a" })));
  expect(refused).toMatchObject({ status: "UNAVAILABLE", code: "TWIN_SERVER_DRAINING" });
  gate.open();
  expect(eventsOf(await begun)).toEqual([[1, 100, 7, 0]]);
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

/** A server whose loads wait until they are let through, and give a model of the mark that is told. */
async function loadingServer(options: InferenceServerOptions = {}): Promise<{
  readonly server: Awaited<ReturnType<typeof startServer>>;
  readonly client: PlainClient;
  readonly loads: ((mark: number) => void)[];
  readonly load: (options?: { readonly deadline?: number }) => Promise<unknown>;
  readonly markServed: () => Promise<number | undefined>;
}> {
  const loads: ((mark: number) => void)[] = [];
  const reload = (name: string): Promise<{ generator: FakeGenerator }> =>
    new Promise((resolve) => {
      loads.push((mark) => resolve({ generator: new FakeGenerator(name, mark) }));
    });
  const servables = [{ generator: new FakeGenerator("a", 1) }];
  const server = await startServer(servables, { modelControl: "explicit", ...options }, { reload });
  const client = await PlainClient.of(server);
  const load = (options?: { readonly deadline?: number }): Promise<unknown> =>
    client.ask("RepositoryModelLoad", { model_name: "a" }, options);
  const markServed = async (): Promise<number | undefined> =>
    eventsOf(await client.generate(eventsRequest([1], { model: "a" })))[0]?.[3];
  return { server, client, loads, load, markServed };
}

test.each(["publish", "unload", "publish of another"] as const)(
  "a load that began before others were served by %s does not undo that",
  async (what) => {
    const { server, client, loads, load, markServed } = await loadingServer();
    await using _server = server;
    using _client = client;
    const unload = (): Promise<unknown> => client.ask("RepositoryModelUnload", { model_name: "a" });
    if (what === "publish of another") await unload();
    const loaded = failureOf(load());
    await until(() => loads.length === 1);

    if (what === "unload") await unload();
    else await server.publish([{ generator: new FakeGenerator(what === "publish" ? "a" : "b", 9) }]);
    loads[0]?.(2);

    expect(await loaded).toMatchObject({ status: "ABORTED", code: "TWIN_SERVER_REFUSED" });
    if (what === "publish") expect(await markServed()).toBe(9);
    else expect(server.models).toEqual(what === "unload" ? [] : ["b"]);
  },
);

test("loads of one name come one after the other, and one past its deadline serves nothing", async () => {
  const { server, client, loads, load, markServed } = await loadingServer();
  await using _server = server;
  using _client = client;
  const late = failureOf(load({ deadline: Date.now() + 200 }));
  await until(() => loads.length === 1);
  const [second, third] = [load(), load()];
  expect((await late).status).toBe("DEADLINE_EXCEEDED");
  await until(() => server.openRequests === 2);
  expect(loads).toHaveLength(1);

  loads[0]?.(2);
  await until(() => loads.length === 2);
  expect(await markServed()).toBe(1);
  loads[1]?.(3);
  await second;
  expect(await markServed()).toBe(3);
  await until(() => loads.length === 3);
  loads[2]?.(4);
  await third;
  expect(await markServed()).toBe(4);
});

test("a load that takes longer than a server that stops waits is told so, and serves nothing then", async () => {
  const { server, client, loads, load } = await loadingServer({ drainMs: 50 });
  using _client = client;
  const loaded = failureOf(load());
  await until(() => loads.length === 1);

  const stopped = server.stop();
  expect(await loaded).toMatchObject({ status: "UNAVAILABLE", code: "TWIN_SERVER_DRAINING" });
  await stopped;
  loads[0]?.(2);

  await setImmediate();
  expect(server.models).toEqual([]);
});
