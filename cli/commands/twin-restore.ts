import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinRestore: Command = defineCommand({
  path: ["twin", "restore"],
  summary: "Write the files of a version into an empty folder",
  description:
    "twin.yaml, what it names, models, code and lock file, every byte checked. Sealing that folder again, with the " +
    "same licence and policy, gives the same version. To run a version, restoring it is not needed: commands take its name in place of a twin.yaml.",
  arguments: { version: { description: VERSION_ARGUMENT } },
  options: {
    out: { kind: "text", placeholder: "folder", description: "empty or new folder", required: true },
    ...STORE_OPTION,
  },
  example: "twinloom twin restore ecal@v7 --out ecal-v7",
  run: async ({ version: name }, { out, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { restoreVersion, versionName } = await import("../../core/index.ts");
    const { versionText } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const { entry, file } = await withStore({ store: folder }, io, async (store) => {
      const entry = await store.resolve(name);
      const { file } = await restoreVersion(store, entry.digest, resolve(io.cwd, out), {
        signal: io.signal,
        onProgress: (done, of) => io.progress(of === 0 ? 1 : done / of, "restoring"),
      });
      return { entry, file };
    });
    if (entry.state === "withdrawn")
      io.warn(`${versionName(entry)} was withdrawn: ${entry.stateReason ?? "no reason"}`);
    if (io.json) io.printJson({ version: entry, file });
    else io.print(`${io.style.green("restored")}: ${versionText(entry)} in ${out}`);
  },
});
