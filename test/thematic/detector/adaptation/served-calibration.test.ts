import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Composition, createTwin, type Log, openStore, type TwinStore, type VersionEntry } from "twinloom";
import { type ConditionsChange, sealChanges } from "twinloom/modules/adaptation";
import { followAlias, InferenceServer, remoteGenerator } from "twinloom/modules/serving";
import { adaptableDetector, adaptedGenerator, calorimeter, gflash } from "twinloom/thematic/detector";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const none = (): void => undefined;
const log: Log = { debug: none, info: none, warn: none, error: none };
const NAME = "gflash-adapted";
const GAIN = 1.03;
/** Of the gains' conditions; two others are before them. */
const LAYER_8 = 2 + 8;
const LAYER = 16 * 9;

let folder: string;
let store: TwinStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-served-calibration-"));
  store = await openStore(join(folder, "store"), { create: true });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

/** Seals a twin, and has the gain of layer 8 accepted at 1.03 when it is told to. */
async function livingTwin() {
  const composition = {
    name: "ecal",
    plugins: { shower: gflash(), adaptable: adaptableDetector(), now: adaptedGenerator() },
    wire: { adaptable: { generator: "shower" }, now: { generator: "shower" } },
  } as const;
  const twin = await createTwin(composition);
  await twin.seal({ store, alias: "champion" });
  const { adaptable } = twin;
  const act = sealChanges({
    ...{ store, adaptable, alias: "champion", folder: join(folder, "found") },
    composition: composition as Composition,
  });
  return async () => {
    const after = Array.from(adaptable.current);
    after[LAYER_8] = GAIN;
    const decision = {
      ...{ kind: "accepted", events: 9000, timeNs: "5", before: [...adaptable.current], after },
      attribution: { verdict: "cause", best: { causes: ["gain of layer 8"], rung: 1, moved: [] } },
      comparison: { events: 500, meanDifference: 0.5, error: 0.1, sigmas: 3, verdict: "better" },
    } as unknown as ConditionsChange["decision"];
    return await act({ number: 0, decision, earlier: [] });
  };
}

describe("a calibration that is sealed while its twin is served", () => {
  it("is in the showers of every request that is answered from then on, and no request fails", async () => {
    const accept = await livingTwin();
    const server = new InferenceServer({ port: 0, metricsPort: false }, { log });
    await server.start();
    const swapped = Promise.withResolvers<VersionEntry>();
    const onSwap = (version: VersionEntry): void => (version.number > 1 ? swapped.resolve(version) : undefined);
    const follower = await followAlias(server, { store, name: "ecal@champion", log, pollMs: 20, onSwap });
    try {
      const { host, port } = server.address;
      await using twin = await createTwin({
        plugins: {
          shower: remoteGenerator({ endpoints: [`${host}:${port}`], model: NAME, follow: true }),
          ecal: calorimeter(),
        },
      });
      const ask = async (): Promise<Float32Array> => {
        const showers = await twin.ecal.simulate({ energyMeV: [5000, 20_000, 80_000], seed: 7n });
        for await (const { energies } of showers.batches()) return Float32Array.from(energies.values());
        throw new Error("no showers");
      };
      const version = (): string | undefined => twin.shower.remote.endpoints[0]?.version;
      const before = await ask();
      expect(version()).toBe("1");
      const after = before.map((energy, cell) =>
        Math.floor(cell / LAYER) % 45 === 8 ? Math.fround(energy * GAIN) : energy,
      );
      expect(isEqual(after, before)).toBe(false);

      // Three that ask all the time, from before the alias moves until after the swap.
      const answers = { before: 0, after: 0, neither: 0 };
      const over = new AbortController();
      const asking = Array.from({ length: 3 }, async () => {
        while (!over.signal.aborted) {
          const answer = await ask();
          answers[isEqual(answer, before) ? "before" : isEqual(answer, after) ? "after" : "neither"]++;
        }
      });
      const outcome = await accept();
      expect(outcome).toMatchObject({ alias: "champion", file: expect.stringMatching(/found/) });
      const { number, digest } = await swapped.promise;
      expect(outcome).toMatchObject({ version: digest });
      // Each of them once more.
      for (const enough = answers.after + 6; answers.after < enough; ) await setTimeout(5);
      over.abort();
      await Promise.all(asking);

      expect(answers).toEqual({ before: expect.any(Number), after: expect.any(Number), neither: 0 });
      expect(answers.before).toBeGreaterThan(0);
      expect(isEqual(await ask(), after)).toBe(true);
      expect(version()).toBe(`${number}`);
      expect(twin.shower.remote.endpoints).toMatchObject([{ isGood: true, failed: 0 }]);
    } finally {
      await server.stop();
      await follower.stop();
    }
  }, 30_000);
});

function isEqual(a: Float32Array, b: Float32Array): boolean {
  return Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}
