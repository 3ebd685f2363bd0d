import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type LocalSlurm, slurmMissing, startSlurm } from "../servers/slurm.ts";
import { callSlurm, queueOf, submitScript } from "../servers/slurm-call.ts";

const missing = slurmMissing();

describe.skipIf(missing !== undefined)(`Slurm of this machine${missing === undefined ? "" : ` (${missing})`}`, () => {
  let slurm: LocalSlurm;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-slurm-"));
    slurm = await startSlurm({ nodes: 4, nodeTimeoutS: 6 });
  });
  afterAll(async () => {
    await slurm.stop();
    await rm(folder, { recursive: true });
  });
  const lines = async (name: string): Promise<readonly string[]> =>
    (await readFile(join(folder, name), "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
  const until = (expected: () => Promise<void>): Promise<void> =>
    vi.waitFor(expected, { timeout: 120_000, interval: 200 });
  const states = async (id: string): Promise<readonly string[]> =>
    Object.values(await queueOf(slurm, id)).map(({ state }) => state);
  const output = (name: string): readonly string[] => ["--open-mode=append", `--output=${join(folder, name)}`];

  describe("with everything as it should be, or a node that is not", { concurrent: true }, () => {
    it("runs an array on more CPUs than the machine has, and tells how each element ended", async () => {
      const lines = 'sleep 0.5; exit "$SLURM_ARRAY_TASK_ID"';
      const id = await submitScript(
        slurm,
        ["--array=0-2", "--cpus-per-task=2", "--output=/dev/null", "--nodelist=node0"],
        lines,
      );
      await until(async () => {
        const queue = await queueOf(slurm, id);
        expect(
          Object.values(queue)
            .map(({ state, exit }) => `${state} ${exit}`)
            .toSorted(),
        ).toEqual([...["COMPLETED 0", "FAILED 256", "FAILED 512"]]);
      });
    });

    it("starts an element again that asks for it, and only that one", async () => {
      const id = await submitScript(
        slurm,
        ["--array=0-1", "--nodelist=node0", ...output("requeue-%a")],
        `echo "start \${SLURM_RESTART_COUNT:-0}"
         [ -n "$SLURM_RESTART_COUNT$SLURM_ARRAY_TASK_ID" ] && [ "\${SLURM_RESTART_COUNT:-0}$SLURM_ARRAY_TASK_ID" != 01 ] && exit 0
         scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; sleep 60`,
      );
      await until(async () =>
        expect((await queueOf(slurm, id))["1"]).toMatchObject({ state: "COMPLETED", restarts: "1" }),
      );
      expect((await queueOf(slurm, id))["0"]).toMatchObject({ state: "COMPLETED", restarts: "0" });
      expect((await lines("requeue-1")).filter((line) => line.startsWith("start"))).toEqual(["start 0", "start 1"]);
    });

    it("tells a job of low priority by SIGUSR1 before it is pre-empted, and starts it again", async () => {
      const id = await submitScript(
        slurm,
        [
          "--partition=low",
          "--cpus-per-task=4",
          "--nodelist=node1",
          "--signal=B:USR1@10",
          "--time=10",
          ...output("low"),
        ],
        `echo "start \${SLURM_RESTART_COUNT:-0}"
         [ -n "$SLURM_RESTART_COUNT" ] && exit 0
         trap 'echo told' USR1; while :; do sleep 0.1; done`,
      );
      await until(async () => expect(await lines("low")).toContain("start 0"));
      const high = await submitScript(slurm, ["--cpus-per-task=4", "--nodelist=node1", "--output=/dev/null"], "true");
      await until(async () => expect(await states(high)).toEqual(["COMPLETED"]));
      await until(async () => expect(await states(id)).toEqual(["COMPLETED"]));
      expect((await lines("low")).filter((line) => /^(start|told)/.test(line))).toEqual(["start 0", "told", "start 1"]);
    });

    it("starts again elsewhere what ran on a node that died", async () => {
      const id = await submitScript(
        slurm,
        ["--exclude=node0,node1", ...output("died")],
        `echo "start \${SLURM_RESTART_COUNT:-0} $SLURMD_NODENAME $$"
         [ -n "$SLURM_RESTART_COUNT" ] && exit 0
         while :; do sleep 1; done`,
      );
      await until(async () => expect(await lines("died")).toHaveLength(1));
      const [, , node = "", pid = ""] = ((await lines("died"))[0] as string).split(" ");
      await slurm.killNode(node, { withJobs: true });
      // Dead at once, but its number is free only when somebody has taken note of its end.
      await until(async () => expect(() => process.kill(Number(pid), 0)).toThrow("ESRCH"));
      await until(async () => expect(await states(id)).toEqual(["COMPLETED"]));
      const [, again = ""] = (await lines("died")).filter((line) => line.startsWith("start"));
      expect(again).toMatch(/^start 1 node[23] /);
      expect(again).not.toContain(node);
      await slurm.startNode(node);
    });
  });

  it("gives a drained node nothing new", async () => {
    await slurm.drain("node3");
    const id = await submitScript(slurm, ["--nodelist=node3", "--output=/dev/null"], "true");
    await until(async () =>
      expect(Object.values(await queueOf(slurm, id))[0]?.reason).toMatch(/ReqNodeNotAvail|DRAINED/),
    );
    await slurm.undrain("node3");
    await until(async () => expect(await states(id)).toEqual(["COMPLETED"]));
  });

  it("goes on with what runs while the controller is dead, and tells of it afterwards", async () => {
    const go = join(folder, "go");
    const id = await submitScript(
      slurm,
      [...output("alone")],
      `echo start; until [ -e ${go} ]; do sleep 0.1; done; echo end`,
    );
    await until(async () => expect(await lines("alone")).toEqual(["start"]));
    // What it has not written down yet, a SIGKILL takes from it.
    const state = join(slurm.folder, "state", "job_state");
    await until(async () => expect(await readFile(state, "latin1")).toContain(join(folder, "alone")));
    await slurm.killController();
    const said = await callSlurm(slurm, "squeue", []);
    expect(said).toMatchObject({ code: 1, stderr: expect.stringContaining("Unable to contact slurm controller") });
    await writeFile(go, "");
    await until(async () => expect(await lines("alone")).toEqual(["start", "end"]));
    await slurm.startController();
    await until(async () => expect(await states(id)).toEqual(["COMPLETED"]));
  });
});
