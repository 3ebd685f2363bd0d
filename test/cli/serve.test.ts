import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SERVE_OPTIONS } from "../../cli/serve-options.ts";
import { constant, createTwin, Log, loadSpec, NdArray, openStore, sealVersion } from "../../core/index.ts";
import { remoteModel } from "../../modules/serving/index.ts";
import { completeBatching } from "../../modules/serving/models/batching.ts";
import { ServerOptionsSchema } from "../../modules/serving/server/options.ts";
import { freePort } from "../servers/free-port.ts";
import { NO_LOG } from "../servers/inference-server.ts";
import { type ServeProcess, startServe } from "../servers/twinloom-serve.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

const path = (file: string): string => fileURLToPath(new URL(`../fixtures/${file}`, import.meta.url));
const SHOWERS = path("fastsim/w-si-45.onnx");
const SLOW = path("onnx/slow.onnx");
const tls = (file: string): string => path(`tls/${file}`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-serve-"));
});
afterAll(() => rm(folder, { recursive: true }));

const write = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text);
  return join(folder, name);
};
const infer = (endpoint: string, model: string, ...more: readonly string[]): ReturnType<typeof runTwinloom> =>
  runTwinloom(["infer", "--endpoint", endpoint, "--model", model, ...more], { cwd: folder });
const metadataOf = async (endpoint: string, model: string): Promise<Readonly<Record<string, string>>> =>
  JSON.parse((await infer(endpoint, model, "--json")).stdout).metadata;

/** Waits until a server has a request. */
async function busy(server: ServeProcess): Promise<void> {
  const url = (await server.printed("metrics on ")).replace("metrics on ", "");
  const isBusy = async (): Promise<boolean> => /requests_in_flight [1-9]/.test(await (await fetch(url)).text());
  while (!(await isBusy())) await sleep(20);
}

