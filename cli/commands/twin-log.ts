import type { Event } from "../../core/index.ts";
import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION } from "../store-options.ts";

export const twinLog: Command = defineCommand({
  path: ["twin", "log"],
  summary: "Show everything that happened to a twin",
  description:
    "Every event, the oldest first: who sealed, moved aliases, changed states and added evidence, when, and why. The " +
    "events are chained by digest and checked while they are read.",
  arguments: { twin: { description: "name of a twin" } },
  options: STORE_OPTION,
  example: "twinloom twin log ecal",
  run: async ({ twin }, { store: folder }, io) => {
    const { describeNames, VersionNotFoundError } = await import("../../core/index.ts");
    const { formatTable } = await import("../table.ts");
    const { shortTime } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const events = await withStore({ store: folder }, io, async (store) => {
      const read: Event[] = [];
      for await (const event of store.log(twin).events()) read.push(event);
      if (read.length > 0) return read;
      const names = describeNames(twin, await store.twins());
      throw new VersionNotFoundError(twin, `the store has no twin "${twin}". ${names}`);
    });
    if (io.json) return io.printJson(events);
    const columns = ["event", "at", "by", "what", "reason"].map((name) => ({ name }));
    const numbers = new Map<string, string>();
    const rows = events.map((event) => {
      const { sequence, at, actor, reason, change } = event;
      if (change.type === "sealed") numbers.set(change.version.digest, `v${change.number}`);
      return [sequence, shortTime(at), actor, eventText(change, (digest) => numbers.get(digest) ?? digest), reason];
    });
    io.print(formatTable({ columns, rows }));
  },
});

function eventText(change: Event["change"], nameOf: (digest: string) => string): string {
  switch (change.type) {
    case "sealed":
      return `sealed v${change.number}`;
    case "aliasMoved": {
      const from = change.from === null ? "" : ` from ${nameOf(change.from)}`;
      return change.to === null
        ? `alias ${change.alias} taken${from}`
        : `alias ${change.alias}${from} to ${nameOf(change.to)}`;
    }
    case "stateChanged":
      return `${nameOf(change.version)}: ${change.from} to ${change.to}`;
    case "attested":
      return `${nameOf(change.version)}: ${change.kind} ${change.verdict}`;
    case "ran":
      return `${nameOf(change.version)}: run ${change.id}`;
    case "commented":
      return `${nameOf(change.version)}: ${change.text}`;
  }
}
