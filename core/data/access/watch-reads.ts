import type { OpenDataset } from "../../contracts/connector.ts";
import { redactLocation } from "../../sources/redact.ts";
import { bytesPerElement } from "../chunk-grid.ts";
import type { DataChunk, Dataset, Variable } from "../dataset.ts";
import { axesOf, indicesOf } from "../index-selection.ts";
import type { NdArray } from "../nd-array.ts";
import type { IndexSelection } from "../read-blocks.ts";
import { type AxisSelection, resolveSelection } from "../resolve-selection.ts";
import type { Selection } from "../selection.ts";
import { type OnRead, READ_WATCHED, type ReadEvent, type WatchedVariable } from "./watched.ts";

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/** Key of the method by which a dataset of several files shows itself watched. */
export const WATCH: unique symbol = Symbol("twinloom watch");

/** A dataset that knows better than anybody what is read of the files below it. */
export interface WatchableDataset extends OpenDataset {
  [WATCH](onRead: OnRead): OpenDataset;
}

/**
 * The same dataset, telling of every read: source, version, variable, selection and bytes. Of a federation, the reads of
 * its parts are told, and those of the coordinates that brought them together. Closing it closes the dataset.
 *
 * @example
 * const log = new AccessLog();
 * const watched = watchReads(await openDataset("tas.nc", connectors), log.add);
 * await watched.variables.tas?.read({ time: 0 });
 * log.record().sources[0]?.reads; // => [{ variable: "/tas", selection: { time: 0 }, reads: 1, bytes: … }]
 */
export function watchReads(dataset: OpenDataset, onRead: OnRead): OpenDataset {
  if (WATCH in dataset) return (dataset as WatchableDataset)[WATCH](onRead);
  const watched: OpenDataset = { ...watchGroup(dataset, dataset, onRead), ...identityOf(dataset) };
  return watched;
}

/** Reads of a variable of a dataset, and tells. */
export async function readWatched(
  dataset: OpenDataset,
  variable: Variable,
  selections: readonly Selection[],
  options: Abortable & { readonly onRead?: OnRead | undefined },
): Promise<readonly NdArray[]> {
  const { onRead, signal } = options;
  if (!onRead) return await variable.readMany(selections, { signal });
  if (READ_WATCHED in variable) {
    return await (variable as WatchedVariable)[READ_WATCHED](selections, { signal }, onRead);
  }
  const resolved: (readonly AxisSelection[])[] = [];
  for (const selection of selections) {
    const read = async (coordinate: Variable): Promise<NdArray | undefined> =>
      (await readWatched(dataset, coordinate, [{}], options))[0];
    resolved.push(await axesOf(dataset, variable, selection, read));
  }
  const asked = resolved.map((axes) => Object.fromEntries(axes.map((axis) => [axis.dim, indicesOf(axis)])));
  const arrays = await variable.readMany(asked, { signal });
  arrays.forEach((array, number) => {
    onRead(readEvent(dataset, variable, resolved[number] as readonly AxisSelection[], array));
  });
  return arrays;
}

function watchGroup(root: OpenDataset, group: Dataset, onRead: OnRead): Dataset {
  const { name, dims, coordinates, attributes } = group;
  return {
    ...{ name, dims, coordinates, attributes },
    variables: mapValues(group.variables, (variable) => watchVariable(root, variable, onRead)),
    groups: mapValues(group.groups, (child) => watchGroup(root, child, onRead)),
  };
}

function watchVariable(root: OpenDataset, variable: Variable, onRead: OnRead): Variable {
  const { name, path, dtype, dims, shape, unit, fillValue, attributes, storage, raw } = variable;
  return {
    ...{ name, path, dtype, dims, shape, unit, fillValue, attributes, storage },
    ...(raw && { raw: watchVariable(root, raw, onRead) }),
    async read(selection: Selection = {}, { signal }: Abortable = {}): Promise<NdArray> {
      return (await readWatched(root, variable, [selection], { signal, onRead }))[0] as NdArray;
    },
    async readMany(selections: readonly Selection[], { signal }: Abortable = {}): Promise<readonly NdArray[]> {
      return await readWatched(root, variable, selections, { signal, onRead });
    },
    async *chunks(options?: Abortable): AsyncIterable<DataChunk> {
      for await (const chunk of variable.chunks(options)) {
        const axes = await resolveSelection(variable, chunk.selection, async () => undefined);
        onRead(readEvent(root, variable, axes, chunk.array));
        yield chunk;
      }
    },
  };
}

function identityOf(dataset: OpenDataset): Omit<OpenDataset, keyof Dataset> {
  const { format, location, version } = dataset;
  return {
    ...{ format, location },
    ...(version !== undefined && { version }),
    close: () => dataset.close(),
    [Symbol.asyncDispose]: () => dataset.close(),
  };
}

function readEvent(
  { location, format, version }: OpenDataset,
  variable: Variable,
  axes: readonly AxisSelection[],
  { size, dtype }: NdArray,
): ReadEvent {
  return {
    source: redactLocation(location),
    ...{ format, version, variable: variable.path },
    selection: shownSelection(variable, axes),
    bytes: size * bytesPerElement(dtype),
  };
}

/** Without the dimensions that are read whole, and without a step of 1. */
function shownSelection({ shape }: Variable, axes: readonly AxisSelection[]): IndexSelection {
  const shown = axes.flatMap((axis, number): [string, IndexSelection[string]][] => {
    const { dim, start, step, count, drop } = axis;
    if (!drop && start === 0 && step === 1 && count === shape[number]) return [];
    const indices = indicesOf(axis);
    if (typeof indices === "number" || step !== 1) return [[dim, indices]];
    return [[dim, { start: indices.start ?? 0, stop: indices.stop ?? 0 }]];
  });
  return Object.fromEntries(shown);
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
