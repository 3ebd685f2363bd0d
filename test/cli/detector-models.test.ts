import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runTwinloom } from "./run-command-line.ts";

const SAMPLE = fileURLToPath(new URL("../../examples/data/showers-sample.h5", import.meta.url));
const MODEL = fileURLToPath(new URL("../fixtures/fastsim/w-si-45.onnx", import.meta.url));

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-"));
  await copyFile(MODEL, join(cwd, "mine.onnx"));
});
afterAll(() => rm(cwd, { recursive: true }));

const twinloom = (line: string) => runTwinloom(line.split(" "), { cwd });
const json = async (line: string) => JSON.parse((await twinloom(`${line} --json`)).stdout);
const sumOf = async (file: string): Promise<number> => (await json(`data read ${file} showers --stats`)).sum;

describe("twinloom detector simulate --model <file.onnx>", () => {
  const line = "detector simulate --model mine.onnx --energy-mev 10000 -n 12 --seed 3";

  it("writes the same showers whatever the batch and the threads, and says what made them", async () => {
    const told = await json(`${line} --out a.h5`);
    expect(told).toMatchObject({
      file: "a.h5",
      model: "made-up",
      geometry: "w-si-45",
      count: 12,
      seed: "3",
      provider: "cpu",
    });
    expect(told.modelDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    await twinloom(`${line} --batch-size 5 --threads 2 --out b.h5`);
    expect(await sumOf("b.h5")).toBe(await sumOf("a.h5"));
    const { attributes } = await json("data info a.h5");
    expect(attributes).toMatchObject({
      model: "made-up",
      model_digest: told.modelDigest,
      provider: "cpu",
      ...{ absorber_thickness: 0.14, units_absorber_thickness: "cm" },
    });
  });

  it("checks the file against the card beside it, where there is one", async () => {
    const file = join(cwd, "carded.onnx");
    await copyFile(MODEL, file);
    const bytes = await readFile(file);
    const card = {
      ...{ schema: "twinloom.model-card/1", name: "made-up", family: "gan", description: "Made up.", seed: 1 },
      ...{ reference: "none", config: {}, training: [], onnx: {}, speed: {}, metrics: [], made: {} },
      validity: { conditions: {}, particle: "electron", geometry: "w-si-45" },
      data: { files: [] },
      model: { file: "carded.onnx", bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
    };
    const carded = line.replace("mine.onnx", "carded.onnx");
    await writeFile(join(cwd, "carded.card.json"), JSON.stringify(card));
    expect(await json(`${carded} --out carded.h5`)).toMatchObject({ modelDigest: `sha256:${card.model.sha256}` });
    const other = { ...card, model: { ...card.model, sha256: "0".repeat(64) } };
    await writeFile(join(cwd, "carded.card.json"), JSON.stringify(other));
    const refused = await twinloom(`${carded} --out none.h5`);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("TWIN_ARTIFACT_CHANGED")]);
  });

  it("takes the thickness of the absorber, which the showers depend on", async () => {
    await twinloom(`${line} --out nominal.h5 --absorber-mm 1.4`);
    await twinloom(`${line} --out thick.h5 --absorber-mm 1.5`);
    expect(await sumOf("nominal.h5")).toBe(await sumOf("a.h5"));
    expect(await sumOf("thick.h5")).not.toBe(await sumOf("a.h5"));
    // As a file with float32 gives the end of the range back.
    const { code: atEnd } = await twinloom(`${line} --out end.h5 --absorber-mm ${Math.fround(1.6)}`);
    expect(atEnd).toBe(0);
    const { stderr, code } = await twinloom(`${line} --out none.h5 --absorber-mm 1.9`);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /TWIN_OUT_OF_DOMAIN[\s\S]*0.19 cm, outside its valid range of 0.12 to 0.16 cm|0.19 cm, outside[\s\S]*/,
      ),
    ]);
  });

  it("leaves energies that it was not trained for to gflash where told so, and counts them in the file", async () => {
    const wide = `detector simulate --model mine.onnx --energies-from ${SAMPLE} -n 30`;
    const refused = await twinloom(`${wide} --out none.h5`);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("outside its valid range of 2 to 50 GeV");
    const { values } = await json(`data read ${SAMPLE} incident_energies --slice dim_0=0:30`);
    const outside = values.flat().filter((energy: number) => energy < 2000 || energy > 50_000).length;
    expect(outside).toBeGreaterThan(0);
    const told = await json(`${wide} --outside fallback --out both.h5`);
    expect(told).toMatchObject({ count: 30, fallbackModel: "gflash", fallbackShowers: outside });
    const { attributes } = await json("data info both.h5");
    expect(attributes).toMatchObject({ fallback_model: "gflash" });
    const flags = (await json("data read both.h5 by_fallback")).values as number[];
    const expected = values.flat().map((energy: number) => (energy < 2000 || energy > 50_000 ? 1 : 0));
    expect(flags).toEqual(expected);
    const { stdout } = await twinloom(`${wide} --outside fallback --replace --out both.h5`);
    expect(stdout).toContain(`30 showers of made-up (${outside} of them by gflash) in w-si-45`);
  });

  it("repeats the energies of a file in order", async () => {
    await twinloom(`detector simulate --energies-from ${SAMPLE} -n 5 --out five.h5`);
    const { values: five } = await json("data read five.h5 incident_energies");
    await twinloom("detector simulate --energies-from five.h5 -n 12 --out twelve.h5");
    const { values: twelve } = await json("data read twelve.h5 incident_energies");
    expect(twelve).toEqual([...five, ...five, ...five.slice(0, 2)]);
  });
});

describe("twinloom detector simulate --model", () => {
  it.for<[string, string, RegExp]>([
    ["a name that is none", "--model transfomer", /no such model\. Did you mean "transformer"\?.*gflash/],
    ["a network's option for a formula", "--model gflash --threads 2", /gflash is a formula; --threads/],
    ["a thickness for a formula", "--model gflash --absorber-mm 1.5", /gflash stands for an absorber of 1\.4 mm/],
    ["a file that is not there", "--model none.onnx", /none\.onnx/],
    ["a file that is not there, in capitals", "--model NONE.ONNX", /There is no file .*NONE\.ONNX/],
    ["a URL", "--model https://example.org/a.onnx", /takes local files\. Download it first/],
  ])("refuses %s", async ([, options, message]) => {
    const { code, stderr } = await twinloom(`detector simulate ${options} --energy-mev 5000 -n 2 --out none.h5`);
    expect(code).not.toBe(0);
    expect(stderr.replaceAll(/\s+/g, " ")).toMatch(message);
  });
});
