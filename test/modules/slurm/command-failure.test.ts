import { describe, expect, it } from "vitest";
import { submissionFailure } from "../../../modules/slurm/command-failure.ts";

const codeOf = (stderr: string, signal: NodeJS.Signals | null = null): string =>
  submissionFailure({ code: signal === null ? 1 : null, signal, stdout: "", stderr }).code;

// As slurm_errno.c of Slurm 22.05 and the programs themselves say them.
const NOBODY_KNOWS = [
  "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation",
  "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
  "sbatch: error: Batch job submission failed: Unable to contact slurm controller (receive failure)",
  "sbatch: error: Batch job submission failed: Zero Bytes were transmitted or received",
  "sbatch: error: Batch job submission failed: Unexpected message received",
  "sbatch: error: Batch job submission failed: Unexpected missing socket error",
  "sbatch: error: Batch job submission failed: Message receive failure",
  "sbatch: error: Batch job submission failed: Message send failure",
  "sbatch: error: Batch job submission failed: Insane message length",
  "sbatch: error: Batch job submission failed: Header lengths are longer than data received",
  "sbatch: error: Batch job submission failed: Slurm backup controller in standby mode",
  "sbatch: error: Batch job submission failed: Slurm temporarily unable to accept job, sleeping and retrying",
  "sbatch: error: Batch job submission failed: Protocol authentication error",
  "sbatch: error: Batch job submission failed: Unspecified error",
  "sbatch: error: Batch job submission failed: Connection reset by peer",
  'sbatch: error: Munge encode failed: Failed to access "/run/munge/munge.socket.2": No such file or directory',
  "sbatch: fatal: Could not establish a configuration source",
  "slurmctld: error: I/O error writing script/environment to file",
];

const REFUSED = [
  "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified",
  "sbatch: error: invalid partition specified: gpus\nsbatch: error: Batch job submission failed: Invalid partition name specified",
  "sbatch: error: Batch job submission failed: Invalid qos specification",
  "sbatch: error: Batch job submission failed: Requested node configuration is not available",
  "sbatch: error: Batch job submission failed: Invalid job array specification",
  "sbatch: error: Batch job submission failed: Job dependency problem",
  "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
  "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
  "sbatch: error: Batch job submission failed: Access/permission denied",
  "sbatch: error: Memory specification can not be satisfied",
  "sbatch: unrecognized option '--foo'",
];

describe("A failed sbatch", () => {
  it.each(NOBODY_KNOWS)("may have submitted all the same where it says %j", (stderr) => {
    expect(codeOf(stderr)).toBe("TWIN_EXECUTOR_UNREACHABLE");
  });

  it.each(REFUSED)("has submitted nothing where it says %j", (stderr) => {
    expect(codeOf(stderr)).toBe("TWIN_EXECUTOR_REFUSED");
  });

  it("may have submitted where it said nothing, or was ended", () => {
    expect(codeOf("")).toBe("TWIN_EXECUTOR_UNREACHABLE");
    expect(codeOf("sbatch: error: Invalid qos specification", "SIGKILL")).toBe("TWIN_EXECUTOR_UNREACHABLE");
  });
});
