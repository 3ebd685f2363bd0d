import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  constant,
  createTwin,
  type GeneratedBatch,
  type Generator,
  Log,
  loadSpec,
  type NdArray,
  openStore,
  sealVersion,
  type TwinStore,
} from "../../core/index.ts";
import { fastsim } from "../../modules/fastsim/index.ts";
import { onnx } from "../../modules/onnx/index.ts";
import { remoteGenerator } from "../../modules/serving/index.ts";
import { NO_LOG } from "../servers/inference-server.ts";
import { type ServeProcess, startServe } from "../servers/twinloom-serve.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const GAN = here("../../modules/fastsim/models/gan.onnx");
const isLong = process.env["TWINLOOM_LONG"] === "1";
/** Those who ask at the same time, and events that each asks for. */
const CLIENTS = 4;
const EVENTS = isLong ? 20_000 : 300;
const BATCH = 20;
const TIMEOUT_MS = isLong ? 3_600_000 : 300_000;

/** A twin of a model file, as `twinloom serve` takes it. */
const spec = (file: string, batchSize = 100): string => `twin: ecal
plugins:
  network: { use: twinloom/modules/onnx, file: !artifact ${JSON.stringify(file)}, threads: 1 }
  shower: { use: twinloom/modules/fastsim, batchSize: ${batchSize} }
`;

/**
 * Digests of all batches of each client; they ask at the same time.
 *
 * @param onBatch - Told how many batches there were so far.
 */
async function digests(
  generator: Generator,
  { events = EVENTS, onBatch }: { readonly events?: number; readonly onBatch?: (batches: number) => void } = {},
): Promise<readonly string[][]> {
  let batches = 0;
  return await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      const found: string[] = [];
      for await (const batch of eventsOf(generator, client, events)) {
        found.push(createHash("sha256").update(bytesOf(batch)).digest("hex"));
        onBatch?.(++batches);
      }
      return found;
    }),
  );
}

function eventsOf(generator: Generator, client: number, count: number): AsyncIterable<GeneratedBatch> {
  const conditions = Object.entries(generator.validity).map(([name, { min, max }]) => {
    return [name, Float64Array.from({ length: count }, (_, event) => min + ((max - min) * event) / count)] as const;
  });
  return generator.generate({
    conditions: Object.fromEntries(conditions),
    eventIds: BigInt64Array.from({ length: count }, (_, event) => BigInt(event)),
    seed: BigInt(client),
    batchSize: BATCH,
  });
}

