import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createTwin, type NdArray } from "twinloom";
import { fastsim, modelWithCard, readModelCard } from "twinloom/modules/fastsim";
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

  it.each([
    { family: "gan", files: ["smoke-gan"] },
    { family: "transformer", files: ["smoke-transformer", "smoke-transformer-quality"] },
  ])("makes ONNX, card and evidence of a $family from data, in one command", { timeout: 600_000 }, async (family) => {
    const sample = join("data", "showers-sample.h5");
    const out = join(folder, family.family);
    const common = ["--config", `configs/smoke-${family.family}.toml`, "--data", "data", "--out", out];
    await ask("-m", "twinloom_training", "all", ...common, "--reference", sample, "--repeat", "1");
    for (const name of family.files) {
      const onnx = await readFile(join(out, `${name}.onnx`));
      const card = readModelCard(join(out, `${name}.card.json`));
      const sha256 = createHash("sha256").update(onnx).digest("hex");
      expect(card).toMatchObject({
        schema: "twinloom.model-card/1",
        name,
        family: family.family,
        model: { file: `${name}.onnx`, sha256, bytes: onnx.byteLength },
        validity: { conditions: { incident_energy: { unit: "MeV" }, absorber_thickness: { min: 1.4, max: 1.4 } } },
        data: { train_showers: 160, validation_showers: 40 },
        onnx: { opset: 17, against_pytorch: { rows_independent: true } },
      });
      const { flipped_cells } = card.onnx["against_pytorch"] as Record<string, number>;
      expect(flipped_cells).toBeLessThan(0.005);
      expect(card.training.length).toBeGreaterThan(1);
      expect(card.metrics).toEqual([expect.objectContaining({ evidence: `evidence-${name}.json`, generated: 200 })]);
      const evidence = parseEvidence(JSON.parse(await readFile(join(out, `evidence-${name}.json`), "utf8")));
      expect(evidence).toMatchObject({ schema: "twinloom.evidence/1", name, model: { sha256 } });
      // Twenty steps teach little: a shower of 2 GeV may be empty, one of 20 GeV has its energy in order of magnitude.
      const [low = Number.NaN, high = Number.NaN] = await energies(join(out, `${name}.onnx`));
      expect(low).toSatisfy((total: number) => total >= 0 && total < 20_000);
      expect(high).toSatisfy((total: number) => total > 2000 && total < 200_000);
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
