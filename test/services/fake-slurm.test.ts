import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type FakeFault, type FakeSlurm, type FakeSlurmOptions, startFakeSlurm } from "../servers/fake-slurm.ts";
import { type LocalSlurm, slurmMissing, startSlurm } from "../servers/slurm.ts";
import { callSlurm, queueOf, type SomeSlurm, submitScript } from "../servers/slurm-call.ts";

const accounting = slurmMissing({ accounting: true }) === undefined;
const missing = slurmMissing();
const until = <T>(expected: () => Promise<T>): Promise<T> => vi.waitFor(expected, { timeout: 120_000, interval: 100 });
const silent = "--output=/dev/null";

/** A small story, told by both; the answer must be the same, word for word. */
const STORIES: Readonly<Record<string, (slurm: SomeSlurm, folder: string) => Promise<unknown>>> = {
  "of an array, its elements and their exit codes": async (slurm) => {
    const id = await submitScript(slurm, ["--array=0-3%2", "--comment=token", silent], 'exit "$SLURM_ARRAY_TASK_ID"');
    return await until(async () => {
      const queue = await queueOf(slurm, id);
      expect(Object.values(queue).every(({ state }) => /COMPLETED|FAILED/.test(state))).toBe(true);
      return Object.entries(queue)
        .map(([element, { state, reason, exit, restarts }]) => [element, state, reason, exit, restarts])
        .toSorted();
    });
  },
  "of chains: one that can go on, one that is canceled, one that waits for ever": async (slurm) => {
    const id = await submitScript(slurm, ["--array=0-1", silent], 'exit "$SLURM_ARRAY_TASK_ID"');
    const good = await submitScript(slurm, [silent], "true");
    const after = (which: string, kill: string) =>
      submitScript(slurm, [`--dependency=afterok:${which}`, `--kill-on-invalid-dep=${kill}`, silent], "true");
    const chained = [
      await after(good, "yes"),
      await after(id, "yes"),
      await after(id, "no"),
      await after("987", "yes"),
    ];
    return await until(async () => {
      const queues = await Promise.all(chained.map((each) => queueOf(slurm, each)));
      const rows = queues.map((queue) => `${queue["N/A"]?.state} ${queue["N/A"]?.reason}`);
      expect(rows).toEqual([
        ...[
          "COMPLETED None",
          "CANCELLED DependencyNeverSatisfied",
          "PENDING DependencyNeverSatisfied",
          "COMPLETED None",
        ],
      ]);
      return rows;
    });
  },
  "of cancellation: what waits, what runs, what has ended, what is not there": async (slurm) => {
    const id = await submitScript(slurm, ["--array=0-3%1", silent], "sleep 60");
    await until(async () => expect(await queueOf(slurm, id)).toMatchObject({ 0: { state: "RUNNING" } }));
    const one = await callSlurm(slurm, "scancel", [`${id}_2`]);
    const left = new Set(Object.keys(await queueOf(slurm, id)));
    const all = [await callSlurm(slurm, "scancel", [id]), await callSlurm(slurm, "scancel", ["987"])];
    const states = await until(async () => {
      const queue = await queueOf(slurm, id);
      expect(Object.values(queue).map(({ state }) => state)).not.toContain("COMPLETING");
      return Object.values(queue).map(({ state }) => state);
    });
    return { one, left, all, states, again: await callSlurm(slurm, "scancel", [id]) };
  },
  "of an element that is requeued by the id of its array": async (slurm, folder) => {
    const file = join(folder, "requeued");
    const id = await submitScript(
      slurm,
      ["--array=5-6", "--open-mode=append", `--output=${file}-%a`],
      `echo "start \${SLURM_RESTART_COUNT:-0} $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_MIN-$SLURM_ARRAY_TASK_MAX"
       [ -n "$SLURM_RESTART_COUNT" ] || [ $SLURM_ARRAY_TASK_ID = 5 ] && exit 0
       scontrol requeue "\${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"; while :; do sleep 0.1; done`,
    );
    const queue = await until(async () => {
      const told = await queueOf(slurm, id);
      expect(told["6"]).toMatchObject({ state: "COMPLETED", restarts: "1" });
      expect(told["5"]).toMatchObject({ state: "COMPLETED", restarts: "0" });
      return Object.entries(told)
        .map(([element, { reason, exit }]) => [element, reason, exit])
        .toSorted();
    });
    const lines = (await readFile(`${file}-6`, "utf8")).split("\n").filter((line) => line.startsWith("start"));
    return { queue, lines };
  },
  "of what is refused": async (slurm) => {
    const refused = [
      ...[["--array=0-30000"], ["--array=5-2"], ["--nonsense"], ["--time=soon"], ["--partition=nowhere"]],
    ];
    const said = await Promise.all(refused.map((args) => callSlurm(slurm, "sbatch", args, "#!/bin/sh\n")));
    return {
      said: said.map(({ code, stderr }) => [
        code,
        stderr.replace("sbatch: error: invalid partition specified: nowhere\n", ""),
      ]),
      noScript: await callSlurm(slurm, "sbatch", [], "true\n"),
      nobody: await callSlurm(slurm, "squeue", ["--noheader", "--jobs=987"]),
      ofName: await callSlurm(slurm, "squeue", ["--noheader", "--name=nobody"]),
      requeued: await callSlurm(slurm, "scontrol", ["requeue", "987"]),
      shown: [await callSlurm(slurm, "scontrol", ["show", "job", "987"])],
    };
  },
  "of accounts": async (slurm) => {
    const id = await submitScript(slurm, ["--array=0-1", "--job-name=counted", silent], 'exit "$SLURM_ARRAY_TASK_ID"');
    const fields = "--format=JobID,State,ExitCode,JobName";
    return await until(async () => {
      const args = ["--noheader", "--parsable2", "--allocations", "--duplicates", `--jobs=${id}`, fields];
      const { stdout, code } = await callSlurm(slurm, "sacct", args);
      if (accounting) expect(stdout).toMatch(/COMPLETED.*FAILED/s);
      return { code, lines: stdout.replaceAll(`${id}_`, "ID_").split("\n").toSorted() };
    });
  },
};

