import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinComment: Command = defineCommand({
  path: ["twin", "comment"],
  summary: "Write a comment on a version into the twin's log",
  description: "The version stays as it is; twin log shows the comment, with who wrote it and when.",
  arguments: { version: { description: VERSION_ARGUMENT }, text: { description: "what there is to say" } },
  options: { ...STORE_OPTION },
  example: 'twinloom twin comment ecal@v7 "cell 17 of layer 3 was noisy in this data"',
  run: async ({ version: name, text }, { store: folder }, io) => {
    const { versionText } = await import("../version-text.ts");
    const { withStore } = await import("../with-store.ts");
    const entry = await withStore({ store: folder }, io, async (store) => {
      const found = await store.resolve(name);
      await store.comment(found.digest, text, { signal: io.signal });
      return found;
    });
    if (io.json) io.printJson({ version: entry, text });
    else io.print(`Commented on ${versionText(entry)}`);
  },
});
