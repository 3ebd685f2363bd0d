import { type Command, defineCommand } from "../command.ts";

export const jobsLogs: Command = defineCommand({
  path: ["jobs", "logs"],
  summary: "Print what a task run of a batch has logged",
  description:
    "Finds the array and the element that ran it. Task runs that were packed into one element share its log; lines of JSON " +
    "name their run. Of servers: the log of one of them.",
  arguments: {
    batch: { description: "folder of the batch, or its name in batches/" },
    run: { description: "stage.run, or of a batch with one stage: run" },
  },
  options: {
    attempt: {
      kind: "integer",
      placeholder: "number",
      description: "which of its submissions, from 1 (default: the last)",
      min: 1,
    },
  },
  example: ["twinloom jobs logs batches/scan 7", "twinloom jobs logs chain simulate.7 --attempt 1"],
  run: async ({ batch: typed, run }, { attempt }, io) => {
    const { open } = await import("node:fs/promises");
    const { BatchFolder, readBatchStatus } = await import("../../core/index.ts");
    const { findBatch } = await import("../batch-client.ts");
    const { findTaskRunLog } = await import("../task-run-log.ts");
    const { isServeBatch, serverLog } = await import("../serve-batch.ts");
    const { folder: path } = findBatch(typed, io.cwd);
    const found = (await isServeBatch(path))
      ? await serverLog(path, run)
      : await findTaskRunLog(
          { folder: await BatchFolder.open(path), status: await readBatchStatus(path, { signal: io.signal }) },
          run,
          attempt,
        );
    if (io.json) return io.printJson(found);
    if (found.file === null) return io.warn(found.problem ?? "There is no log.");
    const file = await open(found.file);
    try {
      const { harmless } = await import("../harmless.ts");
      for await (const line of file.readLines()) await io.write(`${harmless(line)}\n`);
    } finally {
      await file.close();
    }
  },
});
