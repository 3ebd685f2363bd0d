import type { AttributeValue, Dataset, OpenDataset, Variable } from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";

export const dataInfo: Command = defineCommand({
  path: ["data", "info"],
  summary: "Show what a file holds",
  description:
    "Dimensions, variables with their dimensions, shape, type, unit, chunks and compression, attributes and groups. " +
    "Reads no values. Unnamed dimensions are dim_0, dim_1, … of their variable alone.",
  arguments: { file: { description: "file to look into" } },
  example: ["twinloom data info showers.h5", "twinloom data info showers.h5 --json"],
  run: async ({ file }, _options, io) => {
    const { withFile } = await import("../open-file.ts");
    await withFile(file, io, async (dataset) => {
      if (io.json) return io.printJson({ file, ...describe(dataset) });
      await printInfo(dataset, io);
    });
  },
});

function describe(dataset: OpenDataset): object {
  const groups = [...groupsOf(dataset, "/")];
  const { problems = [] } = dataset as Partial<Record<"problems", readonly unknown[]>>;
  return {
    format: dataset.format,
    dimensions: dataset.dims,
    coordinates: dataset.coordinates,
    variables: groups.flatMap(([, group]) => Object.values(group.variables).map(describeVariable)),
    attributes: describeAttributes(dataset.attributes),
    groups: groups.slice(1).map(([path, group]) => ({
      path,
      dimensions: group.dims,
      attributes: describeAttributes(group.attributes),
    })),
    problems,
  };
}

function describeVariable(variable: Variable): object {
  const { path, name, dims, shape, dtype, unit = null, storage } = variable;
  return {
    path,
    name,
    dims,
    shape,
    dtype,
    unit,
    chunks: storage.chunkShape ?? null,
    compression: storage.filters,
    storedBytes: storage.storedBytes ?? null,
    type: storage.typeNote ?? null,
    attributes: describeAttributes(variable.attributes),
  };
}

function describeAttributes(attributes: Readonly<Record<string, AttributeValue>>): object {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, plainAttribute(value)]));
}

/** Arrays of one axis as lists; of more axes with their shape. */
function plainAttribute(value: AttributeValue): unknown {
  if (typeof value !== "object") return value;
  return value.shape.length === 1 ? value.values() : { shape: value.shape, values: value.values() };
}

function* groupsOf(group: Dataset, path: string): Generator<readonly [string, Dataset]> {
  yield [path, group];
  for (const [name, child] of Object.entries(group.groups)) {
    yield* groupsOf(child, path === "/" ? `/${name}` : `${path}/${name}`);
  }
}

async function printInfo(dataset: OpenDataset, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const { jsonText } = await import("../json-text.ts");
  io.print(`${dataset.location} (${dataset.format})`);
  for (const [path, group] of groupsOf(dataset, "/")) {
    const dims = Object.entries(group.dims);
    const attributes = Object.entries(group.attributes);
    const variables = Object.values(group.variables);
    if (path !== "/") io.print(`\n${io.style.bold(path)}`);
    if (dims.length > 0) {
      io.print(`\n${io.style.bold("dimensions")}`);
      const rows = dims.map(([name, { length, unlimited }]) => [name, length, unlimited ? "unlimited" : ""]);
      io.print(formatTable({ columns: [{ name: "name" }, { name: "length" }, { name: "" }], rows }));
    }
    if (variables.length > 0) {
      io.print(`\n${io.style.bold("variables")}`);
      io.print(formatTable({ columns: COLUMNS, rows: variables.map(variableRow) }));
    }
    if (attributes.length > 0) {
      io.print(`\n${io.style.bold("attributes")}`);
      for (const [name, value] of attributes) io.print(`${name} = ${shortened(jsonText(plainAttribute(value)))}`);
    }
  }
  const { problems = [] } = dataset as Partial<
    Record<"problems", readonly { readonly path: string; readonly reason: string }[]>
  >;
  for (const problem of problems) io.warn(`${problem.path}: ${problem.reason}`);
}

const COLUMNS = ["name", "dims", "shape", "dtype", "unit", "chunks", "compression"].map((name) => ({ name }));

function variableRow({ name, dims, shape, dtype, unit, storage }: Variable): readonly (string | null)[] {
  const { chunkShape, filters } = storage;
  return [
    name,
    dims.join(", ") || "(scalar)",
    shape.join(" × ") || "1",
    dtype,
    unit ?? null,
    chunkShape?.join(" × ") ?? null,
    filters.join(", ") || null,
  ];
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
