import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

const HOUR_MS = 3_600_000;

export const storeGc: Command = defineCommand({
  path: ["store", "gc"],
  summary: "Remove objects that no version, evidence or run needs",
  description:
    "Every sealed version is needed, whatever its state. What was stored within the grace period stays, and what a living " +
    "writer may be about to name: others may use the store meanwhile. Restored versions that were not run from within " +
    "the grace period go, too; they are made anew when they are needed. Quarantine is not touched.",
  options: {
    dryRun: { kind: "flag", description: "remove nothing, tell what would be" },
    graceHours: {
      kind: "number",
      placeholder: "hours",
      description: "age from which what nothing needs is removed [h]; more than clocks differ by",
      default: 24,
      min: 0,
    },
    ...STORE_OPTION,
  },
  example: ["twinloom store gc --dry-run", "twinloom store gc --grace-hours 1"],
  run: async (_arguments, { dryRun, graceHours, store: folder }, io) => {
    const { collectGarbage } = await import("../../core/index.ts");
    const { withStore } = await import("../with-store.ts");
    const collected = await withStore({ store: folder }, io, (store) =>
      collectGarbage(store, {
        graceMs: graceHours * HOUR_MS,
        dryRun,
        signal: io.signal,
        onProgress: (done, of) => io.progress(done / of, "collecting"),
      }),
    );
    if (io.json) return io.printJson(collected);
    const { objects, temporaryFiles, checkouts, bytes, kept } = collected;
    const { shortDigest } = await import("../version-text.ts");
    for (const { digest, bytes } of objects) io.print(`${shortDigest(digest)} ${bytes} bytes`);
    for (const path of [...temporaryFiles, ...checkouts]) io.print(path);
    const what = `${objects.length} objects, ${temporaryFiles.length} temporary files and ${checkouts.length} restored versions, ${bytes} bytes`;
    io.print(`${dryRun ? "would remove" : io.style.green("removed")}: ${what}; ${kept} unneeded but young ones stay`);
  },
});
