import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, promisify } from "node:util";
import { env, type GenerateRequest } from "twinloom";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { addressProblem, isOnThisMachine, targetOf } from "../../../../modules/serving/client/address.ts";
import { Balancer } from "../../../../modules/serving/client/balancer.ts";
import type { Endpoint } from "../../../../modules/serving/client/endpoint.ts";
import { startServer } from "../../../servers/inference-server.ts";
import { FakeGenerator } from "../server/shared.ts";
import { all, eventsAsked, remoteOf, valuesOf } from "./remote.ts";
import { scriptedServer } from "./scripted-server.ts";

const tls = (name: string): string => fileURLToPath(new URL(`../../../fixtures/tls/${name}`, import.meta.url));
const TOKEN = "correct-horse-battery-staple";
const generator = new FakeGenerator();
const request: GenerateRequest = eventsAsked(30);

beforeEach(() => {
  vi.stubEnv("TEST_TOKEN", TOKEN);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe("an address", () => {
  it.for(["node7:8001", "gpu-1.example.org:80", "10.0.0.1:8001", "[::1]:8001", "unix:/run/twinloom.sock"])(
    "may be %s",
    (address) => {
      expect(addressProblem(address)).toBeUndefined();
    },
  );

  it.for<[string, RegExp]>([
    ["node7", /host:port/],
    ["node7:0", /host:port/],
    ["node7:65536", /host:port/],
    ["::1:8001", /host:port/],
    ["[node7]:8001", /no IPv6/],
    ["https://node7:8001", /leave out the scheme/],
    ["unix:", /name the socket/],
    ["", /host:port/],
  ])("may not be %s", ([address, problem]) => {
    expect(addressProblem(address)).toMatch(problem);
  });

  it("leads to this machine alone, or away", () => {
    const here = ["localhost:1", "127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "unix:/a"];
    expect(here.filter((address) => !isOnThisMachine(address))).toEqual([]);
    const away = ["localhost.example.org:1", "128.0.0.1:1", "[::2]:1", "127.0.0.1.example.org:1"];
    expect(away.filter(isOnThisMachine)).toEqual([]);
  });

  it("is told to gRPC as what it is", () => {
    expect(["a:1", "10.0.0.1:1", "[::1]:1", "unix:/a"].map(targetOf)).toEqual([
      "dns:a:1",
      "ipv4:10.0.0.1:1",
      "ipv6:[::1]:1",
      "unix:/a",
    ]);
  });
});

describe("requests", () => {
  it("go over a socket of this machine, too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "remote-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    await using server = await scriptedServer({ address: `unix:${folder}/a.sock` });
    await using remote = await remoteOf([server.endpoint]);
    expect(valuesOf(await all(remote.generator, request))).toEqual(valuesOf(await all(generator, request)));
  });

  it("go to the ready endpoint that has the fewest, in turn where several have", () => {
    const endpoint = (outstanding: number, isReady = true): Endpoint => ({ outstanding, isReady }) as Endpoint;
    const [busy, idle, gone, other] = [endpoint(3), endpoint(1), endpoint(0, false), endpoint(1)] as const;
    const balancer = new Balancer([busy, idle, gone, other]);
    expect([1, 2, 3, 4].map(() => balancer.choose(new Set()))).toEqual([idle, idle, other, other]);
    expect(balancer.choose(new Set([idle, other]))).toBe(busy);
    expect(balancer.choose(new Set([idle, other, busy]))).toBeUndefined();
    expect(new Balancer([gone]).choose(new Set())).toBe(gone);
  });
});

describe("options", () => {
  it.for<[object, RegExp]>([
    [{ endpoints: [] }, /endpoints/],
    [{ endpoints: ["a:1", "a:1"] }, /an endpoint twice/],
    [{ endpoints: ["http://a:1"] }, /leave out the scheme/],
    [{ tls: { certificate: "a.pem" } }, /`certificate` and `key` go together/],
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ token: TOKEN }, /must refer to a secret/],
    [{ inflight: 2 }, /inFlight/],
  ])("that cannot be are refused: %o", async ([options, message]) => {
    await expect(remoteOf(["127.0.0.1:1"], options)).rejects.toThrow(message);
  });

  it("with files that are none are refused", async () => {
    const missing = remoteOf(["127.0.0.1:1"], { tls: { authority: "no-such.pem" } });
    await expect(missing).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/no-such.pem cannot be read/),
    });
    const empty = remoteOf(["127.0.0.1:1"], { tls: { authority: tls("server.key") } });
    await expect(empty).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/server.key has no certificate/),
    });
    const none = remoteOf(["127.0.0.1:1"], { tls: { certificate: tls("client.pem"), key: tls("authority.pem") } });
    await expect(none).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringMatching(/`tls` cannot be used/),
    });
  });
});

