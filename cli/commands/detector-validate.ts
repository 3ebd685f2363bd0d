import { resolve } from "node:path";
import type { Validation } from "../../thematic/detector/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { JUDGING_OPTIONS } from "../detector-options.ts";

export const detectorValidate: Command = defineCommand({
  path: ["detector", "validate"],
  summary: "Compare simulated showers with reference showers",
  description:
    "Prints separation powers with what chance alone gives, correlations, quantiles far out and distances in many " +
    "dimensions (FPD, KPD, PRDC), profiles and resolution; --json and --report have each decade of energy, too. Simulate " +
    "at the reference's energies (--energies-from) for a fair comparison.",
  arguments: { generated: { description: "showers to judge, in CaloChallenge's layout" } },
  options: {
    ...JUDGING_OPTIONS,
    evidence: {
      kind: "text",
      placeholder: "file",
      description: "what classifiers of the training recipe found between these two files, JSON",
    },
    report: {
      kind: "text",
      placeholder: "file",
      description: "write tables and figures as one HTML page; replaces an earlier one",
    },
  },
  example: [
    "twinloom detector validate showers.h5 --reference reference.h5 --report report.html",
    "twinloom detector validate showers.h5 --reference reference.h5 --evidence evidence.json",
  ],
  run: async ({ generated }, options, io) => {
    const { writeFileAtomically } = await import("../../core/index.ts");
    const { spectrumWarning, validationReport } = await import("../../thematic/detector/index.ts");
    const { validateFiles } = await import("../validate-files.ts");
    const page = options.report === undefined ? undefined : resolve(io.cwd, options.report);
    const read = [generated, options.reference, options.secondReference, options.evidence];
    if (page !== undefined && read.some((file) => file !== undefined && resolve(io.cwd, file) === page)) {
      const { UsageError } = await import("../errors.ts");
      throw new UsageError(`--report ${options.report} would replace a file that is read. Give another name.`);
    }
    const { reference, evidence } = options;
    const judged = [{ file: generated, evidence }];
    const [validation] = await validateFiles({ ...options, reference, judged }, io, async ([result], twin) => {
      if (page === undefined || !result) return;
      const html = await twin.report.html(validationReport(result, twin.detector.geometry), { signal: io.signal });
      await writeFileAtomically(page, html, { signal: io.signal, existing: "replace" });
    });
    if (!validation) return;
    const warning = spectrumWarning(validation);
    if (warning !== undefined) io.warn(warning);
    if (io.json) io.printJson(validation);
    else await printValidation(validation, io);
    if (options.report !== undefined && !io.json) io.print(`\nReport: ${options.report}`);
  },
});

async function printValidation(validation: Validation, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const { correlationTable, distanceTable, evidenceTable, separationTable, tailTable } = await import(
    "../../thematic/detector/index.ts"
  );
  const { generated, reference, alike, separation, correlations, worstLayer, evidence } = validation;
  io.print(io.style.bold(`${generated.label} (${generated.count}) against ${reference.label} (${reference.count})`));
  io.print("");
  const sets = [generated, reference].map(({ label, response, resolutionFit: fit, containment: extent }) => [
    label,
    response,
    fit && 100 * fit.stochastic,
    fit && 100 * fit.constant,
    // NaN where no shower has energy.
    ...[extent.r90Mm, extent.centreX0, extent.occupied].map((value) => (Number.isNaN(value) ? null : value)),
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
  const tables = [
    separationTable(separation, "Separation powers"),
    correlationTable(correlations, "Correlations of layers"),
    tailTable(validation, "Quantiles far out"),
    distanceTable(validation, "Distances in many dimensions"),
    ...(evidence ? [evidenceTable(evidence, `Classifiers: ${evidence.name} against the reference`)] : []),
  ];
  for (const table of tables.filter(({ rows }) => rows.length > 0)) {
    io.print("");
    io.print(io.style.bold(table.caption));
    io.print(formatTable(table));
  }
  io.print("");
  io.print("All energies together; each decade is in --json and --report.");
  io.print(`Reference to itself: ${alike.label}, ${alike.counts.join(" and ")} showers.`);
  for (const limit of evidence?.limits ?? []) io.print(`Classifiers: ${limit}.`);
  if (worstLayer) {
    const percent = (100 * worstLayer.deviation).toFixed(1);
    io.print(
      `Mean longitudinal profile: at most ${percent} % off where a layer holds over 1 % (layer ${worstLayer.layer}).`,
    );
  }
}