describe("The fake Slurm", () => {
  describe.skipIf(missing !== undefined)(`beside the real one${missing === undefined ? "" : ` (${missing})`}`, () => {
    let fake: FakeSlurm;
    let real: LocalSlurm;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "twinloom-slurm-"));
      fake = await startFakeSlurm({ accounting, cpus: 20 });
      real = await startSlurm({ accounting, cpus: 20 });
    });
    afterAll(async () => {
      await fake.stop();
      await real.stop();
      await rm(folder, { recursive: true });
    });

    it.concurrent.each(Object.entries(STORIES))("says the same %s", async (_, tell) => {
      const folders = [await mkdtemp(join(folder, "fake-")), await mkdtemp(join(folder, "real-"))] as const;
      const [ofFake, ofReal] = await Promise.all([tell(fake, folders[0]), tell(real, folders[1])]);
      expect(ofFake).toEqual(ofReal);
    });
  });

  describe("with faults", { concurrent: true }, () => {
    const withFake = async (options: FakeSlurmOptions, use: (slurm: FakeSlurm) => Promise<void>): Promise<void> => {
      await using slurm = await startFakeSlurm(options);
      await use(slurm);
    };
    const sbatch = (slurm: FakeSlurm, lines = "true") =>
      callSlurm(slurm, "sbatch", [silent, "--array=0-1", "--signal=B:USR1@30", "--time=1"], `#!/bin/bash\n${lines}\n`);

    it.each<[FakeFault & { on: "sbatch" }, string, number]>([
      [{ on: "sbatch", call: 1, what: "timeout-after" }, "Socket timed out", 1],
      [{ on: "sbatch", call: 1, what: "timeout-before" }, "Socket timed out", 0],
      [{ on: "sbatch", call: 1, what: "refused" }, "Invalid account", 0],
      [{ on: "sbatch", call: 1, what: "down" }, "Unable to contact slurm controller", 0],
    ])("fails as told: %o", async (fault, words, submitted) => {
      await withFake({ faults: [fault] }, async (slurm) => {
        expect(await sbatch(slurm)).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
        expect(slurm.jobs()).toHaveLength(submitted);
        expect(await sbatch(slurm)).toMatchObject({ code: 0 });
      });
    });

    it("is silent, forgets what has ended, and lets midnight pass", async () => {
      const faults: FakeFault[] = [{ on: "squeue", call: 1, what: "silence" }];
      await withFake({ faults, accounting: true, minJobAgeMs: 400 }, async (slurm) => {
        await sbatch(slurm);
        expect(await callSlurm(slurm, "squeue", ["-h"])).toEqual({ code: 0, stdout: "", stderr: "" });
        await until(async () => expect(slurm.jobs()[0]?.hasEnded).toBe(true));
        await until(async () => expect((await callSlurm(slurm, "squeue", ["-h", "-t", "all"])).stdout).toBe(""));
        expect((await callSlurm(slurm, "sacct", ["-n", "-X", "-P"])).stdout).toContain("COMPLETED");
        slurm.passMidnight();
        expect((await callSlurm(slurm, "sacct", ["-n", "-X", "-P"])).stdout).toBe("");
        expect((await callSlurm(slurm, "sacct", ["-n", "-X", "-P", "-j", "1"])).stdout).toContain("COMPLETED");
        slurm.setAccounting("down");
        expect((await callSlurm(slurm, "sacct", ["-j", "1"])).stderr).toContain("Connection refused");
        slurm.setController("down");
        expect((await callSlurm(slurm, "sinfo", [])).stderr).toContain("Unable to contact slurm controller");
      });
    });

    it("kills an element with its node, and starts it again; one that is lost goes on beside its successor", async () => {
      const faults: FakeFault[] = [
        { on: "element", element: 0, restart: 0, afterMs: 100, what: "node-failure" },
        { on: "element", element: 1, restart: 1, afterMs: 100, what: "node-lost" },
      ];
      await withFake({ faults, cpus: 1 }, async (slurm) => {
        const pids = join(slurm.folder, "pids");
        await sbatch(slurm, `echo $SLURM_ARRAY_TASK_ID $$ >> ${pids}; [ "$SLURM_RESTART_COUNT" = 2 ] || sleep 1`);
        await until(async () => expect(slurm.jobs()[0]?.hasEnded).toBe(true));
        const elements = slurm.jobs()[0]?.elements ?? [];
        expect(elements.map(({ state, attempts }) => [state, ...attempts.map((each) => each.state)])).toEqual([
          ["COMPLETED", "NODE_FAIL"],
          ["COMPLETED"],
        ]);
        expect((await readFile(pids, "utf8")).trim().split("\n")).toHaveLength(3);
      });
    });

    it("tells an element before its time is up, then kills it; tells one before it is pre-empted, then requeues it", async () => {
      const faults: FakeFault[] = [{ on: "element", element: 1, afterMs: 300, what: "preemption" }];
      await withFake({ faults, minuteMs: 2000 }, async (slurm) => {
        const told = join(slurm.folder, "told");
        await sbatch(
          slurm,
          `[ -n "$SLURM_RESTART_COUNT" ] && exit 0
           trap 'echo told $SLURM_ARRAY_TASK_ID >> ${told}' USR1; trap '' TERM; while :; do sleep 0.05; done`,
        );
        await until(async () => expect(slurm.jobs()[0]?.hasEnded).toBe(true));
        const [first, second] = slurm.jobs()[0]?.elements ?? [];
        expect(first).toMatchObject({ state: "TIMEOUT", restarts: 0 });
        expect(second).toMatchObject({ state: "COMPLETED", restarts: 1, attempts: [{ state: "PREEMPTED" }] });
        expect((await readFile(told, "utf8")).trim().split("\n").toSorted()).toEqual(["told 0", "told 1"]);
      });
    });

    it("does the same for the same seed", async () => {
      const story = async (seed: number): Promise<unknown> => {
        await using slurm = await startFakeSlurm({ seed, rates: { calls: 0.4 } });
        for (let i = 0; i < 8; i++) await callSlurm(slurm, i % 2 === 0 ? "squeue" : "sinfo", ["-h"]);
        return slurm.calls.map(({ fault }) => fault);
      };
      const [first, again, other] = await Promise.all([story(1), story(1), story(3)]);
      expect(again).toEqual(first);
      expect(other).not.toEqual(first);
    });
  });
});
