import type { RunRecord } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { FORCE_OPTION, NAMED_TWIN, STORE_OPTION } from "../store-options.ts";
import { TASK_OPTIONS } from "../task-options.ts";

export const run: Command = defineCommand({
  path: ["run"],
  summary: "Run a task or a plan of a twin",
  description:
    "Writes a folder with the outputs and run.json, the sealed record of the run. The folder appears when the run has " +
    "ended, also when it failed; files of steps that did not succeed are then in its folder partial. The record of a " +
    "version's run says which version it was, and is kept in the store, too. With --checkpoints a run that was stopped or " +
    "killed goes on where it was, when it is started again with the same folder; SIGUSR1, which batch systems send before a " +
    "time limit, lets it save and end with exit code 75.",
  arguments: {
    twin: { description: NAMED_TWIN },
    name: { description: "name of a task, or of a plan" },
  },
  options: {
    parameter: {
      kind: "text",
      short: "p",
      placeholder: "key=value",
      description: "a parameter; of a plan: step.key=value",
      many: true,
    },
    ...TASK_OPTIONS,
    out: { kind: "text", placeholder: "folder", description: "folder of the run (default: runs/<name>-<time>)" },
    replace: { kind: "flag", description: "replace an earlier run in that folder" },
    checkpoints: {
      kind: "text",
      placeholder: "folder",
      description: "where tasks that can keep what they have done so far; SIGUSR1 then stops the run with exit code 75",
    },
    ...FORCE_OPTION,
    ...STORE_OPTION,
  },
  example: [
    "twinloom run twin.yaml first-light --out first-light",
    "twinloom run twin.yaml simulate -p energyMeV=10000 --seed 7 --out run-1",
    "twinloom run ecal@champion simulate --seed 7 --out run-2",
    "twinloom run twin.yaml simulate -p energyMeV=10000 -p count=100000 --out run-3 --checkpoints run-3-so-far",
  ],
  run: async ({ twin, name }, options, io) => {
    const { runNamed } = await import("../run-named.ts");
    const record = await runNamed({ twin, name }, options, io);
    if (io.json) io.printJson(record.record);
    else await printRecord(record.record, record.folder, io);
  },
});

async function printRecord(record: RunRecord, folder: string, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const rows = Object.entries(record.steps).flatMap(([step, { outputs, durationMs }]) => {
    const files = Object.values(outputs).map(({ path, bytes, contentDigest, fileDigest }) => [
      path,
      bytes,
      (contentDigest ?? fileDigest).slice(0, 19),
    ]);
    const seconds = (durationMs ?? 0) / 1_000;
    return files.map((cells, index): (string | number | null)[] => [
      ...(index === 0 ? [step, seconds] : ["", null]),
      ...cells,
    ]);
  });
  const columns = [
    { name: "step" },
    { name: "time", unit: "s", digits: 3 },
    { name: "file" },
    { name: "size", unit: "B" },
    { name: "content" },
  ];
  io.print(formatTable({ columns, rows }));
  io.print(`\n${io.style.green(record.state)}: ${folder}/run.json (${record.digest.slice(0, 19)})`);
}
