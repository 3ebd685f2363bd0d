import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type Composition,
  Connector,
  constant,
  createTwin,
  definePlugin,
  defineTask,
  digestBytes,
  file,
  Model,
  ReadFailedError,
  readRunRecord,
  runPlan,
  runTask,
  type Task,
  token,
} from "../../../../core/index.ts";
import { compareRuns } from "../../../../core/lifecycle/reproduce/compare-runs.ts";
import { rerun } from "../../../../core/lifecycle/reproduce/rerun.ts";

let folder = "";
const at = (...names: readonly string[]): string => join(folder, ...names);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-rerun-"));
  await writeFile(at("numbers.json"), "[1, 2, 3]");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Multiplies the numbers of a file by what the model says, the seed, and what the world outside is at. */
let outside = 1;
const multiply = defineTask({
  name: "multiply",
  description: "Multiplies numbers",
  parameters: z.object({ seed: z.number(), fail: z.boolean().default(false) }),
  needs: { model: Model },
  inputs: { numbers: { description: "the numbers" } },
  outputs: { products: { description: "their products", file: "products.json" } },
  async run({ parameters: { seed, fail }, needs, inputs, outputs }) {
    if (fail || outside === 13) throw new RangeError("13 is not allowed");
    const numbers = JSON.parse(await readFile(inputs.numbers as string, "utf8")) as number[];
    const factor = Number(needs.model.metadata["factor"]) * seed * outside;
    await writeFile(outputs.products, JSON.stringify(numbers.map((number) => number * factor)));
    return null;
  },
});
const calculator = definePlugin({
  name: "test#calculator",
  version: "1.0.0",
  provides: token<object>("calculator"),
  tasks: [multiply] as unknown as readonly Task<never, never, never, never>[],
  create: () => ({}),
});

/** A twin whose model multiplies by a factor. */
function composition(factor = 2): Composition {
  const model: Model = {
    name: "factor",
    inputs: {},
    outputs: {},
    metadata: { factor: String(factor) },
    digest: digestBytes(`weights of ${factor}`),
    provider: { name: "cpu" },
    infer: async () => ({}),
  };
  return { name: "products", plugins: { calculator: calculator(), weights: constant(Model, model) } };
}

/** Runs the plan, or the task, and gives the folder of the run. */
async function original(kind: "plan" | "task" = "plan"): Promise<string> {
  await using twin = await createTwin(composition());
  const out = at("original");
  const numbers = at("numbers.json");
  if (kind === "task") {
    await runTask(twin, "multiply", { out, parameters: { seed: 7 }, inputs: { numbers } });
    return out;
  }
  const step = { task: multiply, parameters: {}, inputs: { numbers: file(numbers) } };
  await runPlan(twin, { name: "all", steps: { first: step } }, { out, seed: 7 });
  return out;
}

/** Digests of all files below the folder, by path. */
async function tree(): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = paths.map(async (path) => [
    path,
    createHash("sha1")
      .update(await readFile(path))
      .digest("hex"),
  ]);
  return Object.fromEntries(await Promise.all(digests));
}

