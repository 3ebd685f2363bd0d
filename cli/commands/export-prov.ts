import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const exportProv: Command = defineCommand({
  path: ["export", "prov"],
  summary: "Export what made a run or a version, as PROV-JSON",
  description: "Prints the document, or writes it to a file: files and versions are entities, steps are activities.",
  arguments: { target: { description: "folder of a run, or a version" } },
  options: {
    out: { kind: "text", placeholder: "file", description: "file to write" },
    replace: { kind: "flag", description: "replace an existing file" },
    ...STORE_OPTION,
  },
  example: ["twinloom export prov first --out first.prov.json", "twinloom export prov ecal@v7"],
  run: async ({ target }, { out, replace, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { canonicalJson, exportProv, writeFileAtomically } = await import("../../core/index.ts");
    const { findStore, runOrVersion, warnOfWithdrawn } = await import("../with-store.ts");
    await warnOfWithdrawn([target], { store: folder }, io);
    const document = await exportProv(runOrVersion(target, io.cwd), { store: findStore({ store: folder }, io.cwd) });
    if (out === undefined) return io.printJson(document);
    const existing = replace ? "replace" : "refuse";
    await writeFileAtomically(resolve(io.cwd, out), canonicalJson(document), { existing, signal: io.signal });
    if (io.json) io.printJson({ target, file: resolve(io.cwd, out) });
    else io.print(`${io.style.green("written")}: ${out}`);
  },
});
