import { type Command, defineCommand } from "../command.ts";

export const specSchema: Command = defineCommand({
  path: ["spec", "schema"],
  summary: "Print the JSON Schema of twin.yaml, for editors",
  description:
    "Covers the plugins of Twinloom, and those of a twin.yaml when one is given. In an editor with the YAML language " +
    'server, put "# yaml-language-server: $schema=twin.schema.json" at the top of twin.yaml, and tell it of the tags ' +
    '"!artifact scalar", "!artifact mapping" and "!bigint scalar".',
  arguments: { twin: { description: "twin.yaml whose plugins the schema should cover too", optional: true } },
  example: ["twinloom spec schema > twin.schema.json", "twinloom spec schema twin.yaml > twin.schema.json"],
  run: async ({ twin }, _options, io) => {
    const { dirname, resolve } = await import("node:path");
    const { loadSpec, ownPlugins, specSchema: schemaOf } = await import("../../core/index.ts");
    const file = resolve(io.cwd, twin ?? "twin.yaml");
    const others = twin === undefined ? [] : Object.values((await loadSpec(file, { signal: io.signal })).plugins);
    const schema = schemaOf([...(await ownPlugins()), ...others], { folder: dirname(file) });
    if (io.json) io.printJson(schema);
    else io.print(JSON.stringify(schema, null, 2));
  },
});
