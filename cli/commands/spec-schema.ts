import { type Command, defineCommand } from "../command.ts";
import { NAMED_TWIN, STORE_OPTION } from "../store-options.ts";

export const specSchema: Command = defineCommand({
  path: ["spec", "schema"],
  summary: "Print the JSON Schema of twin.yaml, for editors",
  description:
    "Covers the plugins of Twinloom, and those of a twin.yaml when one is given. In an editor with the YAML language " +
    'server, put "# yaml-language-server: $schema=twin.schema.json" at the top of twin.yaml, and tell it of the tags ' +
    '"!artifact scalar", "!artifact mapping" and "!bigint scalar".',
  arguments: { twin: { description: `${NAMED_TWIN}, whose plugins the schema should cover too`, optional: true } },
  options: STORE_OPTION,
  example: ["twinloom spec schema > twin.schema.json", "twinloom spec schema twin.yaml > twin.schema.json"],
  run: async ({ twin }, { store }, io) => {
    const { dirname, resolve } = await import("node:path");
    const { ownPlugins, specSchema: schemaOf } = await import("../../core/index.ts");
    const { loadTwin } = await import("../load-twin.ts");
    const loaded = twin === undefined ? undefined : await loadTwin({ twin, store, withdrawn: "warn" }, io);
    const folder = loaded === undefined ? io.cwd : dirname(resolve(io.cwd, loaded.source.file));
    const schema = schemaOf([...(await ownPlugins()), ...Object.values(loaded?.plugins ?? {})], { folder });
    if (io.json) io.printJson(schema);
    else io.print(JSON.stringify(schema, null, 2));
  },
});
