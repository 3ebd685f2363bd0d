import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FakeSlurm, startFakeSlurm } from "../servers/fake-slurm.ts";
import { errorOf, json, writeNumbers } from "./batch-sample.ts";
import { runTwinloom } from "./run-command-line.ts";

let cwd: string;
let slurm: FakeSlurm;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "twinloom-cli-slurm-"));
  await writeNumbers(cwd);
  await writeFile(join(cwd, "site.yaml"), "description: a test\naccount: physics\nresources: { timeLimitS: 600 }\n");
  slurm = await startFakeSlurm();
});
afterAll(async () => {
  await slurm.stop();
  await rm(cwd, { recursive: true });
});

describe.skipIf(process.platform === "win32")("twinloom submit, on a cluster", () => {
  it("submits each stage as one array, where there is an sbatch, and remembers the profile", async () => {
    const { env } = slurm;
    const args = ["submit", "twin.yaml", "chain", "-p", "first.x=1..4", "--packing", "2", "--array-limit", "1"];
    const site = ["--profile", "site.yaml", "--qos", "normal", "--out", "chain", "--watch"];
    expect(await json([...args, ...site], { cwd, env })).toMatchObject({ executor: "slurm", counts: { succeeded: 8 } });
    const [first, second] = slurm.jobs();
    expect(first?.script).toContain("#SBATCH --array=0-1%1");
    expect(first?.script).toContain("#SBATCH --account=physics");
    expect(second?.script).toContain(`--dependency=afterok:${first?.id}`);
    expect(JSON.parse(await readFile(join(cwd, "chain", "executor.json"), "utf8"))).toEqual({
      schemaVersion: 1,
      executor: "slurm",
      options: { profile: join(cwd, "site.yaml"), qos: "normal" },
    });
    expect((await json(["jobs", "collect", "chain"], { cwd, env })).collection.stages).toHaveLength(2);
  });

  it("prints the script, and submits nothing", async () => {
    const { env } = slurm;
    const before = slurm.jobs().length;
    const args = ["submit", "twin.yaml", "double", "-p", "x=0..9999", "--profile", "juwels-like", "--time", "2h"];
    const { code, stdout } = await runTwinloom([...args, "--gpus", "1", "--task-time", "10", "--dry-run"], {
      cwd,
      env,
    });
    expect(code).toBe(0);
    expect(stdout).toContain("#SBATCH --array=0-333");
    expect(stdout).toContain("#SBATCH --partition=gpus");
    expect(stdout).toContain("#SBATCH --time=02:00:00");
    expect(stdout).toContain("#SBATCH --signal=B:USR1@300");
    slurm.setController("down");
    const blind = await runTwinloom([...args, "--dry-run"], { cwd, env });
    slurm.setController("up");
    expect(blind).toMatchObject({ code: 0, stdout: expect.stringContaining("#SBATCH --array=0-999") });
    expect(blind.stderr).toMatch(
      /^The limits of the cluster are not known: .*1000 elements of an array are assumed\.$/m,
    );
    expect(blind.stderr).not.toContain("Try again");
    expect(slurm.jobs()).toHaveLength(before);
  });

  it("prints the script of servers, and refuses for them what is of sweeps", async () => {
    const { env } = slurm;
    const before = [slurm.jobs().length, await readdir(cwd)];
    const args = ["submit", join(process.cwd(), "examples/first-light.yaml"), "serve", "--nodes", "3", "--dry-run"];
    const site = ["--profile", "site.yaml", "--out", "farm"];
    const { code, stdout } = await runTwinloom([...args, ...site], { cwd, env });
    expect(code).toBe(0);
    expect(stdout).toContain("#SBATCH --array=0-2\n");
    expect(stdout).toContain(`--register ${join(cwd, "farm", "servers")}`);
    const mistaken = ["--array-limit", "2", "-p", "x=1", "--json"];
    const { message } = errorOf(await runTwinloom([...args, ...site, ...mistaken], { cwd, env }));
    expect(message).toContain("--parameter, --array-limit are for tasks and plans");
    expect([slurm.jobs().length, await readdir(cwd)]).toEqual(before);
  });

  it("goes on with what is sealed when the controller answers again", async () => {
    const { env } = slurm;
    slurm.setController("down");
    const args = ["submit", "twin.yaml", "double", "-p", "x=1", "--profile", "site.yaml", "--out", "later"];
    const submitted = await runTwinloom(args, { cwd, env });
    expect(submitted.stderr).toContain("slurm cannot be reached");
    expect(submitted.stdout).toContain("not submitted yet: double. To try again");
    expect(submitted.stdout).not.toContain("submitted to");
    slurm.setController("up");
    expect(await json(["jobs", "show", "later", "--watch"], { cwd, env })).toMatchObject({
      counts: { succeeded: 1 },
    });
    const later = slurm
      .jobs()
      .filter(({ comment }) => comment?.endsWith('double-double"') || comment?.endsWith("double-double"));
    expect(later).toHaveLength(1);
  });

  it("refuses a profile that cannot be used before anything is sealed", async () => {
    const { env } = slurm;
    await writeFile(join(cwd, "typo.yaml"), "acount: physics\n");
    const before = await readdir(cwd);
    const args = ["submit", "twin.yaml", "double", "-p", "x=1", "--out", "typo", "--json"];
    for (const profile of ["typo.yaml", "juwels-lik"]) {
      const refused = await runTwinloom([...args, "--profile", profile], { cwd, env });
      expect(errorOf(refused)).toMatchObject({ code: "TWIN_INVALID_PROFILE" });
    }
    expect(await readdir(cwd)).toEqual(before);
  });

  it("says in words what the cluster offers, and when nothing answers", async () => {
    const { env } = slurm;
    const { code, stdout } = await runTwinloom(["sites", "check", "--profile", "site.yaml"], { cwd, env });
    expect(code).toBe(0);
    expect(stdout).toContain("juwels-like");
    expect(stdout).toContain("its controller answers");
    expect(stdout).toContain("Profile: a test");
    expect(stdout).toContain("Accounts: none");
    expect(stdout).toContain("has hard links");
    slurm.setController("down");
    const silent = await runTwinloom(["sites", "check", "--json"], { cwd, env });
    slurm.setController("up");
    expect(errorOf(silent)).toMatchObject({ code: "TWIN_EXECUTOR_UNREACHABLE" });
  });
});
