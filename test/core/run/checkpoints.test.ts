import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  definePlan,
  RandomStream,
  type RunOptions,
  type RunRecord,
  readRunRecord,
  runPlan,
  runTask,
} from "../../../core/index.ts";
import { StepCheckpoint } from "../../../core/run/checkpoint.ts";
import { count, countingTwin, made } from "./counting.ts";

let folder: string;
let warnings: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "twinloom-checkpoints-"));
  warnings = [];
  made.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

const checkpoints = (): string => join(folder, "checkpoints");

async function run(out: string, options: Partial<RunOptions> & { readonly inputs?: Record<string, string> } = {}) {
  await using twin = await countingTwin(warnings);
  return await runTask(twin, count, { out: join(folder, out), checkpoints: checkpoints(), ...options });
}

/** Asked to stop when so much is done. */
function stopAt(fraction: number): Pick<RunOptions, "stopping" | "onProgress"> {
  const stop = new AbortController();
  const onProgress = (progress: { readonly fraction: number }): void => {
    if (progress.fraction >= fraction) stop.abort();
  };
  return { stopping: stop.signal, onProgress };
}

function linesOf({ steps }: RunRecord): string | undefined {
  const [step] = Object.values(steps);
  return step?.outputs["lines"]?.fileDigest;
}

/** The one folder that a checkpoint of the task is in. */
async function savedFolder(): Promise<string> {
  const names = await readdir(join(checkpoints(), "count"));
  expect(names).toHaveLength(1);
  return join(checkpoints(), "count", names[0] as string);
}

describe("a run with checkpoints", () => {
  it("that was stopped leaves no record, goes on where it was, and gives what an undisturbed one gives", async () => {
    const whole = await run("whole");
    made.length = 0;
    await expect(run("out", stopAt(0.45))).rejects.toMatchObject({ code: "TWIN_TASK_STOPPED", done: "9 of 20 lines" });
    expect(await readdir(folder)).not.toContain("out");
    const record = await run("out");
    expect(linesOf(record)).toBe(linesOf(whole));
    expect(made).toEqual(Array.from({ length: 20 }, (_, line) => line));
    expect(await readdir(checkpoints())).toEqual([]);
    expect(warnings).toEqual([]);
  });

  it("keeps what was saved when its task fails, and removes it only when the run has succeeded", async () => {
    const failing = { parameters: { failAt: 10 } };
    await expect(run("failed", failing)).rejects.toMatchObject({ code: "TWIN_RUN_FAILED" });
    made.length = 0;
    await expect(run("again", failing)).rejects.toMatchObject({ code: "TWIN_RUN_FAILED" });
    expect(made).toEqual([8, 9]);
  });

  it("is canceled by its signal as any other, and keeps what was saved", async () => {
    const stop = new AbortController();
    const onProgress = ({ fraction }: { readonly fraction: number }): void => {
      if (fraction >= 0.5) stop.abort();
    };
    await expect(run("out", { signal: stop.signal, onProgress })).rejects.toMatchObject({ name: "AbortError" });
    expect((await readRunRecord(join(folder, "out"))).state).toBe("canceled");
  });

  it("begins anew for other work, and says so", async () => {
    const start = join(folder, "start.txt");
    await writeFile(start, "5");
    const inputs = { start };
    await expect(run("a", { ...stopAt(0.5), inputs })).rejects.toMatchObject({ code: "TWIN_TASK_STOPPED" });
    await writeFile(start, "6");
    made.length = 0;
    await run("b", { inputs });
    await run("c", { parameters: { every: 5 }, inputs });
    expect(made).toHaveLength(40);
    expect(warnings).toEqual(Array(2).fill(expect.stringContaining("of other work")));
    // Moved elsewhere, the input is the same.
    await writeFile(join(folder, "moved.txt"), "5");
    made.length = 0;
    await run("d", { inputs: { start: join(folder, "moved.txt") } });
    expect(made).toHaveLength(10);
  });

  it.for<[string, (saved: string) => Promise<void>]>([
    ["cut off", (saved) => writeFile(join(saved, "checkpoint.json"), '{"schemaVersion":1,')],
    ["empty", (saved) => writeFile(join(saved, "checkpoint.json"), "")],
    [
      "of another state",
      async (saved) => {
        const text = await readFile(join(saved, "checkpoint.json"), "utf8");
        await writeFile(join(saved, "checkpoint.json"), text.replace('"state":9', '"state":8'));
      },
    ],
    [
      "with other bytes in its file",
      async (saved) => {
        const name = (await readdir(saved)).find((each) => each.endsWith(".txt")) as string;
        await writeFile(join(saved, name), "7\n");
      },
    ],
    [
      "without its file",
      async (saved) => {
        const name = (await readdir(saved)).find((each) => each.endsWith(".txt")) as string;
        await rm(join(saved, name));
      },
    ],
  ])("begins anew where its checkpoint is %s, and says so", async ([, damage]) => {
    const whole = await run("whole");
    await expect(run("out", stopAt(0.45))).rejects.toMatchObject({ code: "TWIN_TASK_STOPPED" });
    await damage(await savedFolder());
    expect(linesOf(await run("out"))).toBe(linesOf(whole));
    expect(warnings).toEqual([expect.stringContaining("cannot be used")]);
  });

  it("starts no further step when it was asked to stop, and a plan goes on with the same folder", async () => {
    const plan = definePlan("two", (step) => {
      const first = step("first", count, { parameters: { to: 1 } });
      step("second", count, { inputs: { start: first.outputs.lines } });
    });
    await using twin = await countingTwin(warnings);
    const options = { out: join(folder, "out"), checkpoints: checkpoints() };
    const stopping = AbortSignal.abort();
    await expect(runPlan(twin, plan, { ...options, stopping })).rejects.toMatchObject({
      code: "TWIN_TASK_STOPPED",
      message: expect.stringContaining('"two" was asked to stop, saved its checkpoint (0 of 2 steps)'),
    });
    await expect(runPlan(twin, plan, { ...options, ...stopAt(0.9) })).rejects.toMatchObject({ done: "1 of 2 steps" });
    expect((await runPlan(twin, plan, options)).state).toBe("succeeded");
    expect(await readdir(checkpoints())).toEqual([]);
  });

  it("without a folder goes on when it is asked to stop, as nothing could be saved", async () => {
    await using twin = await countingTwin();
    const record = await runTask(twin, count, { out: join(folder, "out"), stopping: AbortSignal.abort() });
    expect(record.state).toBe("succeeded");
  });
});