describe("a token", () => {
  it("opens what it is for, and is in no message", async () => {
    const tokens = [{ name: "shift", token: env("TEST_TOKEN"), models: ["fake"] }];
    await using server = await startServer([{ generator }, { generator: new FakeGenerator("other") }], { tokens });
    await using remote = await remoteOf([server.endpoint], { token: env("TEST_TOKEN") });
    expect(valuesOf(await all(remote.generator, request))).toEqual(valuesOf(await all(generator, request)));
    for (const options of [{}, { model: "other", token: env("TEST_TOKEN") }]) {
      const refused = await remoteOf([server.endpoint], options).then(
        () => undefined,
        (error: Error) => error,
      );
      expect(refused).toMatchObject({ code: "TWIN_SERVER_REFUSED", message: expect.stringContaining(server.endpoint) });
      expect(refused?.message).not.toContain(TOKEN);
    }
  });

  it("does not go to other machines unencrypted, unless that is said", async () => {
    const away = ["127.0.0.1:1", "node7.example.org:8001"];
    const refused = remoteOf(away, { token: env("TEST_TOKEN"), timeoutMs: 50 });
    await expect(refused).rejects.toMatchObject({
      code: "TWIN_SERVER_INSECURE",
      message: expect.stringMatching(/\$\{env:TEST_TOKEN\} would go to node7.example.org:8001 unencrypted/),
    });
    const allowed = remoteOf(away, { token: env("TEST_TOKEN"), timeoutMs: 50, insecure: true });
    await expect(allowed).rejects.toMatchObject({ code: "TWIN_SERVER_UNREACHABLE" });
  });

  it("goes with every request", async () => {
    await using server = await scriptedServer();
    await using remote = await remoteOf([server.endpoint], { token: env("TEST_TOKEN") });
    await all(remote.generator, request);
    expect(server.tokens).toEqual([1, 2, 3].map(() => `Bearer ${TOKEN}`));
  });

  it("ends where its file does: a line break is no part of it", async () => {
    vi.stubEnv("TEST_TOKEN", `${TOKEN}\n`);
    await using server = await scriptedServer();
    await using remote = await remoteOf([server.endpoint], { token: env("TEST_TOKEN") });
    await all(remote.generator, eventsAsked(1));
    expect(server.tokens).toEqual([`Bearer ${TOKEN}`]);
  });

  it.for([`${TOKEN}\n\n`, `${TOKEN}\u00e9`, `${TOKEN} a`, "\n"])(
    "that no header holds is refused, and not shown: %j",
    async (token) => {
      vi.stubEnv("TEST_TOKEN", token);
      await using server = await scriptedServer();
      const refused = await remoteOf([server.endpoint], { token: env("TEST_TOKEN") }).then(
        () => undefined,
        (error: Error) => error,
      );
      expect(refused).toMatchObject({
        code: "TWIN_INVALID_ARGUMENT",
        message: expect.stringMatching(/^The token \$\{env:TEST_TOKEN\} has characters that no header holds/),
      });
      expect(inspect(refused, { depth: 9 })).not.toContain(TOKEN);
      expect(server.methods).toEqual([]);
    },
  );

  it("that is not set is an error that names the variable", async () => {
    await using server = await scriptedServer();
    await expect(remoteOf([server.endpoint], { token: env("NO_SUCH_TOKEN") })).rejects.toMatchObject({
      code: "TWIN_SECRET_MISSING",
    });
  });
});

