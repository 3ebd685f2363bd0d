import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  constant,
  createTwin,
  Generator,
  Model,
  ModelFailedError,
  openStore,
  openTwin,
  TwinStore,
  type VersionEntry,
} from "../../../../core/index.ts";
import { type FollowAliasOptions, followAlias, servablesOf } from "../../../../modules/serving/index.ts";
import { calorimeter, gflash } from "../../../../thematic/detector/index.ts";
import { eventsRequest, FakeGenerator, FakeLog, Gate, PlainClient, startServer, until } from "./shared.ts";

const POLL = { pollMs: 2 } as const;
let folder: string;
let store: TwinStore;
let versions: readonly VersionEntry[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-follow-"));
  store = await openStore(join(folder, "store"), { create: true });
  const sealed: VersionEntry[] = [];
  for (const reason of ["first", "second"]) {
    const plugins = reason === "first" ? { gflash: gflash() } : { gflash: gflash(), detector: calorimeter() };
    await using twin = await createTwin({ name: "ecal", plugins });
    const { entry } = await twin.seal({ store, reason });
    sealed.push(entry);
  }
  versions = sealed;
  await store.moveAlias("ecal@champion", "ecal@v1");
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function moveTo(version: number): Promise<void> {
  await store.moveAlias("ecal@champion", `ecal@v${version}`, { reason: "better" });
}

test("the version of an alias is served, and the next one from when the alias moves", async () => {
  await using server = await startServer([]);
  using client = await PlainClient.of(server);
  const swaps: number[] = [];
  const log = new FakeLog();
  const onSwap = ({ number }: VersionEntry): void => {
    swaps.push(number);
  };
  await using follower = await followAlias(server, { store, name: "ecal@champion", log, onSwap, ...POLL });
  const [model] = server.models as [string];
  const ask = async (): Promise<Buffer> => {
    const answer = await client.generate(eventsRequest([1], { model, energy: 10_000 }));
    expect(answer.model_version).toBe(String(swaps.at(-1)));
    return answer.raw_output_contents[0] as Buffer;
  };
  const first = await ask();
  expect(await client.ask("ModelMetadata", { name: model })).toMatchObject({
    versions: ["1"],
    properties: { twin: "ecal", twin_version: versions[0]?.digest },
  });

  await moveTo(2);
  await until(() => swaps.length === 2);

  expect(swaps).toEqual([1, 2]);
  expect(follower.version?.digest).toBe(versions[1]?.digest);
  // The same generator: swapping changes what is served, not what an event is.
  expect(await ask()).toEqual(first);
  await server.stop();
});

test("a request on the old version is answered, and its twin stops only then", async () => {
  const old = new FakeGenerator("shower", 1);
  const gate = new Gate();
  const stopped: number[] = [];
  const open: FollowAliasOptions["open"] = async ({ number }) => {
    const generator = number === 1 ? old : new FakeGenerator("shower", 2);
    const twin = await createTwin({
      plugins: { part: constant(Generator, Object.assign(generator, { stop: () => void stopped.push(number) })) },
    });
    return { twin, servables: servablesOf(twin, { version: `${number}` }) };
  };
  await using server = await startServer([]);
  using client = await PlainClient.of(server);
  await using follower = await followAlias(server, { store, name: "ecal@champion", log: new FakeLog(), open, ...POLL });
  // Not before: the version has computed once before it serves.
  expect(old.begun).toEqual([1]);
  old.gate = () => gate.opened;
  const early = client.generate(eventsRequest([1], { model: "shower" }));
  await until(() => server.openRequests === 1);

  await moveTo(2);
  await until(() => follower.version?.number === 2);
  expect((await client.generate(eventsRequest([1], { model: "shower" }))).model_version).toBe("2");
  expect(stopped).toEqual([]);
  gate.open();
  expect((await early).model_version).toBe("1");
  await until(() => stopped.length === 1);
  expect(stopped).toEqual([1]);
  await server.stop();
});

test("a version that cannot be served leaves the one before, and is tried again after a while", async () => {
  let failures = 0;
  const open: FollowAliasOptions["open"] = async (version, { signal }) => {
    if (version.number === 2 && failures < 3) {
      failures++;
      throw new Error("The model needs a GPU");
    }
    const twin = await openTwin(version.digest, { store, signal });
    return { twin, servables: servablesOf(twin, { version: `${version.number}` }) };
  };
  const log = new FakeLog();
  await using server = await startServer([]);
  using client = await PlainClient.of(server);
  const options = { store, name: "ecal@champion", log, open, retryMs: 1, ...POLL };
  await using follower = await followAlias(server, options);
  const [model] = server.models as [string];

  await moveTo(2);
  await until(() => failures === 1);
  const answer = await client.generate(eventsRequest([1], { model, energy: 10_000 }));
  await until(() => follower.version?.number === 2);

  expect(["1", "2"]).toContain(answer.model_version);
  expect(log.lines.filter(({ level }) => level === "error")).toHaveLength(3);
  expect(log.lines.find(({ level }) => level === "error")?.fields).toMatchObject({
    version: "ecal@v2",
    reason: "The model needs a GPU",
  });
  await server.stop();
});

test("a version whose network refuses zeros is served: a gather takes no index 0 where it wants 1 or more", async () => {
  const picky: Model = {
    name: "picky",
    inputs: { index: { dtype: "int64", shape: ["batch"] } },
    outputs: { value: { dtype: "float32", shape: ["batch"] } },
    metadata: {},
    provider: { name: "cpu" },
    infer: () => Promise.reject(new ModelFailedError("picky", "Out of range value in index tensor.")),
  };
  const open: FollowAliasOptions["open"] = async () => {
    const twin = await createTwin({ plugins: { network: constant(Model, picky), gflash: gflash() } });
    return { twin, servables: servablesOf(twin) };
  };
  const log = new FakeLog();
  await using server = await startServer([]);
  await using follower = await followAlias(server, { store, name: "ecal@champion", log, open, ...POLL });

  expect(follower.version?.number).toBe(1);
  expect(server.models).toContain("picky");
  expect(log.lines).toContainEqual({
    level: "info",
    fields: { model: "picky", reason: expect.stringContaining("Out of range value") },
    message: "A model does not compute zeros; it is served all the same",
  });
  await server.stop();
});

test("a version that cannot compute does not take over, and its twin is stopped", async () => {
  const stopped: number[] = [];
  const open: FollowAliasOptions["open"] = async ({ number }) => {
    const generator = new FakeGenerator("shower", number);
    if (number === 2) generator.gate = () => Promise.reject(new Error("no weights"));
    const twin = await createTwin({
      plugins: { part: constant(Generator, Object.assign(generator, { stop: () => void stopped.push(number) })) },
    });
    return { twin, servables: servablesOf(twin, { version: `${number}` }) };
  };
  await using server = await startServer([]);
  await using follower = await followAlias(server, { store, name: "ecal@champion", log: new FakeLog(), open, ...POLL });

  await moveTo(2);
  await until(() => stopped.length > 0);

  expect(stopped).toEqual([2]);
  expect(follower.version?.number).toBe(1);
  await server.stop();
});

test("a version that is withdrawn while it serves is told once, and serves on", async () => {
  const log = new FakeLog();
  await using server = await startServer([]);
  await using follower = await followAlias(server, { store, name: "ecal@champion", log, ...POLL });
  const [model] = server.models as [string];

  await store.changeState("ecal@v1", "withdrawn", { reason: "wrong geometry" });
  const warnings = (): readonly unknown[] => log.lines.filter(({ level }) => level === "warn");
  await until(() => warnings().length > 0);
  using client = await PlainClient.of(server);
  await client.generate(eventsRequest([1], { model, energy: 10_000 }));

  expect(warnings()).toMatchObject([{ fields: { version: "ecal@v1", reason: "wrong geometry" } }]);
  expect(follower.version?.number).toBe(1);
  await server.stop();
});

test("a twin that does not stop is an error, and the store is closed none the less", async () => {
  using closing = vi.spyOn(TwinStore.prototype, "close");
  const open: FollowAliasOptions["open"] = async ({ number }) => {
    const stop = (): Promise<never> => Promise.reject(new Error("stuck"));
    const generator = Object.assign(new FakeGenerator("shower", number), { stop });
    const twin = await createTwin({ plugins: { part: constant(Generator, generator) } });
    return { twin, servables: servablesOf(twin) };
  };
  await using server = await startServer([]);
  const options = { store: join(folder, "store"), name: "ecal@champion", log: new FakeLog(), open, ...POLL };
  const follower = await followAlias(server, options);
  expect(closing).not.toHaveBeenCalled();

  await expect(follower.stop()).rejects.toThrow("stuck");
  expect(closing).toHaveBeenCalledOnce();
  expect(follower.version).toBeUndefined();
});

test("what cannot be served at first is an error, and nothing goes on", async () => {
  await using server = await startServer([]);
  const missing = followAlias(server, { store: join(folder, "store"), name: "ecal@nobody", log: new FakeLog() });

  await expect(missing).rejects.toMatchObject({ code: "TWIN_VERSION_NOT_FOUND" });
  expect(server.models).toEqual([]);
});
