import { describe, expect, it } from "vitest";
import { checkSchema } from "../../../core/index.ts";
import { mergeSettings, SettingsSchema } from "../../../modules/slurm/settings.ts";

const problemsOf = (value: unknown): readonly string[] =>
  (checkSchema(SettingsSchema, value).problems ?? []).map(({ path, message }) => `${path.join(".")}: ${message}`);

describe("settings of a site", () => {
  it("are taken as they are", () => {
    expect(problemsOf({ account: "proj_1", gres: "gpu:a100:4,nvme:10", extra: ["--exclusive"], nice: 0 })).toEqual([]);
    expect(problemsOf({ command: ["/opt/node", "/opt/twinloom/cli/main.js"] })).toEqual([]);
  });

  it("cannot bring anything else into the script", () => {
    expect(problemsOf({ account: "a\n#SBATCH --uid=0" })).toHaveLength(1);
    expect(problemsOf({ partition: 'x" --uid=0' })).toHaveLength(1);
    expect(problemsOf({ setup: ["two\nlines"] })).toHaveLength(1);
    expect(problemsOf({ extra: ["--exclusive --uid=0"] })).toHaveLength(1);
    expect(problemsOf({ modules: ["a; rm -r b"] })).toHaveLength(1);
  });

  it("cannot set what Twinloom relies on, not by the beginning of its name either", () => {
    expect(problemsOf({ extra: ["--array=0-5", "--job-na=x", "--clusters=other"] })).toEqual([
      "extra.0: Twinloom sets --array itself, from the array or from another setting.",
      "extra.1: Twinloom sets --job-na itself, from the array or from another setting.",
      "extra.2: Twinloom sets --clusters itself, from the array or from another setting.",
    ]);
    expect(problemsOf({ extra: ["--mem-per-cpu=2000", "--time-min=10"] })).toEqual([]);
  });

  it("go before those of a profile, resources and variables one by one", () => {
    const profile = { account: "site", resources: { cpus: 2, memoryMiB: 100 }, environment: { A: "1", B: "1" } };
    const own = { account: "mine", partition: undefined, resources: { cpus: 4 }, environment: { B: "2" } };
    expect(mergeSettings({ ...profile, partition: "batch" }, own)).toEqual({
      account: "mine",
      partition: "batch",
      resources: { cpus: 4, memoryMiB: 100 },
      environment: { A: "1", B: "2" },
    });
  });
});
