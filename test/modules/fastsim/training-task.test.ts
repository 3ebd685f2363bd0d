import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Composition,
  createTwin,
  definePlugin,
  defineTask,
  loadSpec,
  openStore,
  readVersion,
  runTask,
  token,
} from "twinloom";
import { sealCandidate, shippedModel, train } from "twinloom/modules/fastsim";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { serveCommand } from "../../../cli/serve-command.ts";
import { TrainingProgress } from "../../../modules/fastsim/train/training-progress.ts";

let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-train-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const NETWORK = "  network: { use: twinloom/modules/onnx, file: !artifact gan.onnx }";

async function twinOf(...parts: readonly string[]): Promise<Composition> {
  await copyFile(shippedModel("gan").file, join(folder, "gan.onnx"));
  await writeFile(join(folder, "twin.yaml"), ["twin: ecal", "plugins:", ...parts, ""].join("\n"));
  return await loadSpec(join(folder, "twin.yaml"));
}

/** A run of a task that is called `train`, and takes a model that is there instead of training one. */
async function trained(cardOf = "transformer"): Promise<string> {
  const { file } = shippedModel("transformer");
  const card = shippedModel(cardOf).file.replace(/onnx$/, "card.json");
  const { outputs } = train;
  const task = defineTask({
    ...{ name: "train", description: "Take one.", parameters: z.object({}), needs: {}, inputs: {}, outputs },
    run: async ({ outputs: { model, card: copy, log } }) => {
      await Promise.all([copyFile(file, model), copyFile(card, copy), writeFile(log, "")]);
      return null;
    },
  });
  const plugin = definePlugin({
    name: "trainer",
    version: "1.0.0",
    provides: token<object>("trainer"),
    tasks: [task],
    create: () => ({}),
  });
  await using twin = await createTwin({ name: "trainer", plugins: { trainer: plugin() } });
  const out = join(folder, "run");
  await runTask(twin, "train", { out });
  return out;
}

describe("a candidate", () => {
  it("is a revision with the trained model and its card in the place of the twin's own", async () => {
    const run = await trained();
    const composition = await twinOf(NETWORK, "  shower: { use: twinloom/modules/fastsim }");
    await using store = await openStore(join(folder, "store"), { create: true });
    const { entry, part, trainedBy } = await sealCandidate(store, composition, { run });
    expect(part).toBe("network");
    expect(entry).toMatchObject({ number: 1, state: "sealed", aliases: [] });
    const { config } = await readVersion(store.objects, entry.digest);
    const { digest } = JSON.parse(await readFile(join(run, "run.json"), "utf8")) as { digest: string };
    expect(trainedBy).toBe(digest);
    expect(config.annotations).toEqual({ trainedBy: digest });
    expect(config.models).toMatchObject([
      { part: "network", descriptor: { digest: shippedModel("transformer").digest } },
    ]);
    expect(config.models[0]?.card).toBeDefined();
    const again = await sealCandidate(store, composition, { run, part: "network" });
    expect(again.isNew).toBe(false);
  });

  it("is refused where the card is of another model, the files were changed, or the run trained nothing", async () => {
    const composition = await twinOf(NETWORK);
    await using store = await openStore(join(folder, "store"), { create: true });
    const run = await trained("gan");
    await expect(sealCandidate(store, composition, { run })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("is of another model"),
    });
    await writeFile(join(run, "model.onnx"), "changed");
    await expect(sealCandidate(store, composition, { run })).rejects.toMatchObject({ code: "TWIN_ARTIFACT_CHANGED" });
    await expect(sealCandidate(store, composition, { run: folder })).rejects.toMatchObject({
      code: "TWIN_RUN_RECORD_DAMAGED",
    });
    expect(await store.list()).toEqual([]);
  });

  it("names the parts that it could be for, where there are several or the one named has no network", async () => {
    const run = await trained();
    await using store = await openStore(join(folder, "store"), { create: true });
    const two = await twinOf(NETWORK, NETWORK.replace("network", "other"), "  shower: { use: twinloom/modules/hdf5 }");
    await expect(sealCandidate(store, two, { run })).rejects.toThrow(
      "Say which part gets the trained model: with an ONNX file there are network, other.",
    );
    await expect(sealCandidate(store, two, { run, part: "shower" })).rejects.toThrow(
      /Part "shower" has no ONNX file of its own/,
    );
    expect((await sealCandidate(store, two, { run, part: "other" })).part).toBe("other");
  });
});

describe("the task train", () => {
  it("tells what makes the environment where there is none, and asks for one configuration", async () => {
    const composition = await twinOf(NETWORK, "  shower: { use: twinloom/modules/fastsim }");
    await using twin = await createTwin(composition);
    const inputs = { showers: join(folder, "gan.onnx") };
    const parameters = { config: "smoke-gan", python: join(folder, "no-python") };
    const failing = (given: object) =>
      runTask(twin, "train", { out: join(folder, "out"), inputs, existing: "replace", parameters: given as never });
    await expect(failing(parameters)).rejects.toMatchObject({
      cause: expect.objectContaining({
        code: "TWIN_TRAINING_UNAVAILABLE",
        message: expect.stringMatching(/there is no .*no-python\. Make it: sh .*make-venv\.sh/),
      }),
    });
    await expect(failing({})).rejects.toThrow(/give the parameter `config` or the input `configuration`/);
    // What is no recipe's Python says so in its own words.
    await expect(failing({ ...parameters, python: "/bin/false" })).rejects.toMatchObject({
      cause: expect.objectContaining({
        code: "TWIN_TRAINING_FAILED",
        message: expect.stringContaining("ended with 1"),
      }),
    });
  });

  it("tells how far it is over all stages, which only grows", () => {
    const told: [number, string][] = [];
    const progress = new TrainingProgress((fraction, doing) => told.push([fraction, doing]));
    for (const line of [
      ...["step 10  seconds 0.2", "progress layers 0.5", "plan smoke-gan: layers warm adversarial"],
      ...["progress layers 0.5", "progress other 1", "progress warm 0", "progress adversarial 1.0000"],
    ]) {
      progress.hear(line);
    }
    expect(progress.name).toBe("smoke-gan");
    expect(told).toEqual([
      [0.125, "training (layers)"],
      [0.25, "training (warm)"],
      [0.75, "training (adversarial)"],
    ]);
  });
});

describe("the command of a server of a batch", () => {
  it("serves a version on a free port, registered, and is started again near its time limit", () => {
    const at = { version: "sha256:1", store: "/batch/store", registry: "/batch/servers" } as const;
    const tls = { certificate: "/s.pem", key: "/s.key", clientAuthority: "/ca.pem" };
    expect(serveCommand(at).join(" ")).toBe(
      "serve sha256:1 --store /batch/store --register /batch/servers --host 0.0.0.0 --port 0 --without-metrics",
    );
    const more = { tls, tokens: "/t.yaml", insecure: true, atTimeLimit: "end", only: ["gan"], maxBatch: 50 } as const;
    expect(serveCommand({ ...at, ...more, host: "node-1" }).join(" ")).toMatch(
      /--host node-1 .*--tls-certificate \/s\.pem --tls-key \/s\.key --tls-client-ca \/ca\.pem --tokens \/t\.yaml --insecure --at-time-limit end --only gan --max-batch 50$/,
    );
  });
});
