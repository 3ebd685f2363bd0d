import { resolve } from "node:path";
import type { Validation } from "../../thematic/detector/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";

export const detectorValidate: Command = defineCommand({
  path: ["detector", "validate"],
  summary: "Compare simulated showers with reference showers",
  description:
    "Prints separation powers with the floors that the numbers of showers set, profiles and resolution. Simulate at the " +
    "reference's energies (--energies-from) for a fair comparison.",
  arguments: { generated: { description: "showers to judge, in CaloChallenge's layout" } },
  options: {
    reference: { kind: "text", placeholder: "file", description: "showers to judge them by", required: true },
    geometry: {
      kind: "text",
      placeholder: "name",
      description: "shipped geometry, or a binning .xml file with its .json beside it",
      default: "w-si-45",
    },
    report: {
      kind: "text",
      placeholder: "file",
      description: "write tables and figures as one HTML page; replaces an earlier one",
    },
  },
  example: "twinloom detector validate showers.h5 --reference reference.h5 --report report.html",
  run: async ({ generated }, options, io) => {
    const { openDataset, writeFileAtomically } = await import("../../core/index.ts");
    const { validationReport } = await import("../../thematic/detector/index.ts");
    const { withDetector } = await import("../detector-twin.ts");
    const { signal } = io;
    const page = options.report === undefined ? undefined : resolve(io.cwd, options.report);
    if (page !== undefined && [generated, options.reference].some((file) => resolve(io.cwd, file) === page)) {
      const { UsageError } = await import("../errors.ts");
      throw new UsageError(`--report ${options.report} would replace the showers in that file. Give another name.`);
    }
    const { geometry } = options;
    const validation = await withDetector({ geometry, model: "gflash-published" }, io, async (twin) => {
      const open = (file: string) => openDataset(resolve(io.cwd, file), [twin.files], { signal });
      const judged = await open(generated);
      try {
        const reference = await open(options.reference);
        try {
          const result = await twin.detector.validate(
            await twin.detector.showers(judged, { signal }),
            await twin.detector.showers(reference, { signal }),
            { signal, progress: io.progress.bind(io) },
          );
          if (page !== undefined) {
            const html = await twin.report.html(validationReport(result, twin.detector.geometry), { signal });
            await writeFileAtomically(page, html, { signal, existing: "replace" });
          }
          return result;
        } finally {
          await reference.close();
        }
      } finally {
        await judged.close();
      }
    });
    if (io.json) io.printJson(validation);
    else await printValidation(validation, io);
    if (options.report !== undefined && !io.json) io.print(`\nReport: ${options.report}`);
  },
});

async function printValidation(validation: Validation, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const { generated, reference, separation, worstLayer } = validation;
  io.print(io.style.bold(`${generated.label} (${generated.count}) against ${reference.label} (${reference.count})`));
  io.print("");
  const sets = [generated, reference].map(({ label, response, resolutionFit: fit, containment: extent }) => [
    label,
    response,
    fit && 100 * fit.stochastic,
    fit && 100 * fit.constant,
    extent.r90Mm,
    extent.centreX0,
    extent.occupied,
  ]);
  const setColumns = [
    { name: "set" },
    { name: "total / incident", digits: 4 },
    { name: "a", unit: "%", digits: 3 },
    { name: "c", unit: "%", digits: 2 },
    { name: "r90", unit: "mm", digits: 3 },
    { name: "centre", unit: "X0", digits: 3 },
    { name: "voxels", digits: 4 },
  ];
  io.print(formatTable({ columns: setColumns, rows: sets }));
  io.print("");
  const rows = separation.map((row) => [
    row.observable,
    ...[row.value, row.floor, row.measuredFloor, row.relativeWasserstein].map((value) =>
      Number.isFinite(value) ? value : null,
    ),
  ]);
  const columns = [
    { name: "observable" },
    { name: "separation", digits: 3 },
    { name: "floor", digits: 2 },
    { name: "measured floor", digits: 2 },
    { name: "W1/σ", digits: 3 },
  ];
  io.print(formatTable({ columns, rows }));
  if (worstLayer) {
    io.print("");
    const percent = (100 * worstLayer.deviation).toFixed(1);
    io.print(
      `Mean longitudinal profile: at most ${percent} % off where a layer holds over 1 % (layer ${worstLayer.layer}).`,
    );
  }
}
