import { type Command, defineCommand } from "../command.ts";

export const jobsCancel: Command = defineCommand({
  path: ["jobs", "cancel"],
  summary: "End what of a batch runs or waits; results that are there stay",
  description:
    "Written down first: when this command dies, the next look goes on. When all has ended, with --watch or at once, what " +
    "killed attempts left is removed. `twinloom jobs resume` takes it up again; of servers, all are ended.",
  arguments: { batch: { description: "folder of the batch, or its name in batches/" } },
  options: { watch: { kind: "flag", description: "wait until all has ended" } },
  example: ["twinloom jobs cancel batches/scan", "twinloom jobs cancel scan --watch"],
  run: async ({ batch: typed }, { watch }, io) => {
    const { cleanUpBatch } = await import("../../core/index.ts");
    const { findBatch, withClient } = await import("../batch-client.ts");
    const { statusText } = await import("../batch-text.ts");
    const { watchBatch } = await import("../watch-batch.ts");
    const { cancelServers, isServeBatch } = await import("../serve-batch.ts");
    const batch = findBatch(typed, io.cwd);
    if (await isServeBatch(batch.folder)) {
      await cancelServers(batch.folder, io);
      if (io.json) io.printJson({ canceled: true });
      else io.print(`The servers of ${batch.shown} were asked to end.`);
      return;
    }
    const status = await withClient(batch, io, async (client) => {
      const asked = await client.cancel({ signal: io.signal });
      return watch && !asked.isEnded ? await watchBatch(client, batch, io) : asked;
    });
    const cleaned = status.isEnded ? await cleanUpBatch(batch.folder, { signal: io.signal }) : undefined;
    if (io.json) io.printJson({ ...status, ...(cleaned && { cleaned }) });
    else io.print(statusText(status));
  },
});
