import { type Command, defineCommand } from "../command.ts";

export const specCheck: Command = defineCommand({
  path: ["spec", "check"],
  summary: "Check a twin.yaml without running anything",
  description:
    "Imports the plugins that it names, and tells everything that is wrong with the text, the options, how parts fit " +
    "together, and the plans. Reads no secrets.",
  arguments: { twin: { description: "twin.yaml" } },
  example: "twinloom spec check twin.yaml",
  run: async ({ twin }, _options, io) => {
    const { resolve } = await import("node:path");
    const { checkSpec, loadSpec, SpecError } = await import("../../core/index.ts");
    const file = resolve(io.cwd, twin);
    const diagnostics = await checkSpec(file, { signal: io.signal });
    if (diagnostics.length > 0) throw new SpecError(twin, diagnostics);
    const { plugins, plans = {} } = await loadSpec(file, { signal: io.signal });
    const parts = Object.keys(plugins);
    if (io.json) io.printJson({ file, parts, plans: Object.keys(plans), diagnostics });
    else io.print(`${io.style.green("valid")}: ${twin} (${parts.length === 1 ? "1 part" : `${parts.length} parts`})`);
  },
});
