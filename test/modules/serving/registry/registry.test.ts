import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { constant, createTwin, env, Generator, Log } from "twinloom";
import {
  type RegisteredServer,
  type RegisterServerOptions,
  type RemoteGeneratorOptions,
  readRegistry,
  registerServer,
  remoteGenerator,
  type ServerRegistration,
} from "twinloom/modules/serving";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { freePort } from "../../../servers/free-port.ts";
import { NO_LOG, startServer, type TestServer } from "../../../servers/inference-server.ts";
import { all, eventsAsked, valuesOf } from "../client/remote.ts";
import { FakeGenerator, Gate } from "../server/shared.ts";

let folder = "";
const running: AsyncDisposable[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-registry-"));
});
afterEach(async () => {
  for (const each of running.splice(0).reverse()) await each[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Registered extends TestServer {
  readonly registered: RegisteredServer;
}

async function register(
  generator = new FakeGenerator(),
  options: Partial<RegisterServerOptions> = {},
): Promise<Registered> {
  const started = await startServer([{ generator }]);
  running.push(started);
  const registered = await registerServer(started.server, { folder, log: NO_LOG, heartbeatMs: 20, ...options });
  running.push({ [Symbol.asyncDispose]: () => registered.stop() });
  return { ...started, registered };
}

async function follow(options: Partial<RemoteGeneratorOptions> = {}) {
  const remote = remoteGenerator({ registry: folder, model: "fake", timeoutMs: 20_000, ...options });
  const twin = await createTwin({ plugins: { remote, log: constant(Log, NO_LOG) } });
  running.push(twin);
  return twin.remote;
}

/** What a server leaves that was killed: its file, which does not change any more. */
async function leaveBehind(change: Partial<ServerRegistration>): Promise<void> {
  const now = new Date().toISOString();
  const left: ServerRegistration = {
    ...{ schemaVersion: 1, name: "left", address: "127.0.0.1:1", host: "127.0.0.1", port: 1, pid: 1 },
    ...{ startedAt: now, tls: false, models: ["fake"], twin: null, heartbeatMs: 20, beat: 3, beatAt: now },
    ...change,
  };
  await writeFile(join(folder, `${left.name}.json`), JSON.stringify(left));
}

describe("a server that registers", () => {
  it("says where it is and what it serves, again and again, and takes that away when it ends", async () => {
    const { registered, endpoint } = await register(undefined, { twin: () => ({ name: "ecal", version: "sha256:1" }) });
    const [first] = await readRegistry(folder);
    expect(first).toMatchObject({ address: endpoint, models: ["fake"], tls: false, pid: process.pid });
    expect(first).toMatchObject({ twin: { name: "ecal", version: "sha256:1" }, heartbeatMs: 20 });
    await until(async () => ((await readRegistry(folder))[0]?.beat ?? 0) > (first?.beat ?? 0) + 1);
    await registered.stop();
    expect(await readdir(folder)).toEqual([]);
  });

  it("tells its own name where it listens on all addresses, and what is advertised in its place", async () => {
    const everywhere = await startServer([{ generator: new FakeGenerator() }], { host: "0.0.0.0", insecure: true });
    running.push(everywhere);
    const own = await registerServer(everywhere.server, { folder, log: NO_LOG });
    const told = await registerServer(everywhere.server, { folder, log: NO_LOG, advertise: "gpu-1.example.org" });
    expect(own.address).not.toContain("0.0.0.0");
    expect(told.address).toBe(`gpu-1.example.org:${everywhere.server.address.port}`);
    await own.stop();
    await told.stop();
    const wrong = registerServer(everywhere.server, { folder, log: NO_LOG, advertise: "https://gpu-1" });
    await expect(wrong).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("goes on where a heartbeat cannot be written, which is told once", async () => {
    const warnings: unknown[] = [];
    const place = join(folder, "servers");
    const { registered } = await register(undefined, {
      folder: place,
      log: { ...NO_LOG, warn: (fields) => void warnings.push(fields) },
    });
    // A file where the folder was.
    await rm(place, { recursive: true });
    await writeFile(place, "");
    await until(() => warnings.length > 0);
    await rm(place);
    await mkdir(place);
    await until(async () => (await readRegistry(place)).length === 1);
    expect(warnings).toHaveLength(1);
    await registered.stop();
  });
});

describe("a part that follows a registry", () => {
  it("asks those that are there, then those that come, and no more those that leave", async () => {
    const first = await register();
    const remote = await follow();
    const expected = valuesOf(await all(new FakeGenerator(), eventsAsked(200)));
    expect(valuesOf(await all(remote, eventsAsked(200)))).toEqual(expected);
    const second = await register(new FakeGenerator(), { heartbeatMs: 5_000 });
    await until(() => remote.remote.endpoints.length === 2);
    expect(valuesOf(await all(remote, eventsAsked(200)))).toEqual(expected);
    expect(remote.remote.endpoints.every(({ answered }) => answered > 0)).toBe(true);
    await first.registered.stop();
    await until(() => remote.remote.endpoints.some(({ problem }) => problem === "it took its registration away"));
    const before = answeredBy(remote.remote.endpoints, first.endpoint);
    await first.server.stop();
    expect(valuesOf(await all(remote, eventsAsked(200)))).toEqual(expected);
    expect(answeredBy(remote.remote.endpoints, first.endpoint)).toBe(before);
    expect(answeredBy(remote.remote.endpoints, second.endpoint)).toBeGreaterThan(20);
  }, 30_000);

  it("lets what one computes that leaves come to its end", async () => {
    const gate = new Gate();
    const slow = new FakeGenerator();
    slow.gate = () => gate.opened;
    const first = await register(slow);
    const remote = await follow({ inFlight: 1 });
    const making = all(remote, eventsAsked(10));
    await until(() => slow.begun.length === 1);
    await first.registered.stop();
    await until(() => remote.remote.endpoints.some(({ problem }) => problem === "it took its registration away"));
    gate.open();
    expect(valuesOf(await making)).toEqual(valuesOf(await all(new FakeGenerator(), eventsAsked(10))));
  }, 30_000);

  it("asks the living where the dead have left their files, and forgets these", async () => {
    await leaveBehind({ address: `127.0.0.1:${await freePort()}` });
    await writeFile(join(folder, "notes.json"), "no registration");
    const { endpoint } = await register();
    const remote = await follow();
    const values = valuesOf(await all(remote, eventsAsked(100)));
    expect(values).toEqual(valuesOf(await all(new FakeGenerator(), eventsAsked(100))));
    await until(() => remote.remote.endpoints.filter(({ isGood }) => !isGood).length <= 1);
    expect(remote.remote.endpoints[0]).toMatchObject({ address: endpoint, isGood: true });
  }, 30_000);

  it("keeps one that answers although its heartbeat stands still: a file system may be slow", async () => {
    const { registered, endpoint } = await register();
    const text = await readFile(registered.file, "utf8");
    const remote = await follow();
    await registered.stop();
    await writeFile(registered.file, text);
    await until(() => remote.remote.endpoints.length === 1 && remote.remote.endpoints[0]?.isGood === true);
    expect((await all(remote, eventsAsked(20))).length).toBe(2);
    expect(remote.remote.endpoints[0]).toMatchObject({ address: endpoint, isGood: true });
  }, 30_000);

  it("waits for the first server, and then goes on", async () => {
    const waiting = follow({ registryTimeoutMs: 20_000 });
    await register();
    const remote = await waiting;
    expect(await all(remote, eventsAsked(10))).toHaveLength(1);
  }, 30_000);

  it("tells that none has registered in time, and what there is", async () => {
    const registry = join(folder, "nowhere");
    await expect(follow({ registry, registryTimeoutMs: 20 })).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringMatching(
        /No server of model "fake" has registered in .*nowhere in 20 ms.*no such folder yet/,
      ),
    });
    await leaveBehind({ name: "other", models: ["transformer"] });
    await leaveBehind({ name: "encrypting", tls: true });
    await expect(follow({ registryTimeoutMs: 20 })).rejects.toMatchObject({
      message: expect.stringMatching(/encrypting: it encrypts, and `tls` is not given; other: it serves transformer/),
    });
  });

  it("sends no token to other machines unencrypted", async () => {
    await leaveBehind({ address: "gpu-1.example.org:8001" });
    const options = { token: env("TWINLOOM_TEST_TOKEN"), registryTimeoutMs: 20 };
    await expect(follow(options)).rejects.toMatchObject({
      code: "TWIN_SERVER_INSECURE",
      message: expect.stringContaining("the token would go there unencrypted"),
    });
  });

  it("tells clearly when all have left", async () => {
    const { registered } = await register();
    const remote = await follow({ timeoutMs: 1_000 });
    await registered.stop();
    await until(() => remote.remote.endpoints.every(({ isGood }) => !isGood));
    await expect(all(remote, eventsAsked(10))).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringMatching(/in 1000 ms \(`timeoutMs`\): no server of model "fake" is registered in/),
    });
  }, 30_000);

  it("has the fallback compute where the registry is empty, and the servers from when they come", async () => {
    const remote = remoteGenerator({ registry: folder, model: "fake", timeoutMs: 200 });
    const twin = await createTwin({
      plugins: { remote, spare: constant(Generator, new FakeGenerator()), log: constant(Log, NO_LOG) },
      wire: { remote: { fallback: "spare" } },
    });
    running.push(twin);
    await all(twin.remote, eventsAsked(10));
    expect(twin.remote.remote).toMatchObject({ served: 0, byFallback: 10 });
    await register();
    await until(() => twin.remote.remote.endpoints.length === 1);
    await until(async () => {
      await all(twin.remote, eventsAsked(10));
      return twin.remote.remote.served > 0;
    });
  }, 30_000);

  it("is named in one way: endpoints or a registry", async () => {
    for (const servers of [{}, { endpoints: ["127.0.0.1:1"], registry: folder }]) {
      const remote = remoteGenerator({ model: "fake", ...servers });
      await expect(createTwin({ plugins: { remote } })).rejects.toThrow(
        /Give the servers as `endpoints`, or as `registry`/,
      );
    }
  });
});

/** Looks until something is so; the time of the test is its end. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(10);
}

function answeredBy(
  endpoints: readonly { readonly address: string; readonly answered: number }[],
  address: string,
): number {
  return endpoints.filter((each) => each.address === address).reduce((sum, { answered }) => sum + answered, 0);
}
