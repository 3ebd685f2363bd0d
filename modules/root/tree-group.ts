import type { Attributes, Dataset, Variable } from "../../core/index.ts";
import { BasketReader, startsOf } from "./basket-reader.ts";
import { BasketVariable } from "./basket-variable.ts";
import type { OpenRootFile } from "./open-root-file.ts";
import type { RawBranch, RawColumn, RawProblem, RawTree } from "./worker/protocol.ts";

/** The dimension of a tree. */
const ENTRY = "entry";
/** Compressed bytes that are read on opening to learn the lengths of vectors of vectors. */
const MAX_SCAN_BYTES = 64e6;

interface Scope {
  readonly file: OpenRootFile;
  readonly tree: RawTree;
  readonly signal: AbortSignal | undefined;
  problem(problem: RawProblem): void;
}

/** A tree as a group: its entries are the dimension `entry`, its branches variables and groups. */
export async function treeGroup(tree: RawTree, path: string, scope: Omit<Scope, "tree">): Promise<Dataset> {
  const { variables, groups } = await members(tree.branches, path, { ...scope, tree });
  return {
    name: tree.name,
    dims: { [ENTRY]: { length: tree.entries, unlimited: false } },
    variables,
    coordinates: [],
    attributes: { root_class: tree.className, ...(tree.title !== "" && { title: tree.title }) },
    groups,
  };
}

async function members(
  branches: readonly RawBranch[],
  path: string,
  scope: Scope,
): Promise<{ readonly variables: Dataset["variables"]; readonly groups: Dataset["groups"] }> {
  const variables = new Map<string, Variable>();
  const groups = new Map<string, Dataset>();
  const shown = await Promise.all(branches.map((branch) => branchMembers(branch, `${path}/${branch.name}`, scope)));
  for (const [index, { variable, group }] of shown.entries()) {
    const { name } = branches[index] as RawBranch;
    if (variable) variables.set(name, variable);
    if (group) groups.set(name, group);
  }
  return { variables: Object.fromEntries(variables), groups: Object.fromEntries(groups) };
}

/** One value, array or string per entry is a variable; all else is a group. */
async function branchMembers(
  branch: RawBranch,
  path: string,
  scope: Scope,
): Promise<{ readonly variable?: Variable; readonly group?: Dataset }> {
  const { column } = branch;
  const hasBranches = branch.branches.length > 0;
  const isPlain = column !== undefined && ["flat", "text"].includes(column.layout.kind);
  if (isPlain && !hasBranches) return { variable: plainVariable(branch, column, { name: branch.name, path }, scope) };
  const below = await members(branch.branches, path, scope);
  const ragged = column === undefined ? { variables: {}, dims: {} } : await ownMembers(branch, column, path, scope);
  const group: Dataset = {
    name: branch.name,
    dims: ragged.dims,
    variables: { ...below.variables, ...ragged.variables },
    coordinates: [],
    attributes: titleOf(branch),
    groups: below.groups,
  };
  return { group };
}

/** What a branch that is a group has of its own. */
async function ownMembers(branch: RawBranch, column: RawColumn, path: string, scope: Scope): Promise<Ragged> {
  if (column.layout.kind !== "flat" && column.layout.kind !== "text")
    return await raggedVariables(branch, column, path, scope);
  // A collection whose members are branches: how many elements it has.
  const name = "counts";
  return { variables: { [name]: plainVariable(branch, column, { name, path: `${path}/${name}` }, scope) }, dims: {} };
}

function plainVariable(
  branch: RawBranch,
  column: RawColumn,
  place: { readonly name: string; readonly path: string },
  { file, tree }: Scope,
): Variable {
  return new BasketVariable({
    ...place,
    dtype: column.layout.dtype,
    dims: [ENTRY, ...column.rowShape.map((_, axis) => `dim_${axis + 1}`)],
    rowShape: column.rowShape,
    attributes: titleOf(branch),
    reader: readerOf(file, column, { path: place.path, tree }),
    starts: column.baskets.entries,
    part: "values",
  });
}

interface Ragged {
  readonly variables: Dataset["variables"];
  readonly dims: Dataset["dims"];
}

