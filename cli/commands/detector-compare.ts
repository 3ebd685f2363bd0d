import { basename } from "node:path";
import { type Command, defineCommand } from "../command.ts";
import { JUDGING_OPTIONS } from "../detector-options.ts";

export const detectorCompare: Command = defineCommand({
  path: ["detector", "compare"],
  summary: "Compare several sets of simulated showers in one table",
  description:
    "Judges each file by the same reference and prints one row for each, and the reference against itself. S is the " +
    "separation minus its floor. Classifiers are in the table where their evidence is given, one file per set, in any " +
    "order: it is given to the set whose file's name it states, and refused if that has other showers.",
  arguments: { generated: { description: "files of showers to judge, in CaloChallenge's layout", many: true } },
  options: {
    ...JUDGING_OPTIONS,
    evidence: {
      kind: "text",
      placeholder: "file",
      description: "evidence of classifiers about one of the sets; may be repeated",
      many: true,
    },
  },
  example:
    "twinloom detector compare gan.h5 transformer.h5 gflash.h5 --reference reference.h5 --evidence gan.json --evidence transformer.json",
  run: async ({ generated }, options, io) => {
    const { comparisonTable, spectrumWarning } = await import("../../thematic/detector/index.ts");
    const { formatTable } = await import("../table.ts");
    const { pairEvidence, validateFiles } = await import("../validate-files.ts");
    const judged = await pairEvidence(generated, options.evidence ?? [], io);
    const validations = await validateFiles({ ...options, judged }, io);
    for (const [index, validation] of validations.entries()) {
      const warning = spectrumWarning(validation);
      if (warning !== undefined) io.warn(`${generated[index]}: ${warning}`);
    }
    // Labels come from the files' attributes, so two sets of one generator have the same.
    if (io.json) io.printJson(validations.map((validation, index) => ({ file: generated[index], ...validation })));
    else {
      const names = generated.map((file) => basename(file));
      io.print(formatTable(comparisonTable(validations, names)));
      io.print("");
      io.print("All energies together; each decade is in --json, and in the --report of detector validate.");
    }
  },
});
