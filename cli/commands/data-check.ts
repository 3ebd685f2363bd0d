import { resolve } from "node:path";
import { type Command, defineCommand } from "../command.ts";
import { FEDERATION_OPTIONS } from "../federation-options.ts";

export const dataCheck: Command = defineCommand({
  path: ["data", "check"],
  summary: "Check data against quality rules",
  description:
    "Rules are YAML: units, limits, missing fraction, order of coordinates, what must be there. Values are looked at " +
    "block by block. A broken rule is told with variable, index, value and file, and the exit code is then 1.",
  arguments: { files: { description: "files, folders or patterns to check", many: true } },
  options: {
    rules: { kind: "text", placeholder: "file", description: "YAML or JSON with the rules", required: true },
    ...FEDERATION_OPTIONS,
  },
  example: 'twinloom data check "archive/tas_*.nc" --rules rules.yaml',
  run: async ({ files }, options, io) => {
    const { checkQuality, loadQualityRules, QualityError } = await import("../../core/index.ts");
    const { withData } = await import("../open-file.ts");
    const rules = await loadQualityRules(resolve(io.cwd, options.rules));
    const report = await withData({ ...options, files }, io, ({ dataset }) =>
      checkQuality(dataset, rules, {
        signal: io.signal,
        onProgress: (fraction, variable) => io.progress(fraction, `checking ${variable}`),
      }),
    );
    if (!report.passed) throw new QualityError(files.join(", "), report);
    if (io.json) return io.printJson({ files, ...report });
    const { formatTable } = await import("../table.ts");
    const columns = ["variable", "values", "missing"].map((name) => ({ name }));
    if (report.checked.length > 0) {
      const rows = report.checked.map(({ variable, values, missing }) => [variable, values, missing]);
      io.print(`${formatTable({ columns, rows })}\n`);
    }
    io.print(`${io.style.green("passed")}: every rule of ${options.rules} holds`);
  },
});
