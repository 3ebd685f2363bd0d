import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinDiff: Command = defineCommand({
  path: ["twin", "diff"],
  summary: "Compare what two versions mean",
  description:
    "Tells parts, options, wiring, plans, models, data, code, packages and parents that differ, and the metrics of models " +
    "and validations that do. --report has all metrics, with pictures; --json has everything.",
  arguments: { a: { description: VERSION_ARGUMENT }, b: { description: "version to compare it with" } },
  options: {
    report: { kind: "text", placeholder: "file", description: "write an HTML page; replaces an earlier one" },
    ...STORE_OPTION,
  },
  example: ["twinloom twin diff ecal@v6 ecal@v7", "twinloom twin diff ecal@champion ecal --report diff.html"],
  run: async ({ a, b }, { report: page, store: folder }, io) => {
    const { diffVersions } = await import("../../core/index.ts");
    const { warnOfWithdrawn, withStore } = await import("../with-store.ts");
    await warnOfWithdrawn([a, b], { store: folder }, io);
    const diff = await withStore({ store: folder }, io, (store) => diffVersions(store, a, b));
    if (page !== undefined) {
      const { writeDiffReport } = await import("../diff-report.ts");
      await writeDiffReport(diff, page, io);
    }
    if (io.json) return io.printJson(diff);
    const { printDiff } = await import("../print-diff.ts");
    printDiff(diff, io);
    if (page !== undefined) io.print(`\nReport: ${page}`);
  },
});
