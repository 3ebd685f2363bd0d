import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const storePack: Command = defineCommand({
  path: ["store", "pack"],
  summary: "Write versions with all that they need into one archive",
  description:
    "Objects, evidence, and the logs of their twins, as an OCI image layout in a tar file: for a node without a network, a " +
    "colleague, an archive. Every object is verified while it is packed. With --with-engine, " +
    "Twinloom comes along as it is installed here, with the packages of plugins and what all of these depend on: " +
    "tar xf ecal.tar node_modules, and then node node_modules/twinloom/cli/twinloom.js.",
  arguments: {
    versions: { description: "versions: ecal, ecal@v7, ecal@champion; all by default", optional: true, many: true },
  },
  options: {
    out: { kind: "text", placeholder: "file", description: "archive to write: ecal.tar", required: true },
    withEngine: { kind: "flag", description: "pack Twinloom and the packages, too, for a node without npm" },
    replace: { kind: "flag", description: "replace an existing file" },
    ...STORE_OPTION,
  },
  example: [
    "twinloom store pack ecal@champion --out ecal.tar",
    "twinloom store pack ecal@champion --with-engine --out ecal.tar",
    "twinloom store pack --out everything.tar",
  ],
  run: async ({ versions = [] }, { out, withEngine, replace, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { packStore } = await import("../../core/index.ts");
    const { withStore } = await import("../with-store.ts");
    const packed = await withStore({ store: folder }, io, (store) =>
      packStore(store, {
        file: resolve(io.cwd, out),
        ...(versions.length > 0 && { versions }),
        withEngine,
        existing: replace ? "replace" : "refuse",
        signal: io.signal,
        onProgress: (done, of) => io.progress(of === 0 ? 1 : done / of, "packing"),
      }),
    );
    if (io.json) return io.printJson(packed);
    const { objects, bytes, engine } = packed;
    const also = engine === undefined ? "" : `, the engine in ${engine.packages.length} packages`;
    io.print(
      `${io.style.green("packed")}: ${packed.versions.join(", ")}; ${objects} objects${also}, ${bytes} bytes in ${out}`,
    );
    for (const name of engine?.absent ?? [])
      io.warn(`${name}, which a plugin can use, is not installed, so not packed`);
  },
});
