import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const storePack: Command = defineCommand({
  path: ["store", "pack"],
  summary: "Write versions with all that they need into one archive",
  description:
    "Objects, evidence, and the logs of their twins, as an OCI image layout in a tar file: for a node without a network, a " +
    "colleague, an archive. Every object is verified while it is packed.",
  arguments: {
    versions: { description: "versions: ecal, ecal@v7, ecal@champion; all by default", optional: true, many: true },
  },
  options: {
    out: { kind: "text", placeholder: "file", description: "archive to write: ecal.tar", required: true },
    replace: { kind: "flag", description: "replace an existing file" },
    ...STORE_OPTION,
  },
  example: ["twinloom store pack ecal@champion --out ecal.tar", "twinloom store pack --out everything.tar"],
  run: async ({ versions = [] }, { out, replace, store: folder }, io) => {
    const { resolve } = await import("node:path");
    const { packStore } = await import("../../core/index.ts");
    const { withStore } = await import("../with-store.ts");
    const packed = await withStore({ store: folder }, io, (store) =>
      packStore(store, {
        file: resolve(io.cwd, out),
        ...(versions.length > 0 && { versions }),
        existing: replace ? "replace" : "refuse",
        signal: io.signal,
        onProgress: (done, of) => io.progress(of === 0 ? 1 : done / of, "packing"),
      }),
    );
    if (io.json) return io.printJson(packed);
    const { objects, bytes } = packed;
    io.print(
      `${io.style.green("packed")}: ${packed.versions.join(", ")}; ${objects} objects, ${bytes} bytes in ${out}`,
    );
  },
});
