import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createTwin } from "twinloom";
import { LocalExecutor, local } from "twinloom/modules/local";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LocalSample, newFolder, scriptJob, supervisorOf, until, untilOver } from "./sample.ts";

let sample: LocalSample;
let executor: LocalExecutor;
beforeEach(async () => {
  sample = await newFolder();
  executor = new LocalExecutor({ processes: 2, folder: sample.stateFolder });
});
afterEach(() => sample.dispose());

describe("what is submitted to the local executor", () => {
  it("runs once, however often it is submitted under its token, which takes no other array", async () => {
    const job = scriptJob(sample.folder, "echo ran", { elements: 2 });
    const [array] = await Promise.all([executor.submit(job), executor.submit(job)]);
    await untilOver(executor, array);
    expect(await executor.submit(job)).toEqual(array);
    await expect(executor.submit({ ...job, elements: 3 })).rejects.toMatchObject({ code: "TWIN_EXECUTOR_REFUSED" });
    await until(async () => (await supervisorOf(sample.stateFolder)) === undefined);
  });

  it("waits for no array that was never submitted", async () => {
    const job = scriptJob(sample.folder, "exit 0", { after: ["0123456789abcdef0123456789abcdef"] });
    await expect(executor.submit(job)).rejects.toMatchObject({ code: "TWIN_EXECUTOR_REFUSED" });
    expect(await executor.find(job.token)).toBe("none");
  });

  it("fails when it asks to be started again at once, over and over", async () => {
    const array = await executor.submit(scriptJob(sample.folder, "exit 75"));
    const [status] = await untilOver(executor, array);
    expect(status).toMatchObject({ state: "failed", cause: "executor", exitCode: 75 });
    expect(status?.reason).toContain("6 times in a row");
  });

  it("is not reached where its folder cannot be made", async () => {
    const file = join(sample.folder, "a-file");
    await writeFile(file, "");
    const nowhere = new LocalExecutor({ folder: join(file, "state") });
    await expect(nowhere.submit(scriptJob(sample.folder, "exit 0"))).rejects.toMatchObject({
      code: "TWIN_EXECUTOR_UNREACHABLE",
      message: expect.stringContaining(file),
    });
  });

  it("is a part of a twin like any other", async () => {
    await using twin = await createTwin({ plugins: { batch: local({ processes: 1, folder: sample.stateFolder }) } });
    expect(await twin.batch.limits()).toMatchObject({ atOnce: 1, remembers: true });
    expect(() => new LocalExecutor({ processes: 0 })).toThrow(
      expect.objectContaining({ code: "TWIN_INVALID_ARGUMENT" }),
    );
  });
});