/**
 * Values of varying number as CF's contiguous ragged array: `counts` per entry, and `values`, one after another, on
 * `<name>_element`. Vectors of vectors have `inner_counts` in between.
 */
async function raggedVariables(branch: RawBranch, column: RawColumn, path: string, scope: Scope): Promise<Ragged> {
  const { file, tree, signal, problem } = scope;
  const { layout, rowShape, baskets } = column;
  const reader = readerOf(file, column, { path, tree });
  const element = `${branch.name}_element`;
  const value = layout.kind === "nested" ? `${branch.name}_value` : element;
  let elements: Starts;
  let values: Starts;
  try {
    if (layout.kind === "jagged") elements = values = await reader.elementStarts({ signal });
    else ({ elements, values } = await scanned(reader, column, signal));
  } catch (error) {
    signal?.throwIfAborted();
    problem({ path, reason: error instanceof Error ? error.message : String(error) });
    elements = values = { failure: error };
  }
  const variable = (
    name: string,
    init: Pick<
      ConstructorParameters<typeof BasketVariable>[0],
      "dtype" | "dims" | "rowShape" | "starts" | "part" | "attributes"
    >,
  ): [string, Variable] => [name, new BasketVariable({ ...init, name, path: `${path}/${name}`, reader })];
  const counts = (of: string, what: string): Attributes => ({
    sample_dimension: of,
    long_name: `number of ${what} of ${branch.name}`,
  });
  const plain = { dtype: "uint32", rowShape: [] } as const;
  const all: [string, Variable][] = [
    variable("counts", {
      ...plain,
      dims: [ENTRY],
      starts: baskets.entries,
      part: "counts",
      attributes: counts(element, "elements of each entry"),
    }),
  ];
  if (layout.kind === "nested") {
    all.push(
      variable("inner_counts", {
        ...plain,
        dims: [element],
        starts: elements,
        part: "innerCounts",
        attributes: counts(value, "values of each element"),
      }),
    );
  }
  const dims = [value, ...rowShape.map((_, axis) => `dim_${axis + 1}`)];
  all.push(variable("values", { dtype: layout.dtype, rowShape, dims, starts: values, part: "values", attributes: {} }));
  const lengthOf = (starts: Starts): number => (starts instanceof Float64Array ? (starts.at(-1) as number) : 0);
  const dimensions = [
    [element, lengthOf(elements)],
    [value, lengthOf(values)],
  ] as const;
  return {
    variables: Object.fromEntries(all),
    dims: Object.fromEntries(dimensions.map(([name, length]) => [name, { length, unlimited: false }])),
  };
}

type Starts = Float64Array | { readonly failure: unknown };

/** Only the values themselves tell how many there are: they are all decoded, where they are not too many. */
async function scanned(
  reader: BasketReader,
  column: RawColumn,
  signal: AbortSignal | undefined,
): Promise<{ readonly elements: Float64Array; readonly values: Float64Array }> {
  const stored = column.baskets.bytes.reduce((sum, bytes) => sum + bytes, 0);
  if (stored > MAX_SCAN_BYTES) {
    reader.fail(
      `${column.typeName} of more than ${MAX_SCAN_BYTES / 1e6} MB (${Math.round(stored / 1e6)} MB) is not read; export it by \`twinloom root export\``,
    );
  }
  const elements: number[] = [];
  const values: number[] = [];
  const all = Array.from({ length: reader.count }, (_, number) => number);
  for await (const [number, basket] of reader.read(all, { signal })) {
    elements[number] = basket.counts?.reduce((sum, count) => sum + count, 0) ?? 0;
    values[number] = basket.values.length;
  }
  return { elements: startsOf(elements), values: startsOf(values) };
}

function readerOf(
  file: OpenRootFile,
  column: RawColumn,
  { path, tree }: { readonly path: string; readonly tree: RawTree },
): BasketReader {
  return new BasketReader(file, column, { path, branchName: column.branchName, treeTitle: tree.storedName });
}

function titleOf({ title }: RawBranch): Attributes {
  return title === "" ? {} : { long_name: title };
}
