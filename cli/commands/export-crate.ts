import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const exportCrate: Command = defineCommand({
  path: ["export", "crate"],
  summary: "Export a run or a version as an RO-Crate",
  description:
    "A folder with all files and ro-crate-metadata.json, of the Workflow Run profiles, with the SHA-256 of every file. What " +
    "nobody tells (an affiliation, say) is left out.",
  arguments: { target: { description: "folder of a run, or a version" } },
  options: {
    out: { kind: "text", placeholder: "folder", description: "new folder", required: true },
    license: {
      kind: "text",
      placeholder: "licence",
      description: "SPDX (CC-BY-4.0) or a URL (default: the version's)",
    },
    name: { kind: "text", placeholder: "text", description: "title" },
    description: { kind: "text", placeholder: "text", description: "what it is" },
    agent: { kind: "text", placeholder: "name", description: "who ran it" },
    orcid: { kind: "text", placeholder: "url", description: "ORCID or another URL of the agent" },
    bagit: { kind: "flag", description: "as the payload of a BagIt bag: the crate is then in its folder data" },
    ...STORE_OPTION,
  },
  example: [
    'twinloom export crate first --out crate --license CC-BY-4.0 --agent "Ada Lovelace"',
    "twinloom export crate ecal@champion --out crate --license CC0-1.0",
  ],
  run: async ({ target }, { out, license, name, description, agent, orcid, bagit, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { exportCrate } = await import("../../core/index.ts");
    const { UsageError } = await import("../errors.ts");
    const { findStore, runOrVersion, warnOfWithdrawn } = await import("../with-store.ts");
    if (orcid !== undefined && agent === undefined) throw new UsageError("--orcid is of an --agent.");
    await warnOfWithdrawn([target], { store: folder }, io);
    await exportCrate(runOrVersion(target, io.cwd), resolve(io.cwd, out), {
      store: findStore({ store: folder }, io.cwd),
      license,
      name,
      description,
      bagit,
      ...(agent !== undefined && { agent: { name: agent, id: orcid } }),
      signal: io.signal,
    });
    if (io.json) io.printJson({ target, folder: resolve(io.cwd, out) });
    else io.print(`${io.style.green("exported")}: ${out}/${bagit ? "data/" : ""}ro-crate-metadata.json`);
  },
});
