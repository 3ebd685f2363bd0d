import { rename, rm } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type ArrayJob, ExecutorRefusedError, openBatch, readBatchStatus, runElement } from "../../../../core/index.ts";
import { openSample, sampleDocument } from "../sample-batch.ts";
import { batchOf, unreachable } from "./told-executor.ts";

const SUBMIT = { command: ["twinloom", "--plain"], packing: { first: 2 } } as const;

describe("A client of a batch", () => {
  it("submits one array per stage, each after those it needs, and sees their task runs to the end", async () => {
    await using test = await batchOf([1, 2, 3]);
    const { executor, folder } = test;
    await using client = await test.open();
    const submitted = await client.submit(SUBMIT);
    expect(submitted.counts).toMatchObject({ created: 6 });
    expect(executor.jobs.map(({ name, elements, after }) => ({ name, elements, after }))).toEqual([
      { name: "twice-first", elements: 2, after: [] },
      { name: "twice-second", elements: 3, after: ["job-1"] },
    ]);
    const [first, second] = executor.jobs as [ArrayJob, ArrayJob];
    expect(first.command).toEqual(["twinloom", "--plain", "batch", "work", folder.path, "--token", first.token]);
    // What waits for an array before it is not queued.
    expect((await client.refresh()).counts).toMatchObject({ queued: 3, created: 3 });
    executor.states = (id) => ({ state: id === "job-1" ? "running" : "queued" });
    const running = await client.refresh();
    expect(running).toMatchObject({ elementsRunning: 2, progress: 0, isEnded: false, isStalled: false });
    await executor.run(folder, first, "job-1");
    test.time.ms += 1000;
    const half = await client.refresh();
    expect(half).toMatchObject({ progress: 0.5, etaMs: 1000, counts: { succeeded: 3, queued: 3 } });
    await executor.run(folder, second, "job-2");
    const looks: number[] = [];
    const ended = await client.watch({ onStatus: ({ progress }) => looks.push(progress), intervalMs: 1 });
    expect(looks).toEqual([1]);
    expect(ended).toMatchObject({ isEnded: true, counts: { succeeded: 6 }, problems: [] });
    expect((await client.submit(SUBMIT)).submissions).toHaveLength(2);
    expect(await readBatchStatus(test.place.batch, { clock: { now: () => test.time.ms } })).toEqual(ended);
  });

  it("finds an array again that was taken without an answer, and submits one again that was not taken, under the same token", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor } = test;
    let calls = 0;
    executor.onSubmit = () => {
      if (calls++ === 0) unreachable();
    };
    await using client = await test.open();
    const status = await client.submit({ command: ["twinloom"] });
    expect(status.submissions).toMatchObject([{ state: "submitted", ids: ["job-1"] }]);
    expect(status.problems).toEqual([expect.stringContaining("told cannot be reached: no answer.")]);
    expect([calls, executor.jobs.length]).toEqual([2, 1]);
    expect(executor.jobs[0]?.token).toBe(status.submissions[0]?.token);

    await using other = await batchOf([1, 2], sampleDocument([1, 2]));
    other.executor.onSubmit = unreachable;
    other.executor.found = "first";
    await using second = await other.open();
    expect((await second.submit({ command: ["twinloom"] })).submissions).toMatchObject([
      { state: "submitted", ids: ["job-1"] },
    ]);
  });

  it("does not submit blindly: what is not known is told, a witness tells more, and force takes the elements away first", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor, folder } = test;
    executor.onSubmit = unreachable;
    executor.found = "unknown";
    await using client = await test.open();
    await client.submit({ command: ["twinloom"] });
    expect(await client.refresh()).toMatchObject({ isStalled: false, problems: [] });
    test.time.ms += 1000;
    const told = await client.watch();
    expect(told).toMatchObject({ isStalled: true, counts: { created: 2 } });
    expect(told.problems).toEqual([expect.stringMatching(/is not known.*resume the batch with force/)]);
    executor.onSubmit = () => {};
    expect((await client.resume()).submissions).toHaveLength(1);
    expect(executor.jobs).toEqual([]);

    const forced = await client.resume({ force: true });
    expect(forced.submissions).toMatchObject([{ state: "abandoned" }, { state: "submitted", ids: ["job-1"] }]);
    // The old array starts after all.
    const token = forced.submissions[0]?.token ?? "";
    const openTwin = () => openSample();
    const late = await runElement(folder, { token, element: 0, restart: 0, job: "late", openTwin });
    expect(late).toEqual({ state: "done", takenBy: "revoked", runs: [] });

    await using begun = await batchOf([1, 2], sampleDocument([1, 2]));
    begun.executor.onSubmit = unreachable;
    begun.executor.found = "unknown";
    await using second = await begun.open();
    const [open] = (await second.submit({ command: ["twinloom"] })).submissions;
    await begun.folder.claimElement(open?.token ?? "", 1, { job: "job-7", restart: 0 });
    expect((await second.refresh()).submissions).toMatchObject([{ state: "submitted", ids: ["job-7"] }]);
  });

  it("says that an array was refused, and resumes when it is asked for otherwise", async () => {
    await using test = await batchOf([1, 2]);
    const { executor } = test;
    executor.onSubmit = () => {
      throw new ExecutorRefusedError("told", "no such account.");
    };
    await using client = await test.open();
    await expect(client.resume()).rejects.toMatchObject({ code: "TWIN_INVALID_ARGUMENT" });
    await expect(client.submit({ ...SUBMIT, packing: { frist: 2 } })).rejects.toMatchObject({
      code: "TWIN_INVALID_ARGUMENT",
    });
    await expect(client.submit(SUBMIT)).rejects.toMatchObject({ code: "TWIN_EXECUTOR_REFUSED" });
    expect(await client.refresh()).toMatchObject({
      isStalled: true,
      problems: ["4 task runs have not been submitted. Resume the batch."],
    });
    executor.onSubmit = () => {};
    expect((await client.resume()).submissions.map(({ state }) => state)).toEqual([
      "refused",
      "submitted",
      "submitted",
    ]);
  });

  it("resumes only what failed or was canceled for it, without waiting for what cannot succeed", async () => {
    await using test = await batchOf([1, 13, 3]);
    const { executor, folder } = test;
    await using client = await test.open();
    await client.submit({ command: ["twinloom"] });
    await executor.run(folder, executor.jobs[0] as ArrayJob, "job-1");
    executor.states = (id, element) =>
      id === "job-2"
        ? { state: "canceled", reason: "DependencyNeverSatisfied" }
        : element === 1
          ? { state: "failed", exitCode: 1 }
          : { state: "succeeded" };
    const ended = await client.watch();
    const [first, second] = ended.stages;
    expect(first?.runs[1]).toMatchObject({
      state: "failed",
      cause: "executor",
      reason: expect.stringContaining("13 is not allowed"),
    });
    expect(second?.runs.map(({ state }) => state)).toEqual(["canceled", "skipped", "canceled"]);
    expect(second?.runs[1]?.reason).toBe('It needs an output of stage "first", whose run did not succeed.');

    executor.states = () => ({ state: "queued" });
    const resumed = await client.resume();
    expect(executor.jobs.slice(2).map(({ elements, after }) => ({ elements, after }))).toEqual([
      { elements: 1, after: [] },
      { elements: 2, after: [] },
      { elements: 1, after: ["job-3"] },
    ]);
    expect(resumed.stages[0]?.runs.map(({ state, attempt }) => [state, attempt])).toEqual([
      ["succeeded", 1],
      ["created", 2],
      ["succeeded", 1],
    ]);
  });

  it("waits for results before it believes that there are none, and for news before it gives a run up", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor } = test;
    await using client = await test.open();
    await client.submit({ command: ["twinloom"] });
    executor.states = (_, element) => ({ state: element === 0 ? "succeeded" : "unknown" });
    expect((await client.refresh()).counts).toMatchObject({ created: 1, unknown: 1 });
    test.time.ms += 1000;
    expect((await client.refresh()).stages[0]?.runs[0]).toMatchObject({ state: "failed", cause: "outputs" });
    test.time.ms += 4000;
    const lost = await client.refresh();
    expect(lost.stages[0]?.runs[1]).toMatchObject({
      state: "failed",
      cause: "lost",
      reason: "Nothing was heard of it for 5 s.",
    });
    // It was not: its result counts all the same.
    await executor.run(test.folder, executor.jobs[0] as ArrayJob, "job-1");
    expect((await client.refresh()).stages[0]?.runs).toMatchObject([
      { state: "succeeded", attempt: 2 },
      { state: "succeeded", attempt: 2 },
    ]);
  });

  it("follows the array that works, where the executor took one twice", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor, folder } = test;
    await using client = await test.open();
    await client.submit({ command: ["twinloom"] });
    const [job] = executor.jobs as [ArrayJob];
    for (const element of [0, 1]) await folder.claimElement(job.token, element, { job: "other", restart: 0 });
    executor.states = (id) => ({ state: id === "other" ? "running" : "succeeded" });
    await client.refresh();
    test.time.ms += 1000;
    const followed = await client.refresh();
    expect(followed).toMatchObject({ counts: { running: 2 }, submissions: [{ ids: ["job-1", "other"] }] });
  });

  it("cancels what was submitted and what was not, also after it was killed while it did", async () => {
    await using test = await batchOf([1, 2]);
    const { executor } = test;
    await (async () => {
      await using client = await test.open();
      await client.submit(SUBMIT);
      executor.cancel = unreachable;
      const asked = await client.cancel();
      expect(asked.counts).toMatchObject({ canceling: 4 });
      expect(asked.problems).toEqual([expect.stringContaining("cannot be reached")]);
    })();
    executor.cancel = async ({ id }) => {
      executor.canceled.push(id);
      executor.states = () => ({ state: "canceled" });
    };
    await using client = await test.open();
    const ended = await client.watch({ intervalMs: 1 });
    expect(ended).toMatchObject({ isEnded: true, counts: { canceled: 4 } });
    expect(executor.canceled).toContain("job-1");
    expect((await client.resume()).submissions).toHaveLength(4);
  });

  it("leaves states as they are while nobody answers, takes results, and watches on", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor, folder } = test;
    await using client = await test.open();
    await client.submit({ command: ["twinloom"] });
    await client.refresh();
    executor.observe = unreachable;
    test.time.ms += 60_000;
    expect(await client.refresh()).toMatchObject({
      counts: { queued: 2 },
      problems: [expect.stringContaining("no answer")],
    });
    let looks = 0;
    const ended = await client.watch({
      intervalMs: 1,
      onStatus: () => {
        if (looks++ === 1) void executor.run(folder, executor.jobs[0] as ArrayJob, "job-1");
      },
    });
    expect(ended.counts).toMatchObject({ succeeded: 2 });
    await expect(client.watch({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });

  it("takes an array for that of its token only, where a batch system gives an id twice", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor, folder } = test;
    executor.submit = async ({ token, elements }) => ({ token, id: "job-1", elements });
    await using client = await test.open();
    await client.submit({ command: ["twinloom"] });
    executor.states = (_, element) => (element === 0 ? { state: "failed", exitCode: 1 } : { state: "running" });
    await client.refresh();
    const [{ token: first } = { token: "" }] = (await client.resume()).submissions;
    executor.observe = async (arrays) =>
      arrays.map(({ token, elements }) =>
        Array.from({ length: elements }, (_, element) => ({ element, state: token === first ? "running" : "queued" })),
      );
    expect((await client.refresh()).stages[0]?.runs.map(({ state }) => state)).toEqual(["queued", "running"]);
    expect(folder.document.points).toHaveLength(2);
  });

  it("goes on in a folder that was moved", async () => {
    await using test = await batchOf([13], sampleDocument([13]));
    const { executor, place } = test;
    await (async () => {
      await using client = await test.open();
      await client.submit({ command: ["twinloom"] });
    })();
    executor.states = () => ({ state: "failed", exitCode: 1 });
    const moved = `${place.path}/moved ✓ "here"`;
    await rename(place.batch, moved);
    await using client = await openBatch(moved, { executor });
    await client.resume();
    expect(executor.jobs[1]).toMatchObject({ workingFolder: moved, command: expect.arrayContaining([moved]) });
  });

  it("submits nothing where its journal is gone, and says how to begin anew", async () => {
    await using test = await batchOf([1], sampleDocument([1]));
    await (async () => {
      await using client = await test.open();
      await client.submit({ command: ["twinloom"] });
    })();
    await rm(test.folder.paths.journal);
    await expect(test.open()).rejects.toMatchObject({
      code: "TWIN_BATCH_DAMAGED",
      message: expect.stringMatching(/journal" is gone.*1 array.*submissions/),
    });
    await rm(test.folder.paths.submissions, { recursive: true });
    await using client = await test.open();
    expect((await client.submit({ command: ["twinloom"] })).submissions).toHaveLength(1);
  });

  it("is alone: another one is told who has the batch, and may look all the same", async () => {
    await using test = await batchOf([1], sampleDocument([1]));
    await using client = await test.open();
    await client.submit({ command: ["twinloom"] });
    await expect(test.open()).rejects.toMatchObject({
      code: "TWIN_BATCH_BUSY",
      message: expect.stringContaining(`is being submitted or watched by process ${process.pid} of `),
    });
    expect((await readBatchStatus(test.place.batch)).counts).toMatchObject({ created: 1 });
  });
});
