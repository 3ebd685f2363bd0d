import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ArrayJob, ElementStatus } from "../../../../core/index.ts";
import { sampleDocument } from "../sample-batch.ts";
import { batchOf } from "./told-executor.ts";

const COMMAND = { command: ["twinloom"] } as const;
const PREEMPTED = { state: "failed", cause: "node", native: "PREEMPTED" } as const;

describe("Task runs that fail for no fault of their own", () => {
  it("are submitted anew as often as is asked for, under new tokens, and not by who only looks", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor } = test;
    await using client = await test.open();
    await client.submit(COMMAND);
    executor.states = () => PREEMPTED;
    expect((await client.refresh()).stages[0]?.runs).toMatchObject([
      { state: "failed", cause: "node", reason: "The executor says: PREEMPTED." },
      { state: "failed", cause: "node" },
    ]);
    const problems: string[] = [];
    const ended = await client.watch({
      retries: 2,
      intervalMs: 1,
      onStatus: (status) => problems.push(...status.problems),
    });
    expect(ended).toMatchObject({ isEnded: true, counts: { failed: 2 } });
    expect(new Set(executor.jobs.map(({ token }) => token)).size).toBe(3);
    expect(ended.stages[0]?.runs.map(({ attempt, retries }) => [attempt, retries])).toEqual([
      [3, 2],
      [3, 2],
    ]);
    const told = "Task runs failed for no fault of their own (2 node), and are submitted anew.";
    expect(problems).toEqual([told, told]);
    // Whoever resumes begins to count anew, and whoever opens the batch next goes on with that.
    expect((await client.resume()).stages[0]?.runs[0]).toMatchObject({ attempt: 4, retries: 0 });
    await expect(client.watch({ retries: -1 })).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
  });

  it("are told from those that would fail again: of an element out of time or memory, those behind the one that ran", async () => {
    await using test = await batchOf([1, 2, 3, 4], sampleDocument([1, 2, 3, 4]));
    const { executor, folder } = test;
    await using client = await test.open();
    await client.submit({ ...COMMAND, packing: { note: 2 } });
    executor.states = (id, element): Omit<ElementStatus, "element"> =>
      id === "job-1" ? { state: "failed", cause: element === 0 ? "oom" : "timeout" } : { state: "queued" };
    // One that has saved something goes on where it was.
    const saved = join(folder.paths.checkpoints({ stage: "note", run: 2 }), "note", "some-key");
    await mkdir(saved, { recursive: true });
    await client.refresh({ retries: 1 });
    expect(executor.jobs).toHaveLength(2);
    const { runs } = (await client.refresh()).stages[0] ?? {};
    expect(runs?.map(({ state, cause }) => cause ?? state)).toEqual(["oom", "queued", "timeout", "queued"]);
    await writeFile(join(saved, "checkpoint.json"), "{}");
    await client.refresh({ retries: 1 });
    expect(executor.jobs).toHaveLength(3);
    expect((await client.refresh()).stages[0]?.runs[2]?.state).toBe("queued");
  });

  it("take along what waited for them, but nothing that somebody canceled", async () => {
    await using test = await batchOf([1, 2]);
    const { executor, folder } = test;
    await using client = await test.open();
    await client.submit(COMMAND);
    await executor.run(folder, { ...(executor.jobs[0] as ArrayJob), elements: 1 }, "job-1");
    executor.states = (id, element) => {
      if (id === "job-1") return element === 0 ? { state: "succeeded" } : { state: "failed", cause: "node" };
      return id === "job-2" ? { state: "canceled", reason: "DependencyNeverSatisfied" } : { state: "queued" };
    };
    await client.refresh({ retries: 1 });
    expect(executor.jobs.slice(2).map(({ name, elements, after }) => ({ name, elements, after }))).toEqual([
      { name: "twice-first", elements: 1, after: [] },
      { name: "twice-second", elements: 1, after: [] },
      { name: "twice-second", elements: 1, after: ["job-3"] },
    ]);
    executor.states = () => ({ state: "failed", cause: "node" });
    await client.cancel();
    expect((await client.refresh({ retries: 9 })).isEnded).toBe(true);
    expect(executor.jobs).toHaveLength(5);
  });

  it("are those, too, that were started before what they need, and that is what is told", async () => {
    await using test = await batchOf([1]);
    const { executor } = test;
    await using client = await test.open();
    await client.submit(COMMAND);
    executor.states = (id) => ({ state: id === "job-2" ? "running" : "queued" });
    await client.refresh();
    executor.states = (id) => (id === "job-2" ? { state: "failed", exitCode: 1 } : { state: "running" });
    const early = await client.refresh({ retries: 1 });
    expect(early.stages[1]?.runs).toMatchObject([{ state: "created", retries: 1 }]);
    expect(early.problems).toEqual([expect.stringContaining("(1 system)")]);
    expect(executor.jobs[2]).toMatchObject({ name: "twice-second", after: ["job-1"] });
  });
});
