import { access } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  compareRuns,
  createTwin,
  loadSpec,
  openTwin,
  type RunRecord,
  runTask,
  type TwinControl,
} from "../../../../core/index.ts";
import { shippedModel } from "../../../../modules/fastsim/index.ts";
import { sampleStore } from "../log/sample-store.ts";
import { scratchFolder, writeProject } from "./sample-project.ts";

const PARTS = `
  files: { use: twinloom/modules/hdf5 }
  detector: { use: twinloom/thematic/detector }`;

const canInfer = await import("onnxruntime-node").then(
  async () => {
    await access(shippedModel("gan").file);
    return true;
  },
  () => false,
);

async function showers(twin: TwinControl, out: string): Promise<RunRecord> {
  return await runTask(twin, "simulate", { parameters: { seed: 7, count: 3, energyMeV: 10_000 }, out });
}

describe("A twin that is opened from the store", () => {
  const twins: readonly (readonly [string, boolean, () => string])[] = [
    ["with a formula", true, () => "\n  shower: { use: twinloom/thematic/detector#gflash }"],
    [
      "with a network",
      canInfer,
      () => `
  network: { use: twinloom/modules/onnx, file: !artifact ${JSON.stringify(shippedModel("gan").file)} }
  shower: { use: twinloom/modules/fastsim }`,
    ],
  ];
  for (const [what, isPossible, parts] of twins) {
    it.runIf(isPossible)(
      `gives the same showers for the same seed, ${what}`,
      async () => {
        await using scratch = await scratchFolder();
        await using sample = await sampleStore();
        const { store } = sample;
        const project = join(scratch.path, "project");
        const file = await writeProject(project, { "twin.yaml": `twin: ecal\nplugins:${PARTS}${parts()}\n` });
        await using original = await createTwin(await loadSpec(file));
        const first = await showers(original, join(scratch.path, "first"));
        const { entry } = await original.seal({ store });
        await using opened = await openTwin("ecal@v1", { store, folder: join(scratch.path, "elsewhere", "empty") });
        const second = await showers(opened, join(scratch.path, "second"));

        const contentDigest = expect.stringMatching(/^sha256:/);
        expect(first.steps).toMatchObject({ simulate: { outputs: { showers: { contentDigest } } } });
        expect((await compareRuns(first, second)).verdict).toBe("identical");
        // A run tells of the version that it was made with; one of a twin from elsewhere, of none.
        expect(second.version).toBe(entry.digest);
        expect(first).not.toHaveProperty("version");
      },
      300_000,
    );
  }
});
