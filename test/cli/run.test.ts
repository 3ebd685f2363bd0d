import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareRuns, type RunRecord, readRunRecord } from "../../core/index.ts";
import { type Outcome, runTwinloom } from "./run-command-line.ts";

const TWIN = "examples/first-light.yaml";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-cli-run-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function ran(...args: readonly string[]): Promise<RunRecord> {
  const { code, stdout, stderr } = await runTwinloom(["run", ...args, "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

function errorOf({ code, stdout }: Outcome): Record<string, unknown> {
  expect(code).toBe(1);
  return JSON.parse(stdout).error;
}

describe("twinloom run", () => {
  it("runs a plan, and prints the sealed record", async () => {
    const out = join(folder, "plan");
    const record = await ran(TWIN, "first-light", "--out", out, "--seed", "7");
    expect(record).toMatchObject({ state: "succeeded", kind: "plan", seed: "7", twin: { name: "first-light" } });
    expect(await readRunRecord(join(out, "run.json"))).toEqual(record);
    const again = await ran(TWIN, "first-light", "--out", join(folder, "again"), "--seed", "7");
    expect((await compareRuns(record, again)).verdict).toBe("identical");
    const other = await ran(TWIN, "first-light", "--out", join(folder, "other"), "--seed", "8");
    expect((await compareRuns(record, other)).verdict).toBe("different");
  });

  it("runs a task with parameters and inputs", async () => {
    const out = join(folder, "task");
    const record = await ran(
      TWIN,
      "simulate",
      "--out",
      out,
      "-p",
      "seed=11",
      "-i",
      "energies=examples/data/showers-sample.h5",
    );
    expect(record).toMatchObject({ kind: "task", steps: { simulate: { parameters: { seed: 11 } } } });
    expect((await readFile(join(out, "showers.h5"))).subarray(1, 4).toString()).toBe("HDF");
  });

  it("does not overwrite a run unless asked", async () => {
    const args = [TWIN, "simulate", "--out", join(folder, "kept"), "-i", "energies=examples/data/showers-sample.h5"];
    await ran(...args);
    const { code, stderr } = await runTwinloom(["run", ...args]);
    expect(code).toBe(1);
    expect(stderr).toContain("TWIN_RUN_FOLDER_EXISTS");
    await ran(...args, "--replace");
  });

  it("lists the nearest names when a task, plan or parameter is not known", async () => {
    const run = (...args: readonly string[]): Promise<Outcome> =>
      runTwinloom(["run", TWIN, ...args, "--out", join(folder, "none"), "--json"]);
    expect(errorOf(await run("first-ligth"))).toMatchObject({
      code: "TWIN_TASK_NOT_FOUND",
      message: expect.stringContaining('Did you mean "first-light"?'),
    });
    expect(errorOf(await run("first-light", "-p", "simulate.sed=1"))).toMatchObject({
      code: "TWIN_INVALID_PLAN",
      message: expect.stringContaining('simulate.parameters.sed: Unknown. Did you mean "seed"?'),
    });
    expect(
      errorOf(await run("simulate", "-p", "sed=1", "-i", "energies=examples/data/showers-sample.h5")),
    ).toMatchObject({
      code: "TWIN_INVALID_PARAMETERS",
    });
    expect(await run("simulate", "-p", "seed")).toMatchObject({ code: 2 });
    expect(await run("first-light", "-i", "energies=x.h5")).toMatchObject({ code: 2 });
  });

  it("says where in the twin.yaml a plan is wrong", async () => {
    const file = join(folder, "wrong.yaml");
    await writeFile(
      file,
      [
        "plugins:",
        "  files: { use: twinloom/modules/hdf5 }",
        '  shower: { use: "twinloom/thematic/detector#gflash" }',
        "  detector: { use: twinloom/thematic/detector, geometry: w-si-45 }",
        "plans:",
        "  p:",
        "    one: { task: simulate, parameters: { sed: 1 }, inputs: { energies: !artifact none.h5 } }",
        "    two: { task: validate, inputs: { generated: one.shower } }",
      ].join("\n"),
    );
    const { code, stderr } = await runTwinloom(["run", file, "p", "--out", join(folder, "none")]);
    expect(code).toBe(1);
    expect(stderr).toContain("wrong.yaml:7:42: one.parameters.sed: Unknown.");
    expect(stderr).toContain('one.inputs.energies: There is no file "');
    expect(stderr).toContain('two.inputs.generated: Step "one" has no output "shower". Did you mean "showers"?');
    expect(stderr).toContain("two.inputs.reference: Missing;");
  });

  it("leaves a record when it is interrupted", async () => {
    const out = join(folder, "interrupted");
    const { code } = await runTwinloom(["run", TWIN, "first-light", "--out", out, "--seed", "1"], {
      signalAt: { text: "simulating", signal: "SIGINT" },
    });
    expect(code).toBe(130);
    expect((await readRunRecord(join(out, "run.json"))).state).toBe("canceled");
  });
});
