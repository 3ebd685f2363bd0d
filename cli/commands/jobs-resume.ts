import { type Command, defineCommand } from "../command.ts";
import { EXECUTOR_OPTIONS } from "../executor-options.ts";
import { WATCH_OPTIONS } from "../watch-options.ts";

export const jobsResume: Command = defineCommand({
  path: ["jobs", "resume"],
  summary: "Submit again what of a batch has no result, and nothing else",
  description:
    "Checks all results first: one that is damaged is put aside, and made again. Goes on with a submission that was cut off. " +
    "What is not said is as it was submitted; --packing, --time and the like hold for what is submitted now.",
  arguments: { batch: { description: "folder of the batch, or its name in batches/" } },
  options: {
    ...EXECUTOR_OPTIONS,
    withoutCheck: { kind: "flag", description: "do not read all results again to see whether they are damaged" },
    force: {
      kind: "flag",
      description:
        "give up arrays of which nobody knows whether they were submitted; what is left of them does nothing",
    },
    ...WATCH_OPTIONS,
  },
  example: [
    "twinloom jobs resume batches/scan",
    "twinloom jobs resume scan --time 4h --packing 10 --watch",
    "twinloom jobs resume scan --force",
  ],
  run: async ({ batch: typed }, options, io) => {
    const { findBatch } = await import("../batch-client.ts");
    const { resumeBatch } = await import("../resume-batch.ts");
    const { statusText } = await import("../batch-text.ts");
    const { checkComplete } = await import("../watch-batch.ts");
    const { isServeBatch, resumeServers } = await import("../serve-batch.ts");
    const batch = findBatch(typed, io.cwd);
    if (await isServeBatch(batch.folder)) {
      const servers = await resumeServers(batch.folder, io);
      if (io.json) return io.printJson(servers);
      const { serversText } = await import("../servers-text.ts");
      return io.print(serversText(servers));
    }
    const { status, quarantined } = await resumeBatch(batch, options, io);
    for (const { stage, run, problem } of quarantined) io.warn(`${stage}.${run} is made again: ${problem}`);
    io.print(statusText(status));
    if (options.watch) checkComplete(status, batch.shown);
    if (io.json) return io.printJson({ ...status, quarantined });
    if (!status.isEnded) io.print(`\nHow it goes: twinloom jobs show ${batch.shown} --watch`);
  },
});
