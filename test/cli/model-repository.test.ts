import { copyFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestBytes } from "../../core/index.ts";
import { shippedModelCard } from "../../modules/fastsim/index.ts";
import { runTwinloom } from "./run-command-line.ts";

const DENSE = fileURLToPath(new URL("../fixtures/onnx/dense.onnx", import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-repository-"));
  await copyFile(DENSE, join(folder, "mine.onnx"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("twinloom model repository", () => {
  it("writes files and shipped models under their names, with the options", async () => {
    const args = ["out", "gan", "mine.onnx", "--model-version", "3", "--max-batch", "64", "--max-queue-delay-ms", "2"];
    const { code, stdout, stderr } = await runTwinloom(["model", "repository", ...args], { cwd: folder });
    const mine = digestBytes(await readFile(DENSE));
    const gan = `sha256:${shippedModelCard("gan").model.sha256}`;
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `out/gan/3: ${gan}\nout/mine/3: ${mine}\n`,
      stderr: "",
    });
    expect(digestBytes(await readFile(join(folder, "out/gan/3/model.onnx")))).toBe(gan);
    const config = await readFile(join(folder, "out/mine/config.pbtxt"), "utf8");
    expect(config).toContain("max_batch_size: 64\n");
    expect(config).toContain("max_queue_delay_microseconds: 2000\n");
    expect(config).toContain('key: "twinloom.generator"');
  });

  it("replaces a version only when asked to, and knows what it is given", async () => {
    const repository = (...args: readonly string[]): ReturnType<typeof runTwinloom> =>
      runTwinloom(["model", "repository", "out", ...args], { cwd: folder });
    expect(await repository("mine.onnx")).toMatchObject({ code: 0 });
    const again = await repository("mine.onnx");
    expect(again).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Give 2 as --model-version, or give --replace"),
    });
    const replaced = await repository("mine.onnx", "--replace", "--json");
    expect(JSON.parse(replaced.stdout)).toMatchObject({ folder: "out", models: [{ name: "mine", version: 1 }] });
    expect(await repository("gam")).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean "gan"?') });
    const remote = await repository("https://example.org/a.onnx");
    expect(remote).toMatchObject({ code: 2, stderr: expect.stringContaining("takes local files") });
  });
});