function bytesOf({ arrays }: GeneratedBatch): Uint8Array {
  const [{ data }] = Object.values(arrays) as [NdArray<"float32">];
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

let folder = "";
const servers: ServeProcess[] = [];
async function serve(args: readonly string[], port?: number): Promise<ServeProcess> {
  const server = await startServe(args, port === undefined ? {} : { port });
  servers.push(server);
  return server;
}
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-faults-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe("three servers of one generator", () => {
  const start = async (): Promise<ServeProcess[]> => {
    const twin = join(folder, "twin.yaml");
    await writeFile(twin, spec(GAN));
    return await Promise.all([1, 2, 3].map(() => serve([twin])));
  };
  const ofOneTwin = (endpoints: readonly string[]) =>
    createTwin({
      plugins: {
        log: constant(Log, NO_LOG),
        network: onnx({ file: GAN, threads: 1 }),
        local: fastsim(),
        remote: remoteGenerator({ endpoints, model: "gan", inFlight: 4 }),
      },
    });

  it(
    "lose no event and change none, when one is killed under load, comes back, and another is killed",
    async () => {
      const [first, second, third] = (await start()) as [ServeProcess, ServeProcess, ServeProcess];
      const endpoints = [first, second, third].map(({ endpoint }) => endpoint);
      await using twin = await ofOneTwin(endpoints);
      const expected = await digests(twin.local);
      const all = (CLIENTS * EVENTS) / BATCH;
      let back: Promise<ServeProcess> | undefined;
      const found = await digests(twin.remote, {
        onBatch: (batches) => {
          if (batches === Math.floor(all / 5)) {
            const port = Number(first.endpoint.split(":")[1]);
            back = first.end("SIGKILL").then(() => serve([join(folder, "twin.yaml")], port));
          }
          if (batches === Math.floor((3 * all) / 5)) second.child.kill("SIGKILL");
        },
      });
      expect(found).toEqual(expected);
      const counts = twin.remote.remote;
      expect(counts).toMatchObject({ served: CLIENTS * EVENTS, byFallback: 0 });
      // Both deaths were met, and nobody but the dead failed.
      expect(counts.endpoints.map(({ failed }) => Math.min(failed, 1))).toEqual([1, 1, 0]);
      expect(counts.endpoints[1]).toMatchObject({ address: second.endpoint, isGood: false });
      // The one that came back is asked again.
      await back;
      const before = counts.endpoints[0]?.answered ?? 0;
      while ((twin.remote.remote.endpoints[0]?.answered ?? 0) === before) await digests(twin.remote, { events: BATCH });
    },
    TIMEOUT_MS,
  );

  it(
    "are ended one by one under load, and nobody sees an error",
    async () => {
      const running = await start();
      await using twin = await ofOneTwin(running.map(({ endpoint }) => endpoint));
      const expected = await digests(twin.local);
      const all = (CLIENTS * EVENTS) / BATCH;
      const ends: Promise<number | null>[] = [];
      const found = await digests(twin.remote, {
        onBatch: (batches) => {
          if (batches === Math.floor(all / 4)) ends.push((running[0] as ServeProcess).end("SIGTERM"));
          if (batches === Math.floor(all / 2)) ends.push((running[1] as ServeProcess).end("SIGTERM"));
        },
      });
      expect(found).toEqual(expected);
      expect(await Promise.all(ends)).toEqual([0, 0]);
      expect(running.map(({ log }) => log())).toEqual(["", "", ""]);
      expect(twin.remote.remote).toMatchObject({ served: CLIENTS * EVENTS, byFallback: 0 });
    },
    TIMEOUT_MS,
  );
});

describe("a server that follows an alias", () => {
  let store: TwinStore;
  /** Two versions of the same weights, and one of others. */
  const seal = async (): Promise<void> => {
    store = await openStore(join(folder, "store"), { create: true });
    const bytes = await readFile(here("../fixtures/onnx/dense.onnx"));
    // The layer's bias (scripts/make-onnx-fixtures.py). As it is, the layer also gives values below 0.
    const at = bytes.indexOf(Buffer.from(Float32Array.of(0.27334595, -0.7336241, -0.14460199).buffer));
    expect(at).toBeGreaterThan(0);
    const biased = (bias: number): Buffer => {
      const changed = Buffer.from(bytes);
      changed.set(Buffer.from(new Float32Array(3).fill(bias).buffer), at);
      return changed;
    };
    const versions = [
      { bias: 50, batchSize: 100 },
      { bias: 50, batchSize: 50 },
      { bias: 60, batchSize: 100 },
    ];
    for (const [index, { bias, batchSize }] of versions.entries()) {
      const version = join(folder, `version-${index + 1}`);
      await mkdir(version);
      await writeFile(join(version, "dense.onnx"), biased(bias));
      await writeFile(join(version, "twin.yaml"), spec("dense.onnx", batchSize));
      await sealVersion(store, await loadSpec(join(version, "twin.yaml")));
    }
    await move("v1");
  };
  const move = (version: string): Promise<unknown> => {
    return store.moveAlias("ecal@champion", `ecal@${version}`, { reason: "a test" });
  };
  const local = async (version: number): Promise<readonly string[][]> => {
    await using twin = await createTwin(await loadSpec(join(folder, `version-${version}`, "twin.yaml")));
    return await digests((twin as unknown as { readonly shower: Generator }).shower);
  };
  /** Asks again and again until the server has swapped. */
  const untilSwapped = async (server: ServeProcess, version: string, ask: () => Promise<void>): Promise<void> => {
    let isSwapped = false;
    const seen = server.printed(`now ecal@${version}`).then(() => {
      isSwapped = true;
    });
    await ask();
    await move(version);
    while (!isSwapped) await ask();
    await seen;
  };

  it(
    "swaps under load without dropping a request",
    async () => {
      await seal();
      const server = await serve(["ecal@champion", "--store", join(folder, "store"), "--poll-s", "0.05"]);
      await using twin = await createTwin({
        plugins: {
          log: constant(Log, NO_LOG),
          pinned: remoteGenerator({ endpoints: [server.endpoint], model: "dense", inFlight: 4 }),
          following: remoteGenerator({ endpoints: [server.endpoint], model: "dense", inFlight: 4, follow: true }),
        },
      });
      const [old, other] = [await local(1), await local(3)];
      await untilSwapped(server, "v2", async () => {
        expect(await digests(twin.pinned)).toEqual(old);
      });
      expect(await digests(twin.pinned)).toEqual(old);
      await untilSwapped(server, "v3", async () => {
        const found = await digests(twin.following);
        // Each batch is of one of the two, whole.
        const strange = found.flatMap((batches, client) =>
          batches.filter((batch, index) => batch !== old[client]?.[index] && batch !== other[client]?.[index]),
        );
        expect(strange).toEqual([]);
      });
      expect(await digests(twin.following)).toEqual(other);
      expect(other).not.toEqual(old);
      expect(twin.following.remote.endpoints).toMatchObject([{ isGood: true, failed: 0 }]);
      // Who began with one model is not given events of another.
      await expect(digests(twin.pinned)).rejects.toMatchObject({ code: "TWIN_REMOTE_MODEL_CHANGED" });
      await store.close();
    },
    TIMEOUT_MS,
  );
});
