import { gridBlocks, rowMajorBlockShape } from "./chunk-grid.ts";
import type { Attributes, DataChunk, Dataset, Dimension, Storage, Variable } from "./dataset.ts";
import type { DType } from "./dtype.ts";
import { VariableNotFoundError } from "./errors.ts";
import { axesOf, indicesOf, toIndexSelection } from "./index-selection.ts";
import type { NdArray } from "./nd-array.ts";
import type { IndexSelection } from "./read-blocks.ts";
import type { AxisSelection } from "./resolve-selection.ts";
import type { Selection } from "./selection.ts";
import { findVariable, walk } from "./tree.ts";

const BLOCK_BYTES = 16e6;

/** What {@link subset} keeps. */
export interface SubsetOptions {
  /** Names or paths of variables; the coordinates of their dimensions, and bounds, are kept with them. All by default. */
  readonly variables?: readonly string[] | undefined;
  /** By dimension; of each variable that has it. */
  readonly selection?: Selection | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/**
 * A part of a dataset, read as lazily as the whole.
 *
 * @throws `TWIN_VARIABLE_NOT_FOUND`; `TWIN_INVALID_SELECTION`, also for a dimension that no variable has.
 */
export async function subset(dataset: Dataset, options: SubsetOptions): Promise<Dataset> {
  const { selection = {}, signal } = options;
  const kept = keptPaths(dataset, options.variables);
  const variables = [...walk(dataset)].filter(({ path }) => kept.has(path));
  const byDimension: Record<string, IndexSelection[string]> = {};
  for (const [dim, wanted] of Object.entries(selection)) {
    const first = variables.find(({ dims }) => dims.includes(dim)) ?? variables[0];
    if (!first) throw new VariableNotFoundError("", []);
    Object.assign(byDimension, await toIndexSelection(dataset, first, { [dim]: wanted }, { signal }));
  }
  const part: Dataset = cut(dataset, { kept, selection: byDimension, whole: () => part });
  return part;
}

interface Cut {
  /** Paths. */
  readonly kept: ReadonlySet<string>;
  readonly selection: IndexSelection;
  /** The dataset that is being made. */
  readonly whole: () => Dataset;
}

function cut(group: Dataset, how: Cut): Dataset {
  const { kept } = how;
  const variables = Object.entries(group.variables)
    .filter(([, { path }]) => kept.has(path))
    .map(([name, variable]): [string, Variable] => [name, cutVariable(variable, how)]);
  const used = new Map(
    variables.flatMap(([, { dims, shape }]) => dims.map((dim, axis) => [dim, shape[axis] as number] as const)),
  );
  const dims = Object.entries(group.dims).flatMap(([name, dimension]): [string, Dimension][] => {
    const length = used.get(name);
    if (length === undefined)
      return [...walk(group)].some((each) => each.dims.includes(name)) ? [] : [[name, dimension]];
    return [[name, { ...dimension, length }]];
  });
  return {
    name: group.name,
    dims: Object.fromEntries(dims),
    variables: Object.fromEntries(variables),
    coordinates: group.coordinates.filter((name) => used.has(name) && variables.some(([own]) => own === name)),
    attributes: group.attributes,
    groups: Object.fromEntries(
      Object.entries(group.groups)
        .filter(([, child]) => [...walk(child)].some(({ path }) => kept.has(path)))
        .map(([name, child]) => [name, cut(child, how)]),
    ),
  };
}

function cutVariable(variable: Variable, { selection, whole }: Cut): Variable {
  const own = Object.fromEntries(Object.entries(selection).filter(([dim]) => variable.dims.includes(dim)));
  return Object.keys(own).length === 0 ? variable : new CutVariable(variable, own, whole);
}

/** A part of a variable. */
class CutVariable implements Variable {
  readonly name: string;
  readonly path: string;
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit: string | undefined;
  readonly fillValue: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #whole: Variable;
  readonly #selection: IndexSelection;
  readonly #dataset: () => Dataset;

