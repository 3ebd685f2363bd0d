import type { BatchStatus } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { FORCE_OPTION, NAMED_TWIN, STORE_OPTION } from "../store-options.ts";
import type { DryRun, SubmittedBatch } from "../submit-batch.ts";
import { SERVERS_OPTIONS, SUBMIT_OPTIONS } from "../submit-options.ts";

export const submit: Command = defineCommand({
  path: ["submit"],
  summary: "Run a task or a plan of a twin many times, here or on a Slurm cluster",
  description:
    "Seals the twin and all points of the sweep in a folder, the batch, and submits each stage as one array. Nothing is run " +
    "twice and nothing is lost when this command, a node or the controller of the cluster dies: `twinloom jobs` tells how it " +
    "goes, and goes on. serve starts --nodes servers, which clients find by registry:<batch>/servers. The folder must be reachable under the same path where elements run.",
  arguments: {
    twin: { description: NAMED_TWIN },
    name: { description: "name of a task (train, say), of a plan, or serve" },
  },
  options: { ...SUBMIT_OPTIONS, ...SERVERS_OPTIONS, ...FORCE_OPTION, ...STORE_OPTION },
  example: [
    "twinloom submit twin.yaml simulate -p energyMeV=1000,2000,5000 -p seed=0..99 --out batches/scan",
    "twinloom submit twin.yaml first-light -p simulate.seed=0..9 --executor local --processes 4 --watch",
    "twinloom submit ecal@champion simulate --table points.csv --profile site.yaml --time 2h --array-limit 50",
    "twinloom submit twin.yaml train --profile site.yaml --gpus 1 --time 12h",
    "twinloom submit ecal@champion serve --nodes 4 --tokens tokens.yaml --insecure --profile site.yaml --out batches/farm",
    "twinloom submit twin.yaml simulate -p seed=0..9999 --task-time 2 --profile juwels-like --dry-run",
  ],
  run: async (target, options, io) => {
    const { defaultBatchFolder, dryRun, submitBatch } = await import("../submit-batch.ts");
    const { dryRunServers, isServing, submitServers } = await import("../submit-servers.ts");
    if (target.name === "serve" && (await isServing(target.twin, options, io))) {
      const shown = options.out ?? defaultBatchFolder("serve");
      const wanted = { twin: target.twin, shown };
      if (options.dryRun) return await tellDryRun(await dryRunServers(wanted, options, io), io);
      const servers = await submitServers(wanted, options, io);
      if (io.json) return io.printJson({ folder: shown, ...servers });
      const { serversText } = await import("../servers-text.ts");
      io.print(serversText(servers));
      io.print(`\nClients: --endpoint registry:${shown}/servers. How they are: twinloom jobs show ${shown}`);
      return io.print(`To end them: twinloom jobs cancel ${shown}`);
    }
    if (options.dryRun) return await tellDryRun(await dryRun(target, options, io), io);
    const submitted = await submitBatch(target, options, io);
    await tell(submitted, io);
    const { checkComplete } = await import("../watch-batch.ts");
    if (options.watch) checkComplete(submitted.status, submitted.shown);
  },
});

async function tellDryRun(planned: DryRun, io: CommandIo): Promise<void> {
  if (io.json) return io.printJson(planned);
  const { formatTable } = await import("../table.ts");
  if (planned.packing.length > 0) io.print(formatTable(packingTable(planned)));
  for (const { stage, array, script } of planned.arrays) {
    const how = script === null ? `${array.elements} processes of this computer, each` : "the script for sbatch";
    io.print(`\n${io.style.bold(stage)}: ${how}:\n\n${script ?? array.command.join(" ")}`);
  }
  const waiting = planned.arrays.length > 1 ? "; a stage waits for those before it" : "";
  io.print(`\nNothing was submitted. The token is another each time${waiting}.`);
}

async function tell({ shown, executor, packing, submitMs, status }: SubmittedBatch, io: CommandIo): Promise<void> {
  const { batch, counts, submissions, problems } = status;
  if (io.json)
    return io.printJson({ batch, folder: shown, executor, packing, submissions, counts, submitMs, problems });
  const { statusText } = await import("../batch-text.ts");
  const { formatTable } = await import("../table.ts");
  const jobs = new Map(submissions.map(({ stage, ids }) => [stage, ids.join(", ")]));
  io.print(formatTable(packingTable({ packing }, jobs)));
  for (const problem of problems) io.warn(problem);
  const open = notSubmitted(status);
  if (status.isEnded) io.print(statusText(status));
  else if (open.length > 0) {
    io.print(`\nnot submitted yet: ${open.join(", ")}. To try again and go on: twinloom jobs show ${shown} --watch`);
  } else io.print(`\n${io.style.green("submitted")} to ${executor}. How it goes: twinloom jobs show ${shown} --watch`);
  io.print(`What came of it: twinloom jobs collect ${shown}`);
}

/** Stages of which not every run is in an array, as far as is known. */
function notSubmitted({ stages, submissions }: BatchStatus): readonly string[] {
  const unknown = new Set(submissions.flatMap(({ state, stage }) => (state === "submitting" ? [stage] : [])));
  return stages
    .filter(({ stage, runs }) => unknown.has(stage) || runs.some((run) => run.state === "created" && !run.token))
    .map(({ stage }) => stage);
}

function packingTable(
  { packing }: Pick<DryRun, "packing">,
  jobs?: ReadonlyMap<string, string>,
): { columns: { name: string }[]; rows: (string | number)[][] } {
  return {
    columns: ["stage", "task runs", "elements", "packing", ...(jobs ? ["job"] : []), "why"].map((name) => ({ name })),
    rows: packing.map(({ stage, taskRuns, elements, packing: each, reason }) => [
      ...[stage, taskRuns, elements, each],
      ...(jobs ? [jobs.get(stage) ?? ""] : []),
      reason,
    ]),
  };
}
