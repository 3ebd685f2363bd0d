import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  createTwin,
  loadSpec,
  loadVersion,
  type NdArray,
  openStore,
  readVersion,
  runTask,
  sealVersion,
} from "twinloom";
import { fastsim, modelWithCard, readModelCard, sealCandidate, shippedModel } from "twinloom/modules/fastsim";
import { onnx } from "twinloom/modules/onnx";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEvidence } from "../../thematic/detector/validation/evidence.ts";

const python = fileURLToPath(new URL("../../.venv-training/bin/python", import.meta.url));
const recipe = fileURLToPath(new URL("../../modules/fastsim/training", import.meta.url));
const isRequired = process.env["TWINLOOM_REQUIRE_SERVICES"] === "1";
const environment = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", PYTHONPATH: recipe };
const run = promisify(execFile);

/** Runs Python in the recipe's folder; the promise is rejected with its output when it fails. */
async function ask(...args: readonly string[]): Promise<string> {
  const { stdout } = await run(python, ["-W", "ignore", ...args], { cwd: recipe, env: environment });
  return stdout;
}

/** Total energy of a shower of 2 GeV and of one of 20 GeV, made by the engine from an exported file. */
async function energies(file: string): Promise<number[]> {
  await using twin = await createTwin({
    plugins: { network: onnx({ file: modelWithCard(file) }), shower: fastsim() },
  });
  const totals: number[] = [];
  const request = {
    conditions: { incident_energy: Float64Array.of(2000, 20_000) },
    eventIds: BigInt64Array.of(0n, 1n),
  };
  for await (const { arrays } of twin.shower.generate({ ...request, seed: 1n, batchSize: 1 })) {
    const values = (arrays["showers"] as NdArray).values() as Float32Array;
    totals.push(values.reduce((sum, value) => sum + value, 0));
  }
  return totals;
}

