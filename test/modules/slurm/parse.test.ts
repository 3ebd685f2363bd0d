import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArrayIndices } from "../../../modules/slurm/array-indices.ts";
import { meaningOf } from "../../../modules/slurm/native-states.ts";
import { parseConfig } from "../../../modules/slurm/parse-config.ts";
import { parseSacct } from "../../../modules/slurm/parse-sacct.ts";
import { parseSinfo } from "../../../modules/slurm/parse-sinfo.ts";
import { parseSqueue } from "../../../modules/slurm/parse-squeue.ts";
import { TOKEN } from "./job-of.ts";

const NAME = `twinloom-${TOKEN}`;

/** As `squeue --Format` prints it. */
function squeueLine(...fields: readonly string[]): string {
  const widths = [14, 14, 20, 12, 12, 64, 64, 48];
  return widths.map((width, at) => (fields[at] ?? "").slice(0, width).padEnd(width)).join("");
}

describe("lists of array indices", () => {
  it("are read in every form that Slurm writes", () => {
    expect(parseArrayIndices("7")).toEqual([7]);
    expect(parseArrayIndices("[0-2,5,8-12:2%5]")).toEqual([0, 1, 2, 5, 8, 10, 12]);
    expect(parseArrayIndices("3-5%2")).toEqual([3, 4, 5]);
  });

  it("are not guessed where they are cut short or none", () => {
    for (const text of ["", "N/A", "0-9,...", "0-", "1_2", "0-9999999999", "1-9:0"]) {
      expect(parseArrayIndices(text), text).toBeUndefined();
    }
  });

  it("are what was written, for any set of indices", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5000), { minLength: 1 }), (indices) => {
        expect(parseArrayIndices(`[${indices.join(",")}]`)).toEqual(indices);
      }),
    );
  });
});

describe("states of Slurm", () => {
  it("mean what the life of a run calls them", () => {
    expect(meaningOf("PENDING")).toEqual({ state: "queued" });
    expect(meaningOf("PENDING", 1)).toEqual({ state: "preempted" });
    expect(meaningOf("CONFIGURING")).toEqual({ state: "preparing" });
    expect(meaningOf("COMPLETING")).toEqual({ state: "running" });
    expect(meaningOf("CANCELLED by 1000")).toEqual({ state: "canceled" });
    expect(meaningOf("TIMEOUT")).toEqual({ state: "failed", cause: "timeout" });
    expect(meaningOf("DEADLINE")).toEqual({ state: "failed", cause: "timeout" });
    expect(meaningOf("OUT_OF_MEMORY")).toEqual({ state: "failed", cause: "oom" });
    expect(meaningOf("NODE_FAIL")).toEqual({ state: "failed", cause: "node" });
    expect(meaningOf("REQUEUE_HOLD")).toEqual({ state: "preempted" });
  });

  it("are unknown where we do not know them", () => {
    expect(meaningOf("TELEPORTING")).toEqual({ state: "unknown" });
    expect(meaningOf("")).toEqual({ state: "unknown" });
  });
});

describe("what squeue says", () => {
  it("is read by its columns, with exit codes out of wait(2)", () => {
    const text = [
      squeueLine("29", "0", "COMPLETED", "0", "0", "None", "n1", NAME),
      squeueLine("29", "1", "FAILED", "768", "0", "NonZeroExitCode", "n1", NAME),
      squeueLine("29", "2", "FAILED", "9", "0", "JobLaunchFailure", "n2", NAME),
      squeueLine("29", "3", "PENDING", "0", "1", "BeginTime", "", NAME),
    ].join("\n");
    expect(parseSqueue(`${text}\n`).map(({ elements, status }) => ({ elements, ...status }))).toEqual([
      { elements: [0], state: "succeeded", native: "COMPLETED", exitCode: 0, node: "n1" },
      {
        elements: [1],
        state: "failed",
        cause: "executor",
        native: "FAILED",
        reason: "NonZeroExitCode",
        exitCode: 3,
        node: "n1",
      },
      {
        elements: [2],
        state: "failed",
        cause: "executor",
        native: "FAILED",
        reason: "JobLaunchFailure",
        exitCode: 137,
        node: "n2",
      },
      { elements: [3], state: "preempted", native: "PENDING", reason: "BeginTime" },
    ]);
  });

  it("tells an element that asked to be started again, and was not, from one that failed", () => {
    const again = {
      state: "failed",
      cause: "system",
      exitCode: 75,
      reason: expect.stringContaining("did not requeue"),
    };
    const [row] = parseSqueue(squeueLine("29", "1", "FAILED", String(75 << 8), "0", "NonZeroExitCode", "n1", NAME));
    expect(row?.status).toMatchObject(again);
    const [account] = parseSacct(`29_1|FAILED|75:0|n1|2026-01-01T23:59:00|2026-01-01T23:59:10|${NAME}|`);
    expect(account?.status).toMatchObject(again);
  });

  it("has the waiting elements of a canceled array without their indices", () => {
    const [row] = parseSqueue(squeueLine("9", "N/A", "CANCELLED", "0", "0", "None", "", NAME));
    expect(row).toMatchObject({ id: "9", elements: undefined, status: { state: "canceled" } });
  });

  it("is not guessed where it is something else", () => {
    expect(parseSqueue("slurm_load_jobs error: Unable to contact slurm controller\n\n")).toEqual([]);
    expect(parseSqueue(squeueLine("9", "N/A", "RUNNING", "0", "0", "None", "", NAME))).toEqual([]);
  });
});

