import { type Command, defineCommand } from "../command.ts";

export const climateIndices: Command = defineCommand({
  path: ["climate", "indices"],
  summary: "List the climate indices, or tell all of one",
  arguments: { name: { description: "index to tell all of", optional: true } },
  example: ["twinloom climate indices WSDI", "twinloom climate indices --json"],
  run: async ({ name }, _options, io) => {
    const { findIndex, INDICES } = await import("../../thematic/climate/index.ts");
    if (name === undefined) {
      if (io.json) return io.printJson(INDICES.map(({ kernel: _, ...told }) => told));
      const { formatTable } = await import("../table.ts");
      const columns = ["name", "unit", "from", "periods", "what"].map((each) => ({ name: each }));
      const rows = INDICES.map(({ name: index, unit, inputs, frequency, title }) => [
        index,
        unit,
        inputs.map((input) => input.name).join(", "),
        frequency,
        title,
      ]);
      return io.print(formatTable({ columns, rows }));
    }
    const { kernel: _, ...told } = findIndex(INDICES, name);
    if (io.json) return io.printJson(told);
    const { definition, source, peers, inputs, unit, frequency, parameters = {} } = told;
    io.print(`${io.style.bold(told.name)} [${unit}]: ${told.title}`);
    io.print(`\n${definition}\n`);
    io.print(`from:     ${inputs.map((input) => `${input.name} (${input.standardName}) as ${input.unit}`).join(", ")}`);
    io.print(`periods:  ${frequency}`);
    for (const [parameter, each] of Object.entries(parameters)) {
      io.print(`--set ${parameter}=${each.default}  ${each.description} [${each.unit}]`);
    }
    io.print(`source:   ${source}`);
    io.print(`follows:  ${peers.follows}`);
    for (const [program, difference] of Object.entries(peers.differences)) io.print(`${program}: ${difference}`);
  },
});