function sha256Of(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What every card of the sample says. */
function expectedCard(name: string, family: string): object {
  return {
    ...{ schema: "twinloom.model-card/1", name, family },
    validity: { conditions: { incident_energy: { unit: "MeV" }, absorber_thickness: { min: 1.4, max: 1.4 } } },
    data: { train_showers: 160, validation_showers: 40 },
    onnx: { opset: 17, against_pytorch: { rows_independent: true } },
  };
}

function checkEnergies([low = Number.NaN, high = Number.NaN]: readonly number[]): void {
  expect(low).toSatisfy((total: number) => total >= 0 && total < 20_000);
  expect(high).toSatisfy((total: number) => total > 2000 && total < 200_000);
}

// Without the environment this is skipped; modules/fastsim/training/make-venv.sh makes it.
describe.skipIf(!existsSync(python) && !isRequired)("the training recipe (needs training/make-venv.sh)", () => {
  let folder = "";

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-recipe-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it("passes its own tests", { timeout: 600_000 }, async () => {
    const { stderr } = await run(python, ["-W", "ignore", "-m", "unittest", "discover", "-t", ".", "-s", "tests"], {
      cwd: recipe,
      env: environment,
    });
    expect(stderr).toMatch(/^Ran [1-9]\d* tests/m);
  });

  it("is a task: stopped, it goes on from its checkpoint; its model becomes a candidate", {
    timeout: 600_000,
  }, async () => {
    const spec = join(folder, "twin.yaml");
    await copyFile(shippedModel("gan").file, join(folder, "gan.onnx"));
    await writeFile(
      spec,
      `twin: ecal
plugins:
  network: { use: twinloom/modules/onnx, file: !artifact gan.onnx }
  shower: { use: twinloom/modules/fastsim }
`,
    );
    const composition = await loadSpec(spec);
    await using twin = await createTwin(composition);
    const sample = join(recipe, "data", "showers-sample.h5");
    const out = join(folder, "run");
    const asked = {
      ...{
        out,
        checkpoints: join(folder, "checkpoints"),
        parameters: { config: "smoke-gan", seed: 3, repeat: 1, python },
      },
      inputs: { showers: sample, reference: sample },
    };
    const stopping = new AbortController();
    const stopped = runTask(twin, "train", {
      ...asked,
      stopping: stopping.signal,
      onProgress: ({ fraction }) => {
        if (fraction > 0.1) stopping.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "TWIN_TASK_STOPPED", done: expect.stringMatching(/% of the/) });
    const fractions: number[] = [];
    const record = await runTask(twin, "train", { ...asked, onProgress: ({ fraction }) => fractions.push(fraction) });
    expect(record.steps["train"]?.result).toMatchObject({ name: "smoke-gan", family: "gan", continued: true });
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    const onnxFile = join(out, "model.onnx");
    const card = readModelCard(join(out, "model.card.json"));
    expect(card).toMatchObject({ ...expectedCard("smoke-gan", "gan"), seed: 3 });
    expect(card.model.sha256).toBe(sha256Of(await readFile(onnxFile)));
    expect(card.metrics).toEqual([expect.objectContaining({ evidence: "evidence-smoke-gan.json", generated: 200 })]);
    // Twenty steps teach little: a shower of 2 GeV may be empty, one of 20 GeV has its energy in order of magnitude.
    checkEnergies(await energies(onnxFile));

    await using store = await openStore(join(folder, "store"), { create: true });
    const { entry: first } = await sealVersion(store, composition);
    const loaded = await loadVersion(store, "ecal");
    const sealed = await sealCandidate(store, loaded.composition, { run: out });
    expect(sealed).toMatchObject({ part: "network", isNew: true, trainedBy: record.digest });
    expect(sealed.entry).toMatchObject({ number: 2, state: "sealed", aliases: [] });
    const { config } = await readVersion(store.objects, sealed.entry.digest);
    expect(config).toMatchObject({
      parents: [{ digest: first.digest, relation: "revision" }],
      annotations: { trainedBy: record.digest },
      models: [{ part: "network", descriptor: { digest: `sha256:${card.model.sha256}` }, card: {} }],
    });
    expect(await sealCandidate(store, loaded.composition, { run: out })).toMatchObject({ isNew: false });
    await expect(store.changeState("ecal@v2", "validated")).rejects.toMatchObject({ code: "TWIN_STATE_REFUSED" });
  });

  it("makes ONNX, card and evidence of a transformer from data, in one command", { timeout: 600_000 }, async () => {
    const sample = join("data", "showers-sample.h5");
    const out = join(folder, "transformer");
    const common = ["--config", "configs/smoke-transformer.toml", "--data", "data", "--out", out];
    await ask("-m", "twinloom_training", "all", ...common, "--reference", sample, "--repeat", "1");
    for (const name of ["smoke-transformer", "smoke-transformer-quality"]) {
      const onnx = await readFile(join(out, `${name}.onnx`));
      const card = readModelCard(join(out, `${name}.card.json`));
      const sha256 = sha256Of(onnx);
      expect(card).toMatchObject({
        ...expectedCard(name, "transformer"),
        model: { file: `${name}.onnx`, sha256, bytes: onnx.byteLength },
      });
      const { flipped_cells } = card.onnx["against_pytorch"] as Record<string, number>;
      expect(flipped_cells).toBeLessThan(0.005);
      expect(card.training.length).toBeGreaterThan(1);
      expect(card.metrics).toEqual([expect.objectContaining({ evidence: `evidence-${name}.json`, generated: 200 })]);
      const evidence = parseEvidence(JSON.parse(await readFile(join(out, `evidence-${name}.json`), "utf8")));
      expect(evidence).toMatchObject({ schema: "twinloom.evidence/1", name, model: { sha256 } });
      checkEnergies(await energies(join(out, `${name}.onnx`)));
    }
    // Nothing is left to do: a second call goes through every stage without training.
    const log = join(out, "layers", "metrics.jsonl");
    const before = await readFile(log, "utf8");
    await ask("-m", "twinloom_training", "layers", ...common);
    expect(await readFile(log, "utf8")).toBe(before);
  });

  it("goes on where it was killed, and ends with the same weights", { timeout: 600_000 }, async () => {
    const common = ["-W", "ignore", "-m", "twinloom_training", "layers", "--config", "configs/smoke-gan.toml"];
    const killed = join(folder, "killed");
    // The first line tells that training has begun; what comes then is not the end.
    const process_ = spawn(python, [...common, "--data", "data", "--out", killed], { cwd: recipe, env: environment });
    await new Promise((resolve) => process_.stdout.once("data", resolve));
    process_.kill("SIGTERM");
    const code = await new Promise((resolve) => process_.once("exit", resolve));
    expect([0, 3]).toContain(code);
    await ask(...common.slice(2), "--data", "data", "--out", killed);
    const whole = join(folder, "whole");
    await ask(...common.slice(2), "--data", "data", "--out", whole);
    const script = `
import sys, torch
first, second = (torch.load(f"{folder}/layers/checkpoint.pt") for folder in sys.argv[1:])
pairs = [(a, b) for part in ("network", "average") for a, b in zip(first["learner"][part].values(), second["learner"][part].values())]
print(first["step"], second["step"], len(pairs) > 5, all(torch.equal(a, b) for a, b in pairs))`;
    expect((await ask("-c", script, killed, whole)).trim()).toBe("20 20 True True");
  });

  it("tells a wrong key, with the nearest and all that are known", async () => {
    const wrong = join(folder, "wrong.toml");
    await ask("-c", `open(${JSON.stringify(wrong)}, "w").write('family = "gan"\\n[data]\\nfile = ["a"]')`);
    const failure = ask("-m", "twinloom_training", "layers", "--config", wrong, "--data", "data", "--out", folder);
    await expect(failure).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining(
        "[data] has the key file, which is not known. Did you mean files? Allowed are files",
      ),
    });
  });
});
