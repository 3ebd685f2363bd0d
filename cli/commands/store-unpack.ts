import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const storeUnpack: Command = defineCommand({
  path: ["store", "unpack"],
  summary: "Bring the versions of an archive into a store",
  description:
    "The store is made in the working directory where there is none. Everything is verified before a version is added. What " +
    "is corrupt or missing in the store and sound in the archive is repaired.",
  arguments: { file: { description: "archive of store pack" } },
  options: STORE_OPTION,
  example: "twinloom store unpack ecal.tar",
  run: async ({ file }, choice, io) => {
    const { join, resolve } = await import("node:path");
    const { unpackStore } = await import("../../core/index.ts");
    const { findStore, STORE_FOLDER } = await import("../with-store.ts");
    const folder = findStore(choice, io.cwd) ?? join(io.cwd, STORE_FOLDER);
    const unpacked = await unpackStore(resolve(io.cwd, file), folder, {
      signal: io.signal,
      onProgress: (done, of) => io.progress(of === 0 ? 1 : done / of, "unpacking"),
    });
    if (io.json) return io.printJson(unpacked);
    const { versions, objects, events } = unpacked;
    const shown = versions.length === 0 ? "no version" : versions.join(", ");
    io.print(`${io.style.green("unpacked")}: ${shown}; ${objects} objects, ${events} new events`);
  },
});
