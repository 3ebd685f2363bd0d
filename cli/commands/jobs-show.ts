import { type Command, defineCommand } from "../command.ts";
import { WATCH_OPTIONS } from "../watch-options.ts";

export const jobsShow: Command = defineCommand({
  path: ["jobs", "show"],
  summary: "Show how a batch is: counts per state, progress, what failed and why",
  description:
    "Asks where it runs, and writes down what is new. With --watch until all task runs have ended, and then with exit code 1 " +
    "when some have no result. While another command looks after the batch, what that writes down is shown. Of servers: which are alive.",
  arguments: { batch: { description: "folder of the batch, or its name in batches/" } },
  options: WATCH_OPTIONS,
  example: ["twinloom jobs show batches/scan", "twinloom jobs show scan --watch --retries 2"],
  run: async ({ batch: typed }, { watch, retries }, io) => {
    const { findBatch, lookAt, withClient } = await import("../batch-client.ts");
    const { statusText } = await import("../batch-text.ts");
    const { checkComplete, checkRetries, watchBatch, watchOthersBatch } = await import("../watch-batch.ts");
    const { BatchBusyError } = await import("../../core/index.ts");
    const { isServeBatch, showServers } = await import("../serve-batch.ts");
    checkRetries({ watch, retries });
    const batch = findBatch(typed, io.cwd);
    if (await isServeBatch(batch.folder)) {
      const servers = await showServers(batch.folder, io);
      if (io.json) return io.printJson(servers);
      const { serversText } = await import("../servers-text.ts");
      return io.print(serversText(servers));
    }
    const watched = async () => {
      try {
        return await withClient(batch, io, (client) => watchBatch(client, { ...batch, retries }, io));
      } catch (error) {
        if (!(error instanceof BatchBusyError)) throw error;
        if (retries !== undefined) io.warn("Another command looks after the batch: how often it retries is its own.");
        return await watchOthersBatch(batch, io);
      }
    };
    const status = watch ? await watched() : await lookAt(batch, io);
    if (watch && status.counts.succeeded < status.total) {
      io.print(statusText(status));
      checkComplete(status, batch.shown);
    }
    if (io.json) io.printJson(status);
    else io.print(statusText(status));
  },
});
