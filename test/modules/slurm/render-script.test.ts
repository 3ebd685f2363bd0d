import { execFile } from "node:child_process";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ArrayJob } from "../../../core/index.ts";
import { slurmJob } from "../../../modules/slurm/job.ts";
import { renderScript } from "../../../modules/slurm/render-script.ts";
import type { SlurmSettings } from "../../../modules/slurm/settings.ts";
import { shellQuote } from "../../../modules/slurm/shell-quote.ts";
import { jobOf } from "./job-of.ts";

const run = promisify(execFile);

function scriptOf(array: Partial<ArrayJob> = {}, settings: SlurmSettings = {}): string {
  return renderScript(slurmJob(jobOf(array), settings));
}

function directivesOf(array: Partial<ArrayJob> = {}, settings: SlurmSettings = {}): readonly string[] {
  return scriptOf(array, settings)
    .split("\n")
    .filter((line) => line.startsWith("#SBATCH "))
    .map((line) => line.slice("#SBATCH ".length));
}

describe("the words of a script", () => {
  it("are what bash reads back, whatever is in them", async () => {
    const text = fc.string({ unit: "binary" }).map((each) => each.replaceAll("\0", "").toWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 30 }), async (words) => {
        const { stdout } = await run("bash", ["-c", `printf '%s\\0' ${words.map(shellQuote).join(" ")}`]);
        expect(stdout.split("\0").slice(0, -1)).toEqual(words);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the script of an array", () => {
  it("is one that bash can read", async () => {
    const settings: SlurmSettings = {
      modules: ["Stages/2025", "nodejs"],
      setup: ["export A=1", "if true; then echo b; fi"],
      image: { file: "/images/a b.sif", bind: ["/scratch"] },
      environment: { QUOTED: "it's\n two lines" },
    };
    await expect(run("bash", ["-n", "-c", scriptOf({ after: ["1"] }, settings)])).resolves.toBeDefined();
  });

  it("says everything that an array and a site can ask for", () => {
    const array: Partial<ArrayJob> = {
      atOnce: 4,
      after: ["11", "12"],
      resources: { timeLimitS: 90_061, warnS: 300, cpus: 2, memoryMiB: 1000.5, gpus: 1 },
    };
    const settings: SlurmSettings = {
      account: "proj",
      partition: "cpu",
      gpuPartition: "gpu",
      qos: "normal",
      reservation: "school",
      constraint: "skylake&ib",
      nodes: 1,
      ntasks: 2,
      gres: "nvme:100",
      gpuGres: "gpu:a100",
      nice: 10,
      extra: ["--exclusive", "--hint=nomultithread"],
    };
    expect(directivesOf(array, settings)).toMatchInlineSnapshot(`
      [
        "--job-name=twinloom-0123456789abcdef0123456789abcdef",
        "--comment="twinloom:0123456789abcdef0123456789abcdef:10 sweep"",
        "--array=0-9%4",
        "--chdir=/data",
        "--output=/data/logs/%a.log",
        "--open-mode=append",
        "--export=ALL",
        "--account=proj",
        "--partition=gpu",
        "--qos=normal",
        "--reservation=school",
        "--constraint="skylake&ib"",
        "--nodes=1",
        "--ntasks=2",
        "--cpus-per-task=2",
        "--mem=1001M",
        "--gres=gpu:a100:1,nvme:100",
        "--time=1-01:01:01",
        "--signal=B:USR1@300",
        "--nice=10",
        "--mail-type=NONE",
        "--requeue",
        "--dependency=afterok:11:12",
        "--kill-on-invalid-dep=yes",
        "--exclusive",
        "--hint=nomultithread",
      ]
    `);
  });

  it("warns before the limit that the array has, not as soon as it starts", () => {
    expect(directivesOf({ resources: { timeLimitS: 60 } })).toContain("--signal=B:USR1@15");
    expect(directivesOf({ resources: { timeLimitS: 60, warnS: 50 } })).toContain("--signal=B:USR1@50");
    expect(directivesOf()).toContain("--signal=B:USR1@120");
  });

  it("runs the program in the site's image, with GPUs where the element has some", () => {
    const image = { file: "/images/twinloom.sif", bind: ["/scratch", "/data:/mnt:ro"], gpus: "rocm" } as const;
    const command = "/images/twinloom.sif twinloom batch work /data/batch";
    expect(scriptOf({}, { image })).toContain(`exec apptainer exec --bind /scratch --bind /data:/mnt:ro ${command}\n`);
    expect(scriptOf({ resources: { gpus: 2 } }, { image })).toContain(
      `exec apptainer exec --rocm --bind /scratch --bind /data:/mnt:ro ${command}\n`,
    );
  });

  it("loads modules in their order, and ends where one is not there", () => {
    expect(scriptOf({}, { modules: ["Stages/2025", "nodejs"] })).toContain(
      "  module load Stages/2025 || { echo 'twinloom: the module Stages/2025 cannot be loaded' >&2; return 1; }\n  module load nodejs ||",
    );
  });

  it("cannot be made of a folder that sbatch would change, or of an id that is none of Slurm", () => {
    expect(() => scriptOf({ logFolder: "/data/%a" })).toThrow("a path for it has no %");
    expect(() => scriptOf({ workingFolder: "/data\n#SBATCH --uid=0" })).toThrow("no line break");
    expect(() => scriptOf({ after: ["1,afterany:2"] })).toThrow("is no id of a job of Slurm");
  });
});