describe("what sacct says", () => {
  it("counts the last run of an element that was requeued, and no steps", () => {
    const rows = parseSacct(
      [
        `12_0|NODE_FAIL|0:0|n1|2026-01-01T23:59:00|2026-01-01T23:59:10|${NAME}|`,
        `12_0|COMPLETED|0:0|n2|2026-01-01T23:59:50|2026-01-02T00:00:10|${NAME}|`,
        `12_0.batch|FAILED|1:0|n2|2026-01-02T00:00:10|2026-01-02T00:00:10|batch|`,
        `12_1|FAILED|3:0|n1|2026-01-01T23:59:00|2026-01-01T23:59:10|${NAME}|twinloom:${TOKEN}:6 sweep`,
        `12_2|OUT_OF_MEMORY|0:125|n1|2026-01-01T23:59:00|2026-01-01T23:59:10|${NAME}|`,
        `12_[3-5%2]|CANCELLED by 0|0:0|None assigned|2026-01-01T23:59:00|Unknown|${NAME}|`,
        "4711|COMPLETED|0:0|n1|2026-01-01T23:59:00|2026-01-01T23:59:10|other|",
        "sacct: error: something",
      ].join("\n"),
    );
    expect(rows.map(({ elements, comment, status }) => [elements, status.state, status.exitCode, comment])).toEqual([
      [[0], "succeeded", 0, ""],
      [[1], "failed", 3, `twinloom:${TOKEN}:6 sweep`],
      [[2], "failed", 253, ""],
      [[3, 4, 5], "canceled", undefined, ""],
    ]);
  });
});

describe("what scontrol show config says", () => {
  it("is read where it is there, and is Slurm's default where not", () => {
    const config = parseConfig(`Configuration data as of 2026-01-01T00:00:00
AccountingStorageType   = accounting_storage/slurmdbd
ClusterName             = alps
JobRequeue              = 0
MaxArraySize            = 20001
MinJobAge               = 600 sec
PreemptMode             = REQUEUE
PreemptType             = preempt/qos
SlurmctldParameters     = idle_on_node_suspend,preempt_send_user_signal
SLURM_VERSION           = 23.02.7

Slurmctld(primary) at alps1 is UP
`);
    expect(config).toMatchObject({
      version: "23.02.7",
      maxArraySize: 20_001,
      accounting: true,
      minJobAgeS: 600,
      messageTimeoutS: 10,
      preemptMode: "REQUEUE",
      preemptionIsAnnounced: true,
      jobRequeue: false,
      clusterName: "alps",
    });
    expect(parseConfig("AccountingStorageType = accounting_storage/none\n")).toMatchObject({
      accounting: false,
      maxArraySize: 1001,
      minJobAgeS: 300,
    });
  });
});

describe("what sinfo says", () => {
  it("is one partition for the kinds of nodes that it has", () => {
    const partitions = parseSinfo(`batch*|up|1-00:00:00|10|96|93000+|(null)|idle|OFF
batch*|up|1-00:00:00|4|48|190000|gpu:a100:4(S:0-1),nvme:1|alloc|OFF
dev|down|infinite|1|4|4000|(null)|down*|REQUEUE
short|up|30:00|1|4|4000|(null)|idle~|REQUEUE
`);
    expect(partitions).toEqual([
      {
        name: "batch",
        isDefault: true,
        availability: "up",
        timeLimitS: 86_400,
        nodes: 14,
        idleNodes: 10,
        cpus: [48, 96],
        memoryMiB: [93_000, 190_000],
        gres: ["gpu:a100:4", "nvme:1"],
        preemption: "OFF",
      },
      expect.not.objectContaining({ timeLimitS: expect.anything() }),
      expect.objectContaining({ name: "short", timeLimitS: 1800, idleNodes: 1 }),
    ]);
  });
});
