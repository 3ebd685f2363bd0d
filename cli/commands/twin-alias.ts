import { type Command, defineCommand } from "../command.ts";
import { REASON_OPTION, STORE_OPTION } from "../store-options.ts";

export const twinAlias: Command = defineCommand({
  path: ["twin", "alias"],
  summary: "Put an alias on a version, or take it away",
  description:
    "Moving one that is on another version takes a reason. With --expect it is moved only from there: two who move it at " +
    "the same time do not undo each other unseen.",
  arguments: {
    twin: { description: "name of a twin" },
    alias: { description: "champion, prod/champion" },
    version: { description: "version of that twin: v7, another alias, sha256:…", optional: true },
  },
  options: {
    expect: { kind: "text", placeholder: "version", description: "where it must be; none: it must not be there yet" },
    delete: { kind: "flag", description: "take the alias away" },
    ...REASON_OPTION,
    ...STORE_OPTION,
  },
  example: [
    'twinloom twin alias ecal champion v7 --reason "passed the gate"',
    'twinloom twin alias ecal prod/champion v7 --expect v6 --reason "new weights"',
    'twinloom twin alias ecal candidate --delete --reason "became champion"',
  ],
  run: async ({ twin, alias, version }, options, io) => {
    const { UsageError } = await import("../errors.ts");
    if (options.delete === (version !== undefined)) {
      throw new UsageError("Give the version that the alias is to be on, or --delete to take it away; one of the two.");
    }
    const { nameWithin, versionText } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const { expect, reason } = options;
    const entry = await withStore(options, io, async (store) => {
      const typed = expect === undefined || expect === "none" ? undefined : nameWithin(twin, expect);
      const expected = typed === undefined ? null : (await store.resolve(typed)).digest;
      return await store.moveAlias(`${twin}@${alias}`, version === undefined ? null : nameWithin(twin, version), {
        ...(expect !== undefined && { expected }),
        reason,
        signal: io.signal,
      });
    });
    if (io.json) io.printJson({ twin, alias, version: entry ?? null });
    else io.print(entry === undefined ? `${twin}@${alias} is no more.` : `${twin}@${alias} is ${versionText(entry)}`);
  },
});
