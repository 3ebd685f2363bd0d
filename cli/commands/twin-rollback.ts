import { type Command, defineCommand } from "../command.ts";
import { REASON_OPTION, STORE_OPTION } from "../store-options.ts";

export const twinRollback: Command = defineCommand({
  path: ["twin", "rollback"],
  summary: "Put an alias back on the version that it was on before",
  description: "A second rollback goes one further back. Withdrawn versions are passed over.",
  arguments: { twin: { description: "name of a twin" }, alias: { description: "champion" } },
  options: { reason: { ...REASON_OPTION.reason, required: true }, ...STORE_OPTION },
  example: 'twinloom twin rollback ecal champion --reason "resolution is worse at 100 GeV"',
  run: async ({ twin, alias }, { reason, store: folder }, io) => {
    const { versionText } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const entry = await withStore({ store: folder }, io, (store) =>
      store.rollBackAlias(`${twin}@${alias}`, { reason, signal: io.signal }),
    );
    if (io.json) io.printJson({ twin, alias, version: entry });
    else io.print(`${twin}@${alias} is ${versionText(entry)}`);
  },
});
