import { type Command, defineCommand } from "../command.ts";
import { REASON_OPTION, STORE_OPTION } from "../store-options.ts";

export const twinSeal: Command = defineCommand({
  path: ["twin", "seal"],
  summary: "Seal a twin as a version",
  description:
    "Keeps everything that it is made of in a store, which is made in the working directory where there is none: spec, " +
    "files, models with their cards, code, lock file, commit. Equal content has an equal digest, and sealing it again " +
    "changes nothing. Packages are named, not kept.",
  arguments: { twin: { description: "twin.yaml" } },
  options: {
    alias: { kind: "text", placeholder: "alias", description: "name to put on the version: champion" },
    parent: {
      kind: "text",
      placeholder: "version",
      description:
        "version that it comes from, or relation:version with derivation, calibrationOf or mergeOf (default: the newest of the twin)",
      many: true,
    },
    policy: {
      kind: "text",
      placeholder: "file",
      description: "fidelity gate that goes with the version, whoever promotes it: metrics and thresholds, YAML",
    },
    license: {
      kind: "text",
      placeholder: "licence",
      description: "under which others may use it, SPDX (CC-BY-4.0) or a URL: part of the version, and of its crates",
    },
    ...REASON_OPTION,
    ...STORE_OPTION,
  },
  example: [
    'twinloom twin seal twin.yaml --reason "refitted constants"',
    "twinloom twin seal twin.yaml --alias candidate --parent calibrationOf:beam@v3",
  ],
  run: async ({ twin }, { alias, parent, policy: gate, license, reason, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { loadSpec, sealVersion } = await import("../../core/index.ts");
    const { withNewStore } = await import("../with-store.ts");
    const { parseParents } = await import("../parse-parents.ts");
    const { readText } = await import("../read-text.ts");
    const { versionText } = await import("../version-text.ts");
    const composition = await loadSpec(resolve(io.cwd, twin), { signal: io.signal });
    const policy = gate === undefined ? undefined : await readText(resolve(io.cwd, gate));
    const result = await withNewStore({ store: folder }, io, async (store) => ({
      store: store.folder,
      ...(await sealVersion(store, composition, {
        alias,
        reason,
        policy,
        ...(license !== undefined && { annotations: { license } }),
        ...(parent.length > 0 && { parents: await parseParents(parent, store) }),
        signal: io.signal,
        onProgress: (done, of) => io.progress(of === 0 ? 1 : done / of, "sealing"),
      })),
    }));
    const { entry, isNew, notes } = result;
    for (const note of notes) io.warn(note);
    if (io.json) io.printJson(result);
    else io.print(`${isNew ? io.style.green("sealed") : "unchanged"}: ${versionText(entry)}`);
  },
});