describe("twinloom serve", () => {
  it("serves a file and the generator in it, says so in a table and a line, and ends with code 0", async () => {
    await using server = await startServe([SHOWERS]);
    expect(await server.printed("name ")).toMatch(/^name +version +kind +inputs$/);
    expect(await server.printed("made-up")).toMatch(/^made-up +1 +generator +event_id, incident_energy, .*, seed$/);
    expect(await server.printed("w-si-45")).toMatch(/^w-si-45 +1 +model +incident_energy, absorber_thickness, normal$/);
    const metrics = (await server.printed("metrics on ")).replace("metrics on ", "");
    expect(await (await fetch(metrics)).text()).toContain("# TYPE");
    expect(await metadataOf(server.endpoint, "made-up")).toMatchObject({ kind: "generator", twin: "w-si-45" });
    expect(await server.end("SIGTERM")).toBe(0);
    expect(server.log()).toBe("");
  });

  it("tells what was measured of a model that has a card, and logs where told to", async () => {
    await using server = await startServe(["gan", "--only", "gan", "--log-level", "info"]);
    const { metrics = "{}", ...more } = await metadataOf(server.endpoint, "gan");
    expect(more).toMatchObject({ kind: "generator", twin: "gan" });
    expect(JSON.parse(metrics)).toHaveProperty(["classifiers.trees.high.auc.mean"]);
    expect(server.log()).toMatch(/^\{"time":"[^"]+","level":"info",.*"message":"The server listens"\}$/m);
    expect((await infer(server.endpoint, "gan.model")).stderr).toContain("TWIN_MODEL_NOT_SERVED");
  });

  it("takes the options of a twin's own serving part, and typed ones before them; there is one server", async () => {
    const serving = "twinloom/modules/serving";
    const spec = await write(
      "twin.yaml",
      `twin: lab
plugins:
  network: { use: twinloom/modules/onnx, file: ${SHOWERS}, name: net }
  shower: { use: twinloom/modules/fastsim }
  serving: { use: ${serving}, models: [net], port: 1, metricsPort: 1, batching: { maxBatchSize: 7 } }
`,
    );
    await using server = await startServe([spec]);
    expect(await server.printed("serving ")).toMatch(/^serving net on 127\.0\.0\.1:\d+$/);
    expect(await metadataOf(server.endpoint, "net")).toHaveProperty(["twinloom.generator"]);
    await server.end("SIGTERM");
    await using other = await startServe([spec, "--only", "made-up"]);
    expect(await other.printed("serving ")).toMatch(/^serving made-up on/);
    const twice = await write(
      "twice.yaml",
      `twin: lab\nplugins:\n  a: { use: ${serving} }\n  b: { use: ${serving} }\n`,
    );
    const refused = await runTwinloom(["serve", twice]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("several serving parts (a, b)")]);
  });

  it("serves a version with what it says of itself, and follows an alias to the next one", async () => {
    const use = '"twinloom/thematic/detector#gflash"';
    const spec = (more: string): string => `twin: ecal\nplugins:\n  shower: { use: ${use}${more} }\n`;
    const store = await openStore(join(folder, "store"), { create: true, actor: "ann@here" });
    const load = async (name: string, more: string): Promise<Parameters<typeof sealVersion>[1]> =>
      await loadSpec(await write(name, spec(more)));
    const { entry: first } = await sealVersion(store, await load("one.yaml", ""), { alias: "champion" });
    const { entry: second } = await sealVersion(store, await load("two.yaml", ", constants: published"));
    const evidence = { schemaVersion: 1, kind: "validation", verdict: "passed" } as const;
    const measured = { metrics: { separation: 0.125 }, statement: {} };
    await store.attest("ecal@v2", { ...evidence, ...measured, subject: second.digest });
    const at = ["--store", join(folder, "store")];
    await using fixed = await startServe(["ecal@v2", ...at]);
    expect(await metadataOf(fixed.endpoint, "gflash-published")).toMatchObject({
      twin: "ecal",
      twin_version: second.digest,
      validation: JSON.stringify({ verdict: "passed", metrics: measured.metrics }),
    });
    await using server = await startServe(["ecal@champion", ...at, "--poll-s", "0.1"]);
    expect(await metadataOf(server.endpoint, "gflash")).toMatchObject({ twin: "ecal", twin_version: first.digest });
    await store.moveAlias("ecal@champion", second.digest, { reason: "better" });
    expect(await server.printed("now ")).toBe(`now ecal@v2 (${second.digest.slice(0, 19)})`);
    expect(await metadataOf(server.endpoint, "gflash-published")).toMatchObject({ twin_version: second.digest });
    await store.close();
    expect(await server.end("SIGINT")).toBe(0);
  });

  it("answers what has begun before it ends; a second signal ends it at once", async () => {
    // Takes about a second for one answer, and for ever for the other.
    const inputs = (steps: bigint): Record<string, NdArray> => ({
      m: new NdArray(new Float32Array(96 * 96).fill(0.01), { dtype: "float32", shape: [96, 96] }),
      steps: new NdArray(BigInt64Array.of(steps), { dtype: "int64", shape: [] }),
    });
    await using server = await startServe([SLOW, "--drain-ms", "60000", "--log-level", "info"]);
    const options = { endpoints: [server.endpoint], model: "slow" };
    await using client = await createTwin({ plugins: { slow: remoteModel(options) } });
    const begun = client.slow.infer(inputs(4_000n));
    await busy(server);
    const ended = server.end("SIGTERM");
    expect((await begun)["y"]?.shape).toEqual([96, 96]);
    expect(await ended).toBe(0);
    expect(server.log()).toContain("ends what has begun");

    await using stubborn = await startServe([SLOW, "--drain-ms", "600000", "--log-level", "info"]);
    await using other = await createTwin({
      plugins: {
        log: constant(Log, NO_LOG),
        slow: remoteModel({ ...options, endpoints: [stubborn.endpoint], timeoutMs: 60_000 }),
      },
    });
    const lost = other.slow.infer(inputs(2n ** 40n));
    lost.catch(() => undefined);
    await busy(stubborn);
    stubborn.child.kill("SIGTERM");
    while (!stubborn.log().includes("ends what has begun")) await sleep(50);
    // Two signals within half a second are taken for one.
    await sleep(600);
    await stubborn.end("SIGTERM");
    expect(stubborn.child.signalCode).toBe("SIGTERM");
  });

  it("ends by the signal where a network computes for ever", async () => {
    await using server = await startServe([SLOW, "--drain-ms", "100", "--log-level", "info"]);
    await using client = await createTwin({
      plugins: {
        log: constant(Log, NO_LOG),
        slow: remoteModel({ endpoints: [server.endpoint], model: "slow", timeoutMs: 60_000 }),
      },
    });
    const lost = client.slow.infer({
      m: new NdArray(new Float32Array(96 * 96).fill(0.01), { dtype: "float32", shape: [96, 96] }),
      steps: new NdArray(BigInt64Array.of(2n ** 40n), { dtype: "int64", shape: [] }),
    });
    lost.catch(() => undefined);
    await busy(server);
    await server.end("SIGTERM");
    expect(server.child.signalCode).toBe("SIGTERM");
    expect(server.log()).toMatch(/Requests were cut off[\s\S]+TWIN_STOP_FAILED/);
  });

  it("loses no request of a client when it is started again: what starts says so", async () => {
    await using first = await startServe([SHOWERS], { port: await freePort() });
    const port = Number(first.endpoint.split(":").at(-1));
    await using client = await createTwin({
      plugins: {
        log: constant(Log, NO_LOG),
        dense: remoteModel({ endpoints: [first.endpoint], model: "w-si-45", timeoutMs: 30_000 }),
      },
    });
    const rows = Object.entries(client.dense.inputs).map(([name, { dtype, shape }]) => {
      const one = shape.map((length) => (typeof length === "string" ? 1 : length));
      const size = one.reduce((product, length) => product * length, 1);
      return [name, new NdArray(new Float32Array(size).fill(0.5), { dtype: dtype as "float32", shape: one })] as const;
    });
    const inputs = Object.fromEntries(rows);
    const outcomes: string[] = [];
    const over = new AbortController();
    const asking = (async () => {
      while (!over.signal.aborted) outcomes.push(await client.dense.infer(inputs).then(() => "", String));
    })();
    await first.end("SIGTERM");
    const before = outcomes.length;
    await using _again = await startServe([SHOWERS], { port });
    await client.dense.infer(inputs);
    over.abort();
    await asking;
    expect(outcomes.length).toBeGreaterThan(before);
    expect(new Set(outcomes)).toEqual(new Set([""]));
  });

  it("says in one place why it cannot listen", async () => {
    await using other = await startServe([SHOWERS]);
    const port = other.endpoint.split(":").at(-1) as string;
    const { code, stderr } = await runTwinloom(["serve", SHOWERS, "--port", port, "--without-metrics"]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^twinloom: The server of models .* another --port \(0/)]);
  });

  it("has the defaults that its help tells", () => {
    const { host, port, metricsHost, metricsPort, drainMs, maxMessageBytes } = ServerOptionsSchema.parse({});
    expect(maxMessageBytes).toBe(64 * 2 ** 20);
    const { maxBatchSize, maxQueueDelayMs, maxQueueSize } = completeBatching();
    const defaults = { host, port, metricsHost, metricsPort, drainMs, maxMessageBytes: "64 MiB" };
    const batching = { maxBatch: maxBatchSize, maxQueueDelayMs, maxQueue: maxQueueSize };
    for (const [option, value] of Object.entries({ ...defaults, ...batching })) {
      expect(SERVE_OPTIONS[option as keyof typeof SERVE_OPTIONS].description).toContain(`(default: ${value})`);
    }
  });

  it("asks for tokens, which the file names and does not hold, and encrypts", async () => {
    const variables = { TWINLOOM_TEST_TOKEN: "0123456789abcdef0123456789abcdef", TWINLOOM_TEST_WRONG: "wrong" };
    Object.assign(process.env, variables);
    const tokens = await write(
      "tokens.yaml",
      '- { name: ann, token: "$' + '{env:TWINLOOM_TEST_TOKEN}", models: [w-si-45] }\n',
    );
    const encrypted = ["--tls-certificate", tls("server.pem"), "--tls-key", tls("server.key")];
    await using server = await startServe([SHOWERS, "--tokens", tokens, ...encrypted]);
    const port = server.endpoint.split(":").at(-1);
    const ask = async (model: string, ...more: readonly string[]): Promise<string> => {
      const { code, stderr } = await infer(
        `localhost:${port}`,
        model,
        "--tls-ca",
        tls("authority.pem"),
        "--timeout-ms",
        "20000",
        ...more,
      );
      return `${code} ${/[A-Z]+_[A-Z_]+/.exec(stderr)?.[0] ?? ""}`;
    };
    expect(await ask("w-si-45", "--token-env", "TWINLOOM_TEST_TOKEN")).toBe("0 ");
    // Through a tunnel the certificate has another name than the endpoint; by IP nothing warns.
    const named = (...more: readonly string[]): Promise<Outcome> => {
      const trusted = ["--tls-ca", tls("authority.pem"), "--token-env", "TWINLOOM_TEST_TOKEN", "--timeout-ms", "3000"];
      return infer(`127.0.0.1:${port}`, "w-si-45", ...trusted, ...more);
    };
    expect(await named()).toMatchObject({ code: 0, stderr: "" });
    expect(await named("--tls-server-name", "localhost")).toMatchObject({ code: 0, stderr: "" });
    const other = await named("--tls-server-name", "example.org");
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("ERR_TLS_CERT_ALTNAME_INVALID")]);
    expect(await ask("made-up", "--token-env", "TWINLOOM_TEST_TOKEN")).toContain("1 PERMISSION_DENIED");
    expect(await ask("w-si-45", "--token-env", "TWINLOOM_TEST_WRONG")).toContain("1 ");
    const held = await write("held.yaml", "- { name: ann, token: very-secret-text, models: [w-si-45] }\n");
    const refused = await runTwinloom(["serve", SHOWERS, "--tokens", held, "--port", "0"]);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining("It must refer to a secret, never hold it"),
    ]);
    expect(refused.stderr).not.toContain("very-secret-text");
  });

  it.for<[string, readonly string[], number, RegExp]>([
    [
      "other machines without encryption",
      [SHOWERS, "--host", "0.0.0.0"],
      1,
      /Give --tls-certificate and --tls-key, .* or give --insecure/,
    ],
    ["a certificate without its key", [SHOWERS, "--tls-certificate", "a.pem"], 2, /go together/],
    [
      "a model that there is not",
      [SHOWERS, "--port", "0", "--without-metrics", "--only", "gan"],
      1,
      /which --only names.*made-up, w-si-45/,
    ],
    ["a socket of the file system", [SHOWERS, "--host", "unix:/tmp/a"], 2, /listens on an address, not on a socket/],
    ["sizes that are none", [SHOWERS, "--preferred-batch", "32,x"], 2, /whole numbers above 0, separated by commas/],
    ["a port for no metrics", [SHOWERS, "--without-metrics", "--metrics-port", "1"], 2, /has no --metrics-port/],
    ["threads of a twin.yaml", ["twin.yaml", "--threads", "2"], 2, /for ONNX files/],
    ["tokens that are no list", [SHOWERS, "--tokens", tls("server.pem")], 1, /must be a list of tokens|no YAML/],
    ["what is neither a file nor a version", ["gam"], 1, /neither a file nor a version.*Did you mean "gan"\?/],
    ["a formula", ["gflash"], 2, /gflash is a formula.*name it in a twin\.yaml/],
  ])("refuses %s", async ([, args, expected, message]) => {
    const { code, stderr, stdout } = await runTwinloom(["serve", ...args], { cwd: tmpdir() });
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toMatch(message);
  });
});
