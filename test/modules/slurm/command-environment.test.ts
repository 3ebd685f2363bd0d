import { describe, expect, it } from "vitest";
import { commandEnvironment } from "../../../modules/slurm/command-environment.ts";

describe("The environment of Slurm's commands", () => {
  it("has nothing of an outer job, nor of a user's habits, and keeps where Slurm is", () => {
    const environment = commandEnvironment({
      PATH: "/bin",
      SLURM_CONF: "/etc/slurm.conf",
      SLURM_JWT: "token",
      SLURM_JOB_ID: "7",
      SLURM_ARRAY_TASK_ID: "3",
      SLURM_MEM_PER_NODE: "100",
      SLURM_TIME_FORMAT: "relative",
      SLURM_CLUSTERS: "other",
      SQUEUE_FORMAT: "%i",
      SQUEUE_FORMAT2: "JobID",
      SQUEUE_STATES: "RUNNING",
      SACCT_FORMAT: "JobID",
      SBATCH_ARRAY_INX: "0-9",
      SBATCH_TIMELIMIT: "1",
      SCANCEL_STATE: "PENDING",
    });
    expect(environment).toEqual({
      PATH: "/bin",
      SLURM_CONF: "/etc/slurm.conf",
      SLURM_JWT: "token",
      // Lists of indices are not cut short.
      SLURM_BITSTR_LEN: "0",
    });
  });

  it("keeps the account and the partition of a user where the script says none", () => {
    const own = { SBATCH_ACCOUNT: "mine", SBATCH_PARTITION: "small" };
    expect(commandEnvironment(own)).toMatchObject(own);
    const said = commandEnvironment(own, new Set(["SBATCH_ACCOUNT"]));
    expect(said).toEqual({ SBATCH_PARTITION: "small", SLURM_BITSTR_LEN: "0" });
  });
});
