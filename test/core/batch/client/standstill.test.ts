import { describe, expect, it } from "vitest";
import { type ArrayJob, runElement } from "../../../../core/index.ts";
import { openSample, sampleDocument } from "../sample-batch.ts";
import { batchOf } from "./told-executor.ts";

describe("An element that was given up because it came no further", () => {
  it("is told in words by the client, and its runs are submitted again by who resumes", async () => {
    await using test = await batchOf([1, 2], sampleDocument([1, 2]));
    const { executor, folder } = test;
    await using client = await test.open();
    await client.submit({ command: ["twinloom"], packing: { note: 2 } });
    const { token } = executor.jobs[0] as ArrayJob;
    const own = { token, element: 0, job: "job-1", openTwin: () => openSample(), stopping: AbortSignal.abort() };
    const states = [];
    for (let restart = 0; restart < 6; restart++) states.push((await runElement(folder, { ...own, restart })).state);
    expect(states).toEqual([...Array<string>(5).fill("stopped"), "failed"]);
    executor.states = (id) => (id === "job-1" ? { state: "failed", exitCode: 1 } : { state: "queued" });
    const given = {
      state: "failed",
      reason: expect.stringMatching(/^Its element was started 6 times and told to stop/),
    };
    expect((await client.refresh()).stages[0]?.runs).toMatchObject([given, given]);
    await client.resume();
    await executor.run(folder, executor.jobs[1] as ArrayJob, "job-2");
    executor.states = () => ({ state: "succeeded" });
    expect((await client.refresh()).counts).toMatchObject({ succeeded: 2 });
  });
});
