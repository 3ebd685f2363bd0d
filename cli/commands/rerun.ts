import type { ReproductionReport } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { FORCE_OPTION, NAMED_TWIN, STORE_OPTION } from "../store-options.ts";

export const rerun: Command = defineCommand({
  path: ["rerun"],
  summary: "Repeat a run, and say whether the same came out",
  description:
    "Same plan, parameters, seed and inputs, in a new folder; the original stays as it is. Every output is identical in " +
    "content, equivalent within the tolerances (of the twin.yaml, or those given), different, missing or extra; where it is not the same, the layers that " +
    "may explain it are told, the likeliest first. The exit code is then 1. For a version in a store the verdict is kept " +
    "as evidence.",
  arguments: { run: { description: "folder of a run, its run.json, its id, or a version, for its newest run" } },
  options: {
    out: { kind: "text", placeholder: "folder", description: "new folder", required: true },
    twin: { kind: "text", placeholder: "twin", description: `run this in place of the version: ${NAMED_TWIN}` },
    input: {
      kind: "text",
      short: "i",
      placeholder: "step.input=file",
      description: "where an input is now",
      many: true,
    },
    tolerances: { kind: "text", placeholder: "file", description: "how far outputs may be apart, YAML" },
    ...FORCE_OPTION,
    ...STORE_OPTION,
  },
  example: ["twinloom rerun first --twin twin.yaml --out again", "twinloom rerun ecal@champion --out again"],
  run: async ({ run: target }, options, io) => {
    const { NotReproducedError } = await import("../errors.ts");
    const { rerunNamed } = await import("../rerun-named.ts");
    const result = await rerunNamed(target, options, io);
    const { report, notes } = result;
    for (const note of notes) io.warn(note);
    if (!io.json) await printReport(report, options.out, io);
    if (!isReproduction(report)) throw new NotReproducedError(target, report);
    if (io.json) io.printJson(result);
  },
});

function isReproduction({ verdict }: ReproductionReport): boolean {
  return verdict === "identical" || verdict === "equivalent";
}

async function printReport(report: ReproductionReport, out: string, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const columns = [
    { name: "output" },
    { name: "match" },
    { name: "largest difference", digits: 3 },
    { name: "of the larger", unit: "%", digits: 3 },
    { name: "why" },
  ];
  const rows = report.outputs.map(({ step, output, match, metric, reason }) => [
    output === null ? step : `${step}.${output}`,
    match,
    metric?.absolute ?? null,
    metric === null ? null : 100 * metric.relative,
    reason,
  ]);
  if (rows.length > 0) io.print(`${formatTable({ columns, rows })}\n`);
  if (report.compared === "records" && rows.length > 0) {
    io.print("Compared by the digests in the records: the files of the original run are not at hand.");
  }
  // Of any other verdict the error tells the causes.
  if (!isReproduction(report)) return;
  for (const { layer, message } of report.causes) io.print(`${layer}: ${message}`);
  io.print(`${io.style.green(report.verdict)}: ${out}`);
}