describe("an encrypted connection", () => {
  const certificate = tls("server.pem");
  const key = tls("server.key");
  const authority = tls("authority.pem");

  it("is made with the authority that is trusted, and a certificate where the server asks for one", async () => {
    await using server = await startServer([{ generator }], { tls: { certificate, key, clientAuthority: authority } });
    const own = { authority, certificate: tls("client.pem"), key: tls("client.key") };
    await using remote = await remoteOf([server.endpoint], { tls: own });
    expect(valuesOf(await all(remote.generator, request))).toEqual(valuesOf(await all(generator, request)));
    const stranger = { authority, certificate: tls("strange-client.pem"), key: tls("strange-client.key") };
    for (const other of [{ authority }, stranger]) {
      await expect(remoteOf([server.endpoint], { tls: other, timeoutMs: 300 })).rejects.toMatchObject({
        code: "TWIN_SERVER_UNREACHABLE",
      });
    }
  });

  it("is not made with a server that the authority does not know", async () => {
    await using server = await startServer([{ generator }], { tls: { certificate, key } });
    const unknown = remoteOf([server.endpoint], { tls: { authority: tls("stranger.pem") }, timeoutMs: 300 });
    await expect(unknown).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringMatching(/certificate|signature/),
    });
  });

  it("is hinted at where only one side makes one", async () => {
    await using server = await startServer([{ generator }], { tls: { certificate, key } });
    const plain = remoteOf([server.endpoint], { timeoutMs: 300 });
    await expect(plain).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringMatching(/Perhaps one side encrypts \(TLS\) and the other does not/),
    });
    await expect(plain).rejects.not.toThrow("Resolution note");
  });

  it("is hinted at where a port speaks no gRPC", async () => {
    await using web = createServer((_, response) => response.end()).listen(0, "127.0.0.1");
    await once(web, "listening");
    const { port } = web.address() as AddressInfo;
    await expect(remoteOf([`127.0.0.1:${port}`], { timeoutMs: 300 })).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringContaining("or this is no port of gRPC"),
    });
  });

  it("is for the name that the certificate has", async () => {
    await using server = await startServer([{ generator }], { tls: { certificate, key } });
    const wrong = remoteOf([server.endpoint], {
      tls: { authority, serverName: "elsewhere.example.org" },
      timeoutMs: 300,
    });
    await expect(wrong).rejects.toMatchObject({ message: expect.stringMatching(/elsewhere.example.org/) });
  });
});

describe("a client", () => {
  it("keeps no process alive, stopped or not", async () => {
    await using server = await startServer([{ generator }]);
    const dead = "127.0.0.1:9";
    const script = `
      import { createTwin } from "twinloom";
      import { remoteGenerator } from "twinloom/modules/serving";
      const remote = remoteGenerator({ endpoints: ["${dead}", "${server.endpoint}"], model: "fake" });
      const twin = await createTwin({ plugins: { remote } });
      const request = { conditions: { incident_energy: Float64Array.of(1) }, eventIds: BigInt64Array.of(1n), seed: 1n };
      for await (const { count } of twin.remote.generate(request)) console.log(count);`;
    const node = ["--conditions=@twinloom/source", "--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: 60_000 });
    expect(stdout.trim()).toMatch(/^1$/m);
  });

  it("loads no gRPC until there is one", async () => {
    const index = new URL("../../../../modules/serving/index.ts", import.meta.url);
    expect(await readFile(index, "utf8")).not.toContain("@grpc");
    const script = `
      import "twinloom/modules/serving";
      import { createRequire } from "node:module";
      const { cache } = createRequire("${index}");
      console.log(Object.keys(cache).filter((file) => file.includes("@grpc")).length);`;
    const node = ["--conditions=@twinloom/source", "--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(process.execPath, node, { timeout: 60_000 });
    expect(stdout.trim()).toBe("0");
  });
});

describe("halves", () => {
  it("are what was asked for, and told in the facts", async () => {
    await using server = await startServer([{ generator }]);
    for (const transfer of ["sparse", "dense"] as const) {
      await using remote = await remoteOf([server.endpoint], { precision: "float16", transfer });
      expect(remote.generator.facts).toMatchObject({ precision: "float16" });
      const asked = eventsAsked(2, { conditions: { incident_energy: Float64Array.of(1.0001, 999.9) } });
      const [batch] = await all(remote.generator, asked);
      const values = batch?.arrays["showers"]?.values() as Float32Array;
      expect(batch?.arrays["showers"]?.dtype).toBe("float32");
      expect([values[1], values[25]]).toEqual([1, 1000]);
    }
    await using remote = await remoteOf([server.endpoint]);
    expect(remote.generator.facts).not.toHaveProperty("precision");
  });
});
