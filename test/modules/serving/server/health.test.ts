import type { Client, ServiceError } from "@grpc/grpc-js";
import { service } from "grpc-health-check";
import { expect, test } from "vitest";
import type { InferenceServer } from "../../../../modules/serving/index.ts";
import { loadProtos } from "../../../../modules/serving/protocol/load-protos.ts";
import { eventsRequest, FakeGenerator, failureOf, Gate, PlainClient, startServer, until } from "./shared.ts";

type HealthClient = Client & {
  check(request: object, done: (error: ServiceError | null, answer: { status: string }) => void): void;
  list(request: object, done: (error: ServiceError | null, answer: { statuses: object }) => void): void;
  watch(request: object): NodeJS.EventEmitter;
};

async function healthClient(server: InferenceServer): Promise<HealthClient & Disposable> {
  const { grpc } = await loadProtos();
  const Health = grpc.makeClientConstructor(service, "Health");
  const { host, port } = server.address;
  const client = new Health(`${host}:${port}`, grpc.credentials.createInsecure()) as unknown as HealthClient;
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

async function check(client: HealthClient, name: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    client.check({ service: name }, (error, answer) => (error ? reject(error) : resolve(answer.status)));
  });
}

test("the health of the server and of each model is told", async () => {
  await using server = await startServer([]);
  using client = await healthClient(server);

  expect(await check(client, "")).toBe("NOT_SERVING");
  await server.publish([{ generator: new FakeGenerator("a") }]);
  expect(await check(client, "")).toBe("SERVING");
  expect(await check(client, "inference.GRPCInferenceService")).toBe("SERVING");
  expect(await check(client, "a")).toBe("SERVING");
  expect((await failureOf(check(client, "b"))).status).toBe("NOT_FOUND");
  await server.publish([{ generator: new FakeGenerator("b") }]);
  expect(await check(client, "a")).toBe("NOT_SERVING");
  expect(await check(client, "b")).toBe("SERVING");
});

test("where there are tokens, health tells no names of models", async () => {
  const tokens = [{ name: "all", sha256: "0".repeat(64), models: ["*"] }];
  await using server = await startServer([{ generator: new FakeGenerator("hidden") }], { tokens });
  using client = await healthClient(server);

  expect(await check(client, "")).toBe("SERVING");
  expect((await failureOf(check(client, "hidden"))).status).toBe("NOT_FOUND");
  const statuses = await new Promise<object>((resolve) => client.list({}, (_, answer) => resolve(answer.statuses)));
  expect(new Set(Object.keys(statuses))).toEqual(new Set(["", "inference.GRPCInferenceService"]));
});

test("whoever watches is told when the server stops, before it is gone", async () => {
  const generator = new FakeGenerator();
  const gate = new Gate();
  generator.gate = () => gate.opened;
  await using server = await startServer([{ generator }]);
  using client = await healthClient(server);
  using asking = await PlainClient.of(server);
  const statuses: string[] = [];
  const watch = client.watch({ service: "" });
  watch.on("data", ({ status }: { status: string }) => statuses.push(status));
  watch.on("error", () => undefined);
  await until(() => statuses.length === 1);
  const answer = asking.generate(eventsRequest([1]));
  await until(() => server.openRequests === 1);

  const stopped = server.stop();
  await until(() => statuses.length === 2);
  expect(statuses).toEqual(["SERVING", "NOT_SERVING"]);
  expect(await asking.ask("ServerReady")).toMatchObject({ ready: false });
  gate.open();
  await answer;
  await stopped;
});

test("a name as long as a message is neither kept nor said again; who watches a name that comes later is told", async () => {
  await using server = await startServer([]);
  using client = await healthClient(server);
  const long = "x".repeat(5000);

  const checked = await failureOf(check(client, long));
  expect(checked.status).toBe("INVALID_ARGUMENT");
  expect(checked.details).not.toContain("xxx");
  const watched = await failureOf(
    new Promise((_, reject) =>
      client
        .watch({ service: long })
        .on("data", () => undefined)
        .on("error", reject),
    ),
  );
  expect(watched).toMatchObject({ status: "INVALID_ARGUMENT", details: checked.details });
  const unknown = await failureOf(check(client, "x".repeat(4000)));
  expect(unknown).toMatchObject({ status: "NOT_FOUND", details: "The health of no such service is told here." });

  const statuses: string[] = [];
  const watch = client.watch({ service: "later" });
  watch.on("data", ({ status }: { status: string }) => statuses.push(status));
  watch.on("error", () => undefined);
  await until(() => statuses.length === 1);
  await server.publish([{ generator: new FakeGenerator("later") }]);
  await until(() => statuses.length === 2);
  expect(statuses).toEqual(["SERVICE_UNKNOWN", "SERVING"]);
});

test("more names than the protocol lets be listed are refused", async () => {
  const names = Array.from({ length: 99 }, (_, index) => `model${index}`);
  await using server = await startServer(names.map((name) => ({ generator: new FakeGenerator(name) })));
  using client = await healthClient(server);

  const list = failureOf(
    new Promise((resolve, reject) => client.list({}, (error, answer) => (error ? reject(error) : resolve(answer)))),
  );
  expect((await list).status).toBe("RESOURCE_EXHAUSTED");
});
