import { createHash, randomBytes } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { env } from "../../../../core/index.ts";
import type { AccessToken, InferenceServer } from "../../../../modules/serving/index.ts";
import type { RepositoryIndexResponse } from "../../../../modules/serving/protocol/messages.ts";
import { RawCall } from "./raw-call.ts";
import { eventsRequest, FakeGenerator, FakeLog, failureOf, PlainClient, startServer } from "./shared.ts";

const secrets = {
  all: randomBytes(32).toString("hex"),
  one: randomBytes(32).toString("hex"),
  admin: "s3cret",
} as const;
const digest = (token: string): string => createHash("sha256").update(token).digest("hex");

/** One token from the environment, two by their digests. */
function tokens(): readonly AccessToken[] {
  vi.stubEnv("TWINLOOM_TEST_TOKEN", secrets.all);
  return [
    { name: "everything", token: env("TWINLOOM_TEST_TOKEN"), models: ["*"] },
    { name: "one model", sha256: digest(secrets.one), models: ["first"] },
    { name: "admin", sha256: digest(secrets.admin), models: ["*"], control: true },
  ];
}
afterEach(() => vi.unstubAllEnvs());

async function guarded(): Promise<InferenceServer & AsyncDisposable> {
  return await startServer([{ generator: new FakeGenerator("first") }, { generator: new FakeGenerator("second") }], {
    tokens: tokens(),
    modelControl: "explicit",
  });
}

test("without a token, with an unknown one, or with two nothing is told; health is", async () => {
  await using server = await guarded();
  using client = await PlainClient.of(server);

  for (const method of [
    "ServerLive",
    "ServerMetadata",
    "ModelReady",
    "ModelInfer",
    "ModelConfig",
    "RepositoryIndex",
  ] as const) {
    expect((await failureOf(client.ask(method))).status).toBe("UNAUTHENTICATED");
    expect((await failureOf(client.ask(method, {}, { token: "guess" }))).status).toBe("UNAUTHENTICATED");
  }
  const stream = client.stream();
  stream.on("data", () => undefined);
  const failed = failureOf(new Promise((_, reject) => stream.on("error", reject)));
  expect((await failed).status).toBe("UNAUTHENTICATED");

  await using health = await RawCall.to(server, "/grpc.health.v1.Health/Check");
  health.send(Buffer.alloc(0));
  health.end();
  expect(await health.readAll()).toMatchObject({ status: "OK", messages: [Buffer.from([8, 1])] });
});

test("refused tokens are counted, and told in the log with where they came from, but not each of thousands", async () => {
  const log = new FakeLog();
  const options = { tokens: tokens(), metricsPort: 0 };
  await using server = await startServer([{ generator: new FakeGenerator("first") }], options, { log });
  using client = await PlainClient.of(server);

  for (let guess = 0; guess < 20; guess++) {
    await failureOf(client.generate(eventsRequest([1]), { token: `guess${guess}` }));
  }
  await failureOf(client.generate(eventsRequest([1], { model: "second" }), { token: secrets.one }));

  const refusals = log.lines.filter(({ level }) => level === "warn");
  expect(refusals).toEqual([
    {
      level: "warn",
      message: "A request was refused: it may not do what it asks for",
      fields: {
        method: "ModelInfer",
        status: "UNAUTHENTICATED",
        error: "TWIN_SERVER_REFUSED",
        ms: expect.any(Number),
        peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      },
    },
  ]);
  expect(JSON.stringify(log.lines)).not.toContain("guess");
  const metrics = await (await fetch(`http://127.0.0.1:${server.metricsAddress?.port}/metrics`)).text();
  const count = (code: string): string => `twinloom_inference_requests_total{model="",version="",code="${code}"}`;
  expect(metrics).toContain(`${count("UNAUTHENTICATED")} 20`);
  expect(metrics).toContain(`${count("PERMISSION_DENIED")} 1`);
});

test("reflection needs a token too", async () => {
  await using server = await guarded();
  await using call = await RawCall.to(server, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  call.end();

  expect((await call.readAll()).status).toBe("UNAUTHENTICATED");
});

test("a message is not read before the token was checked", async () => {
  await using server = await guarded();
  await using call = await RawCall.to(server, "ModelInfer");
  // Says that 60 MB come, and never sends them.
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(60_000_000, 1);
  call.stream.write(prefix);

  expect((await call.readAll()).status).toBe("UNAUTHENTICATED");
});

test("a token opens its own models, and of others not even that they are there", async () => {
  await using server = await guarded();
  using client = await PlainClient.of(server);
  const { one: token } = secrets;

  await client.generate(eventsRequest([1], { model: "first" }), { token });
  expect(await client.ask("ModelReady", { name: "first" }, { token })).toEqual({ ready: true });
  for (const method of ["ModelReady", "ModelMetadata", "ModelConfig", "ModelStatistics"] as const) {
    const there = await failureOf(client.ask(method, { name: "second" }, { token }));
    const not = await failureOf(client.ask(method, { name: "third" }, { token }));
    expect(there).toMatchObject({ status: "PERMISSION_DENIED", code: "TWIN_SERVER_REFUSED" });
    expect(not.details.replace("third", "second")).toBe(there.details);
    expect(not.status).toBe(there.status);
  }
  const infer = await failureOf(client.generate(eventsRequest([1], { model: "second" }), { token }));
  expect(infer.status).toBe("PERMISSION_DENIED");
  const { models } = await client.ask<RepositoryIndexResponse>("RepositoryIndex", {}, { token });
  expect(models.map(({ name }) => name)).toEqual(["first"]);
  expect(await client.ask("ModelStatistics", {}, { token })).toMatchObject({ model_stats: [{ name: "first" }] });
});

test("loading and unloading need the right to control", async () => {
  await using server = await guarded();
  using client = await PlainClient.of(server);
  const unload = { model_name: "second" };

  const refused = await failureOf(client.ask("RepositoryModelUnload", unload, { token: secrets.all }));
  expect(refused).toMatchObject({ status: "PERMISSION_DENIED" });
  await client.ask("RepositoryModelUnload", unload, { token: secrets.admin });
  expect(server.models).toEqual(["first"]);
  expect((await failureOf(client.ask("RepositoryModelLoad", unload, { token: secrets.all }))).status).toBe(
    "PERMISSION_DENIED",
  );
});

test("a token that is neither a secret nor a digest is refused when the server is made", async () => {
  await expect(startServer([], { tokens: [{ name: "none", models: ["*"] }] })).rejects.toThrow(
    "Give either `token` or `sha256`",
  );
  vi.stubEnv("TWINLOOM_TEST_TOKEN", "");
  const missing = { name: "unset", token: env("TWINLOOM_TEST_TOKEN"), models: ["*"] };
  await expect(startServer([], { tokens: [missing] })).rejects.toMatchObject({ code: "TWIN_SECRET_MISSING" });
});
