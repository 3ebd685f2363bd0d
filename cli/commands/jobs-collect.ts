import type { CollectedResults } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";

export const jobsCollect: Command = defineCommand({
  path: ["jobs", "collect"],
  summary: "Check the results of a batch, gather them into one file each, and seal the record of the batch",
  description:
    "Writes results/<stage>/<output>.h5 with the swept parameters as coordinates, and results/collection.json. Exit code 1 " +
    "when task runs have no result, or a damaged one; what there is is gathered all the same.",
  arguments: { batch: { description: "folder of the batch, or its name in batches/" } },
  options: {
    out: {
      kind: "text",
      placeholder: "folder",
      description: "folder of what is gathered (default: results in the batch)",
    },
    clean: { kind: "flag", description: "then remove attempts and checkpoints that nobody needs" },
  },
  example: ["twinloom jobs collect batches/scan", "twinloom jobs collect scan --out scan-results --clean"],
  run: async ({ batch: typed }, { out, clean }, io) => {
    const { relative, resolve } = await import("node:path");
    const { cleanUpBatch } = await import("../../core/index.ts");
    const { findBatch, lookAt } = await import("../batch-client.ts");
    const { collectBatch } = await import("../collect-batch.ts");
    const { BatchIncompleteError } = await import("../errors.ts");
    const batch = findBatch(typed, io.cwd);
    // What has come since is written down, so that the record tells it.
    const { problems } = await lookAt(batch, io);
    for (const problem of problems) io.warn(problem);
    const collected = await collectBatch(batch, { out: out === undefined ? undefined : resolve(io.cwd, out) }, io);
    const cleaned = clean ? await cleanUpBatch(batch.folder, { signal: io.signal }) : undefined;
    const { collection, damaged, folder, isChanged } = collected;
    const counts: Record<string, number> & { succeeded: number } = { succeeded: 0 };
    for (const stage of collection.stages) {
      for (const [state, count] of Object.entries(stage.counts)) counts[state] = (counts[state] ?? 0) + count;
    }
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const isComplete = counts.succeeded === total;
    if (!io.json) await tell({ ...collected, folder: relative(io.cwd, folder) || "." }, batch.shown, io);
    if (cleaned) io.print(`removed ${cleaned.attempts + cleaned.partial} attempts, ${cleaned.bytes} bytes`);
    if (!isComplete) throw new BatchIncompleteError(batch.shown, counts, total, damaged);
    if (io.json) io.printJson({ folder, isChanged, collection, ...(cleaned && { cleaned }) });
  },
});

async function tell({ collection, folder, isChanged }: CollectedResults, shown: string, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const rows = collection.stages.flatMap(({ name, gathered, notGathered }) => [
    ...gathered.map(({ output, path, bytes }) => [name, output, `${folder}/${path}`, bytes, ""]),
    ...notGathered.map(({ output, reason }) => [name, output, null, null, reason]),
  ]);
  const columns = [{ name: "stage" }, { name: "output" }, { name: "file" }, { name: "size", unit: "B" }, { name: "" }];
  if (rows.length > 0) io.print(formatTable({ columns, rows }));
  const done = isChanged ? io.style.green("collected") : "unchanged";
  io.print(`${done}: ${folder}/collection.json (content ${collection.contentDigest.slice(0, 19)})`);
  for (const { task, runs } of collection.stages) {
    if (task !== "train") continue;
    for (const { accepted } of runs) {
      if (accepted) io.print(`make it a candidate: twinloom twin candidate <twin> --from ${shown}/${accepted.folder}`);
    }
  }
}