describe("rerun", () => {
  beforeEach(() => {
    outside = 1;
  });

  it.for(["plan", "task"] as const)("repeats a %s in a new folder and finds it identical", async (kind) => {
    const target = await original(kind);
    const { report, record, attestation } = await rerun(target, { out: at("again"), twin: composition() });
    expect(report).toMatchObject({ verdict: "identical", causes: [] });
    expect(report.outputs.map(({ match }) => match)).toEqual(["bitwise"]);
    expect(attestation).toBeUndefined();
    const [then, now] = [await readRunRecord(join(target, "run.json")), await readRunRecord(at("again", "run.json"))];
    expect(now).toEqual(record);
    expect(now.id).not.toBe(then.id);
    expect([now.kind, now.seed, now.plan]).toEqual([then.kind, then.seed, then.plan]);
    expect(JSON.parse(await readFile(at("again", "reproduction.json"), "utf8"))).toEqual(report);
  });

  it("changes nothing that was there, but for the new folder", async () => {
    const target = await original();
    await writeFile(at("dirty.txt"), "not committed");
    const before = await tree();
    await rerun(join(target, "run.json"), { out: at("again"), twin: composition() });
    const after = Object.entries(await tree()).filter(([path]) => !path.startsWith(at("again")));
    expect(Object.fromEntries(after)).toEqual(before);
  });

  it("says different, and names the model with both digests as the cause", async () => {
    const { report } = await rerun(await original(), { out: at("again"), twin: composition(3) });
    expect(report.verdict).toBe("different");
    expect(report.outputs[0]).toMatchObject({
      match: "different",
      metric: { absolute: 21, relative: 1 / 3, at: "/2" },
    });
    expect(report.causes[0]).toEqual({
      layer: "model",
      message: `Another model: weights (factor) was ${digestBytes("weights of 2")}, is ${digestBytes("weights of 3")}.`,
    });
  });

  it("says equivalent within the tolerances, and keeps them", async () => {
    const tolerances = { outputs: { "first.products": { relative: 1e-3 } } };
    const target = await original();
    const close = await rerun(target, { out: at("close"), twin: composition(2.001), tolerances });
    expect(close.report).toMatchObject({ verdict: "equivalent", tolerances });
    expect(close.report.outputs[0]).toMatchObject({ match: "within-tolerance", tolerance: "first.products" });
    const far = await rerun(target, { out: at("far"), twin: composition(2.01), tolerances });
    expect(far.report.verdict).toBe("different");
  });

  it("tells before it runs that tolerances are none", async () => {
    const target = await original();
    const tolerances = { outputs: { "first.products": { relative: Number.POSITIVE_INFINITY } } };
    await expect(rerun(target, { out: at("again"), twin: composition(), tolerances })).rejects.toMatchObject({
      code: "TWIN_INVALID_RULES",
    });
    expect(await readdir(folder)).not.toContain("again");
  });

  it.for([2, 3])("takes a file that was changed since for no basis of a comparison, factor %s", async (factor) => {
    const target = await original();
    await writeFile(join(target, "first", "products.json"), "[14,28,42.01]");
    const { report } = await rerun(target, { out: at("again"), twin: composition(factor) });
    expect(report).toMatchObject({ verdict: "incomparable", compared: "files" });
    expect(report.outputs[0]).toMatchObject({
      match: "altered",
      metric: null,
      reason: expect.stringContaining("The file of the original is not the one that was recorded"),
    });
    expect(report.causes[0]?.message).toContain('Output "products" of "first" cannot be compared.');
    expect(await compareRuns(target, at("again"))).toEqual({ ...report, tolerances: null });
  });

  it("compares by the records where a file is gone, and says how far only where both are there", async () => {
    const target = await original();
    await rm(join(target, "first", "products.json"));
    const { report } = await rerun(target, { out: at("again"), twin: composition() });
    expect(report.outputs[0]).toMatchObject({ match: "bitwise" });
    const other = await rerun(target, { out: at("other"), twin: composition(3) });
    expect(other.report.outputs[0]).toMatchObject({ match: "different", reason: expect.stringMatching(/not here/) });
  });

  it("takes an input that cannot be read for another one", async () => {
    const target = await original();
    await writeFile(at("numbers.json"), "[1, 2");
    const unreadable = definePlugin({
      name: "test#unreadable",
      version: "1.0.0",
      provides: Connector,
      create: () =>
        ({
          extensions: [".json"],
          recognises: () => true,
          open: async () => {
            throw new ReadFailedError("numbers.json", "H5Z_pipeline: it is damaged.");
          },
        }) as Partial<Connector> as Connector,
    });
    const { name, plugins } = composition();
    const twin = { name, plugins: { ...plugins, files: unreadable() } } as Composition;
    const { report } = await rerun(target, { out: at("again"), twin });
    expect(report).toMatchObject({ verdict: "incomparable", repeat: null });
  });

  it("refuses tolerances for what the run does not have, before it runs", async () => {
    const target = await original();
    const tolerances = { outputs: { "first.product": { relative: 0.5 }, "*": { relative: 0.1 } } };
    await expect(rerun(target, { out: at("again"), twin: composition(), tolerances })).rejects.toMatchObject({
      code: "TWIN_INVALID_RULES",
      message: expect.stringContaining('Did you mean "first.products"?'),
    });
    expect(await readdir(folder)).not.toContain("again");
  });

  it.for([
    ["is another", "[1, 2, 4]"],
    ["is gone", undefined],
  ] as const)("runs nothing where an input %s", async ([, text]) => {
    const target = await original();
    await (text === undefined ? rm(at("numbers.json")) : writeFile(at("numbers.json"), text));
    const { report, record } = await rerun(target, { out: at("again"), twin: composition() });
    expect(report).toMatchObject({ verdict: "incomparable", repeat: null, outputs: [] });
    expect(report.layers.data.differences).toEqual([
      {
        what: `input "numbers" of "first" (${at("numbers.json")})`,
        original: digestBytes("[1, 2, 3]"),
        repeat: text === undefined ? null : digestBytes(text),
      },
    ]);
    expect(record).toBeUndefined();
    expect(await readdir(folder)).not.toContain("again");
  });

  it("takes an input from elsewhere, and one that is written otherwise but says the same", async () => {
    const target = await original();
    await cp(at("numbers.json"), at("moved.json"));
    await rm(at("numbers.json"));
    const inputs = { "first.numbers": at("moved.json") };
    const moved = await rerun(target, { out: at("moved"), twin: composition(), inputs });
    expect(moved.report.verdict).toBe("identical");
    await writeFile(at("numbers.json"), "[ 1,\n2, 3 ]");
    const { report } = await rerun(target, { out: at("again"), twin: composition() });
    expect(report).toMatchObject({ verdict: "identical", layers: { data: { state: "same" } } });
  });

  it("says that the repeat failed, and where", async () => {
    const target = await original();
    outside = 13;
    const { report, record } = await rerun(target, { out: at("again"), twin: composition() });
    expect(report.verdict).toBe("failed");
    expect(report.causes[0]?.message).toBe('The repeat run failed in step "first": 13 is not allowed');
    expect(report.outputs[0]?.match).toBe("missing");
    expect(record?.state).toBe("failed");
  });

  it("suspects the step that gave something else though nothing recorded differs", async () => {
    const target = await original();
    outside = 2;
    const { report } = await rerun(target, { out: at("again"), twin: composition() });
    expect(report.causes[0]).toMatchObject({ layer: "execution", message: expect.stringContaining('"first"') });
  });

  it("needs the twin of a run that names no version, and a run", async () => {
    const target = await original();
    await expect(rerun(target, { out: at("again") })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
      message: expect.stringContaining("Give the twin.yaml"),
    });
    await expect(rerun(at("nothing"), { out: at("again") })).rejects.toMatchObject({ code: "TWIN_FILE_NOT_FOUND" });
    const into = { out: target, twin: composition(), existing: "replace" } as const;
    await expect(rerun(target, into)).rejects.toMatchObject({
      code: "TWIN_RUN_FOLDER_EXISTS",
      message: expect.stringContaining("holds the run that is to be repeated"),
    });
    expect(await readdir(target)).toContain("run.json");
  });
});
