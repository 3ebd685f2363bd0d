import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestBytes } from "../../core/index.ts";
import { runTwinloom } from "./run-command-line.ts";

const DENSE = fileURLToPath(new URL("../fixtures/onnx/dense.onnx", import.meta.url));
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-model-"));
  file = join(folder, "dense.onnx");
  await copyFile(DENSE, file);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function writeCard(sha256: string): Promise<void> {
  const metrics = [
    {
      classifiers: [{ judge: "boosted trees", features: "high", auc: { mean: 0.84, std: 0.01 }, auc_floor: 0.501 }],
      distances: { fpd: 0.25, note: "text" },
      distances_floor: { fpd: 0.125 },
    },
  ];
  const card = { name: "dense", family: "gan", model: { sha256 }, seed: 7, made: { python: "3.12" }, metrics };
  await writeFile(join(folder, "dense.card.json"), JSON.stringify(card));
}

describe("twinloom model info", () => {
  it("shows inputs, outputs, what made the file, and the generator in it", async () => {
    const { code, stdout, stderr } = await runTwinloom(["model", "info", "dense.onnx"], { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`dense.onnx (ONNX, opset ai.onnx 17)
${digestBytes(await readFile(DENSE))}
672 bytes, 16 parameters, by make-onnx-fixtures 1

inputs
name   dtype    shape
x      float32  batch × 4
scale  float32  batch × 1

outputs
name   dtype    shape
y      float32  batch × 3
total  float32  batch

generator dense
condition  unit  min  max
scale      MeV     1  100
noise   values per event
normal                 4
output  dims  shape  unit
y       cell  3      MeV

metadata
author = Twinloom
`);
  });

  it("shows the card beside the file when it is about these bytes, and says so when it is not", async () => {
    const digest = digestBytes(await readFile(DENSE));
    for (const stated of [digest, digest.replace("sha256:", "")]) {
      await writeCard(stated);
      const { code, stdout } = await runTwinloom(["model", "info", file]);
      expect(code).toBe(0);
      expect(stdout).toContain('made = {"python":"3.12"}');
      expect(stdout).toMatch(/AUC boosted trees, high +0\.8400 +0\.5010\n/);
      expect(stdout).toMatch(/fpd +0\.2500 +0\.1250\n/);
    }
    await writeCard("0".repeat(64));
    const { code, stdout, stderr } = await runTwinloom(["model", "info", file, "--json"]);
    expect(code).toBe(0);
    expect(stderr).toContain("it is about another file (sha256:0000");
    expect(JSON.parse(stdout)).toMatchObject({
      digest,
      opsets: { "ai.onnx": 17 },
      inputs: { x: { dtype: "float32", shape: ["batch", 4] } },
      metadata: { author: "Twinloom" },
      generator: { name: "dense", description: { schema: "twinloom.generator/1" } },
      card: { matches: false, content: { name: "dense" } },
    });
  });

  it("says what is wrong with a file, a description and a card that cannot be read", async () => {
    await writeFile(join(folder, "dense.card.json"), "{");
    const { code, stderr } = await runTwinloom(["model", "info", file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("dense.card.json: it is no JSON") });
    // One letter of the description's first bracket: the text is no JSON any more, and the file still a model.
    const bytes = await readFile(DENSE);
    bytes[bytes.indexOf('{"schema"')] = "[".charCodeAt(0);
    await writeFile(file, bytes);
    const described = await runTwinloom(["model", "info", file]);
    expect(described).toMatchObject({ code: 0, stderr: expect.stringContaining('"twinloom.generator" is no JSON') });
    await writeFile(file, bytes.subarray(0, 300));
    const cut = await runTwinloom(["model", "info", file]);
    expect(cut).toMatchObject({ code: 1, stderr: expect.stringContaining("TWIN_MODEL_UNREADABLE") });
    const remote = await runTwinloom(["model", "info", "https://example.org/dense.onnx"]);
    expect(remote).toMatchObject({ code: 2, stderr: expect.stringMatching(/takes local files\. Download it first/) });
    const missing = await runTwinloom(["model", "info", join(folder, "none.onnx")]);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining("TWIN_FILE_NOT_FOUND") });
  });

  it("lets no file steer the terminal, nor fail it by what is nested without end", async () => {
    const bytes = await readFile(DENSE);
    // As long as the name that stands there: the file stays a model.
    bytes.write("\u001b]0;x\u0007\ny", bytes.indexOf("Twinloom"));
    await writeFile(file, bytes);
    await writeFile(join(folder, "dense.card.json"), "[".repeat(1e5) + "]".repeat(1e5));
    const { code, stdout, stderr } = await runTwinloom(["model", "info", file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("dense.card.json: it is no JSON") });
    expect(stdout).toContain("author = \\u001b]0;x\\u0007\\ny");
    expect(stdout).not.toContain("\u001b");
    const json = await runTwinloom(["model", "info", file, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ metadata: { author: "\u001b]0;x\u0007\ny" } });
  });
});
