import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { constant, createTwin, type GeneratedBatch, type Generator, Log, type NdArray } from "twinloom";
import { fastsim } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { readRegistry, remoteGenerator } from "twinloom/modules/serving";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NO_LOG } from "../servers/inference-server.ts";
import { type ServeProcess, startServe } from "../servers/twinloom-serve.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GAN = here("../../modules/fastsim/models/gan.onnx");
const MAIN = here("../../cli/main.ts");
const BATCH = 20;
const EVENTS = process.env["TWINLOOM_LONG"] === "1" ? 40_000 : 1_200;

let folder = "";
let registry = "";
const servers: ServeProcess[] = [];

async function serve(...args: readonly string[]): Promise<ServeProcess> {
  const server = await startServe([join(folder, "twin.yaml"), "--register", registry, ...args]);
  servers.push(server);
  return server;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-registry-"));
  registry = join(folder, "servers");
  await writeFile(
    join(folder, "twin.yaml"),
    `twin: ecal
plugins:
  network: { use: twinloom/modules/onnx, file: !artifact ${JSON.stringify(GAN)}, threads: 1 }
  shower: { use: twinloom/modules/fastsim }
`,
  );
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Digests of all batches, in their order. */
async function digests(
  generator: Generator,
  events: number,
  onBatch?: (batches: number) => Promise<unknown> | undefined,
): Promise<readonly string[]> {
  const found: string[] = [];
  const conditions = Object.entries(generator.validity).map(([name, { min, max }]) => {
    return [name, Float64Array.from({ length: events }, (_, event) => min + ((max - min) * event) / events)] as const;
  });
  const request = {
    ...{ conditions: Object.fromEntries(conditions), seed: 1n, batchSize: BATCH },
    eventIds: BigInt64Array.from({ length: events }, (_, event) => BigInt(event)),
  };
  for await (const batch of generator.generate(request)) {
    found.push(createHash("sha256").update(bytesOf(batch)).digest("hex"));
    await onBatch?.(found.length);
  }
  return found;
}

function bytesOf({ arrays }: GeneratedBatch): Uint8Array {
  const [{ data }] = Object.values(arrays) as [NdArray<"float32">];
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20);
}

describe("servers of a batch that register in a folder", () => {
  it("make every batch as it is made here, while one is killed, one is drained and one joins", async () => {
    const [first, second] = (await Promise.all([serve(), serve(), serve()])) as [
      ServeProcess,
      ServeProcess,
      ServeProcess,
    ];
    await using twin = await createTwin({
      plugins: {
        log: constant(Log, NO_LOG),
        network: onnx({ file: GAN, threads: 1 }),
        local: fastsim(),
        remote: remoteGenerator({ registry, model: "gan" }),
      },
    });
    await until(() => twin.remote.remote.endpoints.length === 3);
    const expected = await digests(twin.local, EVENTS);
    const all = EVENTS / BATCH;
    let joined: ServeProcess | undefined;
    const found = await digests(twin.remote, EVENTS, (batches) => {
      if (batches === Math.floor(all / 4)) first.child.kill("SIGKILL");
      if (batches === Math.floor(all / 2)) second.child.kill("SIGTERM");
      if (batches !== Math.floor((3 * all) / 4)) return undefined;
      return serve().then((server) => {
        joined = server;
      });
    });
    expect(found).toEqual(expected);
    const newest = joined as ServeProcess;
    await until(() => twin.remote.remote.endpoints.some(({ address }) => address === newest.endpoint));
    expect(await digests(twin.remote, 10 * BATCH)).toEqual(await digests(twin.local, 10 * BATCH));
    const answered = Object.fromEntries(
      twin.remote.remote.endpoints.map(({ address, answered }) => [address, answered]),
    );
    expect(answered[newest.endpoint]).toBeGreaterThan(0);
    expect(await second.end("SIGTERM")).toBe(0);
    // The killed one left its file; the drained one took it away.
    const addresses = (await readRegistry(registry)).map(({ address }) => address);
    expect(addresses).toContain(first.endpoint);
    expect(addresses).not.toContain(second.endpoint);
  }, 300_000);

  it("are found by the command line, and are told of where none is left", async () => {
    const only = await serve();
    const args = ["--conditions=@twinloom/source", MAIN, "infer", "--endpoint", `registry:${registry}`];
    expect((await promisify(execFile)(process.execPath, args)).stdout).toContain("gan");
    expect(await only.end("SIGTERM")).toBe(0);
    expect(await readdir(registry)).toEqual([]);
    const remote = remoteGenerator({ registry, model: "gan", registryTimeoutMs: 100 });
    await expect(createTwin({ plugins: { remote } })).rejects.toMatchObject({
      code: "TWIN_SERVER_UNREACHABLE",
      message: expect.stringContaining('no server of model "gan" is registered in'),
    });
  }, 120_000);

  it("end in order near their time limit: to be started again, or for good", async () => {
    const [again, forGood] = await Promise.all([serve(), serve("--at-time-limit", "end")]);
    expect(await again.end("SIGUSR1")).toBe(75);
    expect(again.log()).toContain("TWIN_RESTART_WANTED");
    expect(await forGood.end("SIGUSR1")).toBe(0);
    expect(await readdir(registry)).toEqual([]);
  }, 120_000);
});