describe("processes that share a checkpoint", () => {
  const key = { task: "count", parameters: {}, inputs: {} } as never;
  const ignore = (): void => undefined;
  const open = () =>
    new StepCheckpoint({
      folder: checkpoints(),
      step: "count",
      key,
      log: { debug: ignore, info: ignore, warn: (_, text) => void warnings.push(text), error: ignore },
    });

  it("replace what the other saved, and what is loaded is always of one of them, whole", async () => {
    const save = async (checkpoint: StepCheckpoint, who: string, round: number): Promise<void> => {
      const paths = await Promise.all(["a.txt", "b.txt"].map((name) => checkpoint.newFile(name)));
      for (const path of paths) await writeFile(path, `${who} ${round}`);
      const [a = "", b = ""] = paths;
      await checkpoint.save({ state: `${who} ${round}`, files: { a, b } });
    };
    const work = async (who: string): Promise<void> => {
      const checkpoint = open();
      await checkpoint.load();
      for (let round = 0; round < 15; round++) await save(checkpoint, who, round);
    };
    await save(open(), "first", 0);
    await Promise.all(["one", "two", "three"].map(work));
    const { state, files } = (await open().load()) as NonNullable<Awaited<ReturnType<StepCheckpoint["load"]>>>;
    expect(state).toMatch(/^(one|two|three) 14$/);
    for (const path of Object.values(files)) expect(await readFile(path, "utf8")).toBe(state);
    expect(warnings).toEqual([]);
  });

  it("load what is newer where the other saves meanwhile, and removes what it had saved before", async () => {
    const saver = open();
    let rounds = 0;
    const save = async (): Promise<void> => {
      const path = await saver.newFile("a.txt");
      await writeFile(path, String(rounds));
      await saver.save({ state: rounds++, files: { a: path } });
    };
    await save();
    const saving = (async () => {
      while (rounds < 100) await save();
    })();
    const states: unknown[] = [];
    while (rounds < 100) states.push((await open().load())?.state);
    await saving;
    expect(states).not.toContain(undefined);
    expect(warnings).toEqual([]);
  });

  it("are told where the other has ended and removed it", async () => {
    const [one, other] = [open(), open()];
    const path = await one.newFile("a.txt");
    await writeFile(path, "a");
    await one.save({ state: 1, files: { a: path } });
    const loaded = await other.load();
    await one.remove();
    await expect(other.save({ state: 2, files: loaded?.files ?? {} })).rejects.toMatchObject({
      code: "TWIN_CHECKPOINT_GONE",
    });
    expect(await open().load()).toBeUndefined();
  });

  it("refuse files of elsewhere, and names that are none", async () => {
    const checkpoint = open();
    await expect(checkpoint.newFile("../a")).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await expect(checkpoint.save({ state: 1, files: { a: join(folder, "a") } })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
  });
});

const SCHEDULES = process.env["TWINLOOM_LONG"] === "1" ? 25 : 5;

describe("a run that is killed again and again", () => {
  it(`goes on each time, and gives what an undisturbed one gives: ${SCHEDULES} schedules`, async () => {
    const to = 40;
    const whole = await run("whole", { parameters: { to, every: 1 } });
    const random = new RandomStream({ seed: BigInt(SCHEDULES), id: 0n, purpose: 1 });
    const script = fileURLToPath(new URL("count-until-killed.ts", import.meta.url));
    for (let schedule = 0; schedule < SCHEDULES; schedule++) {
      const out = join(folder, `out-${schedule}`);
      let lines = 0;
      for (let kills = 0; ; kills++) {
        const args = ["--conditions=@twinloom/source", script, out, checkpoints(), String(to)];
        const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
        const closed = once(child, "close");
        // The last one may end; what is varied is when the others are killed.
        const mostLines = kills < 3 ? Math.floor(random.uniform() * 16) : Number.POSITIVE_INFINITY;
        let told = 0;
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          told += text.split("line").length - 1;
          if (told >= mostLines) child.kill("SIGKILL");
        });
        const [code] = await closed;
        lines += told;
        if (code === 0) break;
        expect(kills).toBeLessThan(3);
      }
      const record = await readRunRecord(out);
      expect(linesOf(record)).toBe(linesOf(whole));
      // Each kill loses at most the line at hand.
      expect(lines).toBeLessThanOrEqual(to + 3);
    }
  }, 300_000);
});
