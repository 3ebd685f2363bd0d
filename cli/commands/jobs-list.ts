import { type Command, defineCommand } from "../command.ts";

export const jobsList: Command = defineCommand({
  path: ["jobs", "list"],
  summary: "List the batches in a folder, and how far each is",
  description: "By what was written down last: nobody is asked. `twinloom jobs show` asks.",
  arguments: { folder: { description: "folder that holds batches (default: batches)", optional: true } },
  example: ["twinloom jobs list batches", "twinloom jobs list /scratch/batches --json"],
  run: async ({ folder: typed }, _options, io) => {
    const { resolve } = await import("node:path");
    const { BATCHES_FOLDER } = await import("../batch-client.ts");
    const { listBatches } = await import("../jobs-list.ts");
    const folder = typed ?? BATCHES_FOLDER;
    const batches = await listBatches(resolve(io.cwd, folder), io.signal);
    if (io.json) return io.printJson(batches);
    if (batches.length === 0) return io.print(`There is no batch in "${folder}". twinloom submit makes one.`);
    const { countsText, durationText } = await import("../batch-text.ts");
    const { harmless } = await import("../harmless.ts");
    const { formatTable } = await import("../table.ts");
    const rows = batches.map(({ folder: name, name: what, sealedAt, status, problem }) => [
      name,
      what,
      status === undefined ? "" : `${Math.floor(status.progress * 100)} %`,
      status === undefined ? (problem ?? "") : countsText(status.counts),
      durationText(Date.now() - Date.parse(sealedAt)),
    ]);
    const columns = ["batch", "runs", "done", "task runs", "age"].map((name) => ({ name }));
    io.print(harmless(formatTable({ columns, rows })));
  },
});
