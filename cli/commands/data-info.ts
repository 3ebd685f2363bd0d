import type {
  AttributeValue,
  Dataset,
  FederatedDataset,
  FederatedPart,
  OpenDataset,
  Variable,
} from "../../core/index.ts";
import { type Command, type CommandIo, defineCommand } from "../command.ts";
import { FEDERATION_OPTIONS } from "../federation-options.ts";

export const dataInfo: Command = defineCommand({
  path: ["data", "info"],
  summary: "Show what files hold",
  description:
    "Several files, a folder or a pattern are shown as the one dataset that they make: their states, gaps and overlaps, " +
    "and what is converted. Dimensions, variables with their dimensions, shape, type, unit, chunks and compression, attributes and groups. " +
    "Reads no values. Unnamed dimensions are dim_0, dim_1, … of their variable alone.",
  arguments: { files: { description: "files, folders or patterns to look into", many: true } },
  options: {
    raw: { kind: "flag", description: "show what is stored, without any decoding" },
    ...FEDERATION_OPTIONS,
  },
  example: [
    "twinloom data info showers.h5",
    "twinloom data info showers.h5 --json",
    'twinloom data info "archive/*.nc"',
  ],
  run: async ({ files }, options, io) => {
    const { withData } = await import("../open-file.ts");
    await withData({ ...options, files }, io, async ({ dataset }) => {
      const name = files.length === 1 ? { file: files[0] } : { files };
      if (io.json) return io.printJson({ ...name, ...describe(dataset) });
      await printInfo(dataset, io);
    });
  },
});

function describe(dataset: OpenDataset | FederatedDataset): object {
  const groups = [...groupsOf(dataset, "/")];
  const { problems = [], servedBy } = dataset as Extras;
  return {
    format: dataset.format,
    ...(servedBy !== undefined && { servedBy }),
    ...(isFederated(dataset) && { parts: dataset.parts.map(describePart), report: dataset.report }),
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

/** What some formats tell beside a dataset: what cannot be shown, and which way the file is read. */
interface Extras {
  readonly problems?: readonly { readonly path: string; readonly reason: string }[];
  readonly servedBy?: string;
}

function isFederated(dataset: OpenDataset | FederatedDataset): dataset is FederatedDataset {
  return "parts" in dataset;
}

function describePart({ name, state, error, facts }: FederatedPart): object {
  const { location = null, format = null, version = null, extent = null } = facts ?? {};
  const attributes = facts ? describeAttributes(facts.attributes) : {};
  return { name, state, error: error?.message ?? null, location, format, version, extent, attributes };
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

async function printInfo(dataset: OpenDataset | FederatedDataset, io: CommandIo): Promise<void> {
  const { formatTable } = await import("../table.ts");
  const { jsonText } = await import("../json-text.ts");
  const { problems = [], servedBy } = dataset as Extras;
  io.print(`${dataset.location} (${dataset.format}${servedBy === undefined ? "" : `, read: ${servedBy}`})`);
  if (isFederated(dataset)) {
    const { printFederation } = await import("../print-federation.ts");
    await printFederation(dataset, io);
  }
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
