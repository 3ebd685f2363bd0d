import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const twinList: Command = defineCommand({
  path: ["twin", "list"],
  summary: "List the versions in a store",
  arguments: { twin: { description: "name of a twin; all by default", optional: true } },
  options: STORE_OPTION,
  example: ["twinloom twin list ecal", "twinloom twin list --json"],
  run: async ({ twin }, { store: folder }, io) => {
    const { describeNames, VersionNotFoundError, versionName } = await import("../../core/index.ts");
    const { formatTable } = await import("../table.ts");
    const { shortDigest, shortTime } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const entries = await withStore({ store: folder }, io, async (store) => {
      const absent = await store.absent();
      const listed = (await store.list(twin)).map((entry) => ({ ...entry, isHere: !absent.has(entry.digest) }));
      if (twin === undefined || listed.length > 0) return listed;
      const names = describeNames(twin, await store.twins());
      throw new VersionNotFoundError(twin, `the store has no twin "${twin}". ${names}`);
    });
    if (io.json) return io.printJson(entries);
    if (entries.length === 0) return io.print("The store has no versions.");
    const columns = ["version", "state", "aliases", "sealed", "by", "digest", "reason"].map((name) => ({ name }));
    const rows = entries.map((entry) => [
      versionName(entry),
      entry.isHere ? entry.state : `${entry.state}, not here`,
      entry.aliases.join(", ") || null,
      shortTime(entry.sealedAt),
      entry.actor,
      shortDigest(entry.digest),
      entry.reason,
    ]);
    io.print(formatTable({ columns, rows }));
  },
});