  constructor(whole: Variable, selection: IndexSelection, dataset: () => Dataset) {
    const shape = whole.dims.map((dim, axis) => lengthOf(selection[dim], whole.shape[axis] as number));
    const isKept = (_: unknown, axis: number): boolean => typeof selection[whole.dims[axis] as string] !== "number";
    const { chunkShape } = whole.storage;
    this.name = whole.name;
    this.path = whole.path;
    this.dtype = whole.dtype;
    this.dims = whole.dims.filter(isKept);
    this.shape = shape.filter(isKept);
    this.unit = whole.unit;
    this.fillValue = whole.fillValue;
    this.attributes = whole.attributes;
    this.storage = {
      filters: whole.storage.filters,
      ...(chunkShape && {
        chunkShape: chunkShape
          .filter(isKept)
          .map((length, axis) => Math.max(1, Math.min(length, this.shape[axis] as number))),
      }),
    };
    this.#whole = whole;
    this.#selection = selection;
    this.#dataset = dataset;
  }

  async read(selection: Selection = {}, options: Abortable = {}): Promise<NdArray> {
    return await this.#whole.read(await this.#within(selection, options), options);
  }

  async readMany(selections: readonly Selection[], options: Abortable = {}): Promise<readonly NdArray[]> {
    const within: IndexSelection[] = [];
    for (const selection of selections) within.push(await this.#within(selection, options));
    return await this.#whole.readMany(within, options);
  }

  async *chunks(options: Abortable = {}): AsyncIterable<DataChunk> {
    const { shape, dtype, dims } = this;
    const { chunkShape } = this.storage;
    for (const block of gridBlocks(shape, rowMajorBlockShape({ shape, dtype, chunkShape }, BLOCK_BYTES))) {
      const selection = Object.fromEntries(block.map((range, axis) => [dims[axis] as string, range]));
      yield { selection, array: await this.read(selection, options) };
    }
  }

  /** A selection of the part as one of the whole. */
  async #within(selection: Selection, options: Abortable): Promise<IndexSelection> {
    const axes = await axesOf(this.#dataset(), this, selection, (coordinate) => coordinate.read({}, options));
    const within = new Map<string, IndexSelection[string]>(Object.entries(this.#selection));
    for (const axis of axes) within.set(axis.dim, indicesOf(this.#inner(axis)));
    return Object.fromEntries(within);
  }

  #inner({ dim, start, step, count, drop }: AxisSelection): AxisSelection {
    const outer = this.#selection[dim];
    if (outer === undefined || typeof outer === "number") return { dim, start, step, count, drop };
    const [first, apart] = [outer.start ?? 0, outer.step ?? 1];
    return { dim, start: first + start * apart, step: step * apart, count, drop };
  }
}

/** Lengths of what an index selection keeps. Its ends were made positive when it was resolved. */
function lengthOf(wanted: IndexSelection[string] | undefined, length: number): number {
  if (wanted === undefined) return length;
  if (typeof wanted === "number") return 1;
  const { start = 0, stop = length, step = 1 } = wanted;
  return Math.max(0, Math.ceil((stop - start) / step));
}

/** Paths of the variables asked for, of the coordinates of their dimensions, and of what those name as theirs. */
function keptPaths(dataset: Dataset, wanted: readonly string[] | undefined): ReadonlySet<string> {
  const all = [...walk(dataset)];
  if (!wanted) return new Set(all.map(({ path }) => path));
  const kept = new Set<string>();
  const keep = (variable: Variable): void => {
    if (kept.has(variable.path)) return;
    kept.add(variable.path);
    const { bounds, coordinates, grid_mapping: mapping, ancillary_variables: more } = variable.attributes;
    const names = [bounds, coordinates, mapping, more].flatMap((text) =>
      typeof text === "string" ? text.split(/\s+/) : [],
    );
    const folder = variable.path.slice(0, variable.path.lastIndexOf("/"));
    for (const each of all) {
      if (names.includes(each.name) && each.path === `${folder}/${each.name}`) keep(each);
      if (each.dims.length === 1 && each.dims[0] === each.name && variable.dims.includes(each.name)) keep(each);
    }
  };
  for (const name of wanted) keep(findVariable(dataset, name));
  return kept;
}
