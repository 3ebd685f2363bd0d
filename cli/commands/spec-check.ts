import { type Command, defineCommand } from "../command.ts";
import { NAMED_TWIN, STORE_OPTION } from "../store-options.ts";

export const specCheck: Command = defineCommand({
  path: ["spec", "check"],
  summary: "Check a twin.yaml without running anything",
  description:
    "Imports the plugins that it names, and tells everything that is wrong with the text, the options, how parts fit " +
    "together, and the plans. Reads no secrets.",
  arguments: { twin: { description: NAMED_TWIN } },
  options: STORE_OPTION,
  example: ["twinloom spec check twin.yaml", "twinloom spec check ecal@champion"],
  run: async ({ twin }, { store }, io) => {
    const { resolve } = await import("node:path");
    const { checkSpec, loadSpec, SpecError } = await import("../../core/index.ts");
    const { isTwinFile, loadTwin } = await import("../load-twin.ts");
    const file = isTwinFile(twin, io.cwd)
      ? resolve(io.cwd, twin)
      : (await loadTwin({ twin, store, withdrawn: "warn" }, io)).source.file;
    const diagnostics = await checkSpec(file, { signal: io.signal });
    if (diagnostics.length > 0) throw new SpecError(twin, diagnostics);
    const { plugins, plans = {} } = await loadSpec(file, { signal: io.signal });
    const parts = Object.keys(plugins);
    if (io.json) io.printJson({ file, parts, plans: Object.keys(plans), diagnostics });
    else io.print(`${io.style.green("valid")}: ${twin} (${parts.length === 1 ? "1 part" : `${parts.length} parts`})`);
  },
});
