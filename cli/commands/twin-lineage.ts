import { type Command, defineCommand } from "../command.ts";
import { STORE_OPTION, VERSION_ARGUMENT } from "../store-options.ts";

export const twinLineage: Command = defineCommand({
  path: ["twin", "lineage"],
  summary: "Show what a version came from, across twins",
  arguments: { version: { description: VERSION_ARGUMENT } },
  options: { dot: { kind: "flag", description: "print a graph for Graphviz: dot -Tsvg" }, ...STORE_OPTION },
  example: ["twinloom twin lineage ecal@champion", "twinloom twin lineage ecal --dot | dot -Tsvg > lineage.svg"],
  run: async ({ version }, { dot, store: folder }, io) => {
    const { lineage, lineageDot, lineageText } = await import("../../core/index.ts");
    const { withStore } = await import("../with-store.ts");
    const graph = await withStore({ store: folder }, io, (store) => lineage(store, version, { signal: io.signal }));
    if (io.json) io.printJson(graph);
    else io.print(dot ? lineageDot(graph) : lineageText(graph));
  },
});
