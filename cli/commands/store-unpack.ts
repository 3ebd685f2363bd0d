import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const storeUnpack: Command = defineCommand({
  path: ["store", "unpack"],
  summary: "Bring the versions of an archive into a store",
  description:
    "The store is made in the working directory where there is none. Everything is verified before a version is added. What " +
    "is corrupt or missing in the store and sound in the archive is repaired. With --with-engine, the packages of the archive " +
    "are brought to node_modules beside the store; those that are there are verified. A node without Twinloom gets it by: " +
    "tar xf ecal.tar node_modules; the command is then node node_modules/twinloom/cli/twinloom.js.",
  arguments: { file: { description: "archive of store pack" } },
  options: {
    withEngine: { kind: "flag", description: "unpack and verify Twinloom and the packages, too" },
    ...STORE_OPTION,
  },
  example: ["twinloom store unpack ecal.tar", "twinloom store unpack ecal.tar --with-engine"],
  run: async ({ file }, { withEngine, ...choice }, io) => {
    const { dirname, join, resolve } = await import("node:path");
    const { unpackEngine, unpackStore } = await import("../../core/index.ts");
    const { findStore, STORE_FOLDER } = await import("../with-store.ts");
    const folder = findStore(choice, io.cwd) ?? join(io.cwd, STORE_FOLDER);
    const archive = resolve(io.cwd, file);
    const options = (what: string) => ({
      signal: io.signal,
      onProgress: (done: number, of: number) => io.progress(of === 0 ? 1 : done / of, `unpacking ${what}`),
    });
    const engine = withEngine ? await unpackEngine(archive, dirname(folder), options("the engine")) : undefined;
    const unpacked = await unpackStore(archive, folder, options("versions"));
    if (io.json) return io.printJson({ ...unpacked, ...(engine && { engine }) });
    const { versions, objects, events } = unpacked;
    const shown = versions.length === 0 ? "no version" : versions.join(", ");
    io.print(`${io.style.green("unpacked")}: ${shown}; ${objects} objects, ${events} new events`);
    if (engine === undefined) return;
    const { program, packages, files } = engine;
    io.print(`${io.style.green("verified")}: ${program}; ${packages.length} packages, ${files} files`);
  },
});
