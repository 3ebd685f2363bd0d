import { stat } from "node:fs/promises";
import {
  FileClosedError,
  FileNotFoundError,
  FileUnreadableError,
  type HdfColumn,
  type HdfDataset,
  type HdfFile,
  type HdfGroup,
  type HdfProblem,
  type HdfSlab,
  NdArray,
  ReadFailedError,
  ReadTimeoutError,
  VariableNotFoundError,
  type WorkerClient,
  WorkerRequestError,
} from "../../core/index.ts";
import { attributeValues } from "./attribute-value.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { ColumnReader } from "./column-reader.ts";
import { columnsOf, numberIn, type TypeColumn } from "./columns.ts";
import { decodeColumn, dtypeOf } from "./decode.ts";
import { codedFailure } from "./failures.ts";
import { rawSlab } from "./raw-slab.ts";
import type {
  DirectValues,
  FileKey,
  RawDataset,
  RawFile,
  RawGroup,
  RawSlab,
  RawValues,
  WorkerRequest,
} from "./worker/protocol.ts";

/** Registered numbers of filters. */
const GZIP = 1;
const SHUFFLE = 2;
/** Filters, in the order of writing, that are undone without HDF5. */
const PLAIN_PIPELINES = new Set(["", `${GZIP}`, `${SHUFFLE},${GZIP}`]);

/** Where the values of a dataset are. */
type Places = Pick<RawDataset, "valuesAt" | "chunkIndex">;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

let lastId = 0;

/** A key that no other open file has. */
export function newFileKey(location: string): FileKey {
  return { id: ++lastId, location };
}

/** A file read through the worker. */
export class OpenHdfFile implements HdfFile {
  readonly location: string;
  readonly root: HdfGroup;
  readonly problems: readonly HdfProblem[];
  /** All datasets by path. */
  readonly datasets: ReadonlyMap<string, HdfDataset>;
  readonly #client: WorkerClient<WorkerRequest>;
  readonly #key: FileKey;
  readonly #state: FileState;
  readonly #reader: ColumnReader;
  /** Where the values of datasets are, by path. */
  readonly #places: ReadonlyMap<string, Places>;
  #generation: number;
  #closing: Promise<void> | undefined;
  /** Set once HDF5 hung on this file: it would again, for as long again. */
  #hung: ReadTimeoutError | undefined;

  private constructor(client: WorkerClient<WorkerRequest>, cache: ChunkCache, opened: Opened) {
    this.location = opened.key.location;
    this.#client = client;
    this.#key = opened.key;
    this.#state = opened.state;
    this.#generation = opened.generation;
    this.problems = opened.file.problems;
    const places = new Map<string, Places>();
    this.root = groupOf(opened.file.root, "/", places);
    this.#places = places;
    this.datasets = new Map([...datasetsIn(this.root)].map((dataset) => [dataset.path, dataset]));
    this.#reader = new ColumnReader(this.location, (...wanted) => this.#fetch(...wanted), cache);
  }

  static async open(
    client: WorkerClient<WorkerRequest>,
    cache: ChunkCache,
    location: string,
    { signal }: Options,
  ): Promise<OpenHdfFile> {
    signal?.throwIfAborted();
    const state = await fileState(location);
    const key = newFileKey(location);
    try {
      const file = await client.run<RawFile>({ op: "describe", file: key }, { signal });
      return new OpenHdfFile(client, cache, { key, state, file, generation: client.generation });
    } catch (error) {
      // A caller that has lost interest does not wait, but the file must not stay open.
      void client.run({ op: "close", file: key }).catch(() => undefined);
      throw codedFailure(error, { what: "open", location });
    }
  }

  async read(column: HdfColumn, slab?: HdfSlab, options: Options = {}): Promise<NdArray> {
    const { dataset, typeColumn } = this.#find(column);
    if (typeColumn.leaf.class === "sequence") {
      throw new ReadFailedError(
        this.location,
        `"${dataset.path}" holds variable-length sequences; read it by \`readRagged\`.`,
      );
    }
    const raw = rawSlab(dataset, slab);
    const [data] = await this.readColumn(dataset, typeColumn, [raw], options.signal);
    return new NdArray(data as NdArray["data"], {
      dtype: dtypeOf(typeColumn.leaf),
      shape: [...raw.count, ...typeColumn.extraShape],
    });
  }

  async readRagged(
    column: HdfColumn,
    slab?: HdfSlab,
    options: Options = {},
  ): Promise<{ readonly counts: NdArray<"uint32">; readonly values: NdArray }> {
    const { dataset, typeColumn } = this.#find(column);
    const raw = rawSlab(dataset, slab);
    const { counts, values } = await this.readSequences(dataset, typeColumn, raw, options.signal);
    return {
      counts: new NdArray(counts, { dtype: "uint32", shape: [...raw.count, ...typeColumn.extraShape] }),
      values: new NdArray(values, { dtype: dtypeOf(typeColumn.leaf), shape: [values.length] }),
    };
  }

  /** Reads slabs of one column, decoded and flat. */
  readColumn(
    dataset: HdfDataset,
    column: TypeColumn,
    slabs: readonly RawSlab[],
    signal?: AbortSignal,
  ): Promise<readonly NdArray["data"][]> {
    return this.#reader.read(dataset, column, slabs, signal);
  }

  /** Reads sequences: their lengths and their elements, flat. */
  async readSequences(
    dataset: HdfDataset,
    column: TypeColumn,
    slab: RawSlab,
    signal?: AbortSignal,
  ): Promise<{ readonly counts: Uint32Array; readonly values: NdArray["data"] }> {
    if (column.leaf.class !== "sequence") {
      const reason =
        column.leaf.class === "unknown" ? `${column.leaf.reason}.` : "does not hold variable-length sequences.";
      throw new ReadFailedError(this.location, `"${dataset.path}": ${reason}`);
    }
    const [raw] = await this.#fetch(dataset, column, [slab], signal);
    if (raw?.kind !== "sequences") throw new TypeError("The worker gave something other than sequences.");
    return { counts: raw.counts, values: decodeColumn(column, raw) };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#reader.forget();
    if (this.#generation !== this.#client.generation) return;
    try {
      await this.#client.run({ op: "close", file: this.#key });
    } catch (error) {
      // With its worker the file was closed, too.
      if (error instanceof WorkerRequestError && error.kind === "stopped") return;
      throw codedFailure(error, { what: "read", location: this.location });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #fetch(
    dataset: HdfDataset,
    column: TypeColumn,
    slabs: readonly RawSlab[],
    signal: AbortSignal | undefined,
  ): Promise<readonly RawValues[]> {
    if (this.#closing) throw new FileClosedError(this.location);
    if (this.#hung) throw this.#hung;
    signal?.throwIfAborted();
    await this.#checkUnchanged();
    const { path, chunkShape, filters } = dataset;
    try {
      return await this.#client.run<readonly RawValues[]>(
        {
          op: "read",
          file: this.#key,
          path,
          element: column.layout,
          chunkShape,
          direct: this.#direct(dataset, column),
          slabs,
        },
        { signal },
      );
    } catch (error) {
      if (error instanceof ReadTimeoutError) this.#hung = error;
      throw codedFailure(error, { what: "read", location: this.location, path, filters });
    }
  }

  /** Where a column may be read past HDF5: whole plain elements in our byte order, contiguous or in plain chunks. */
  #direct({ path, shape, chunkShape, filters }: HdfDataset, { leaf, layout }: TypeColumn): DirectValues | undefined {
    const { valuesAt, chunkIndex } = this.#places.get(path) ?? {};
    const isWhole = layout.leaf === "plain" && layout.offsets.length * layout.leafSize === layout.size;
    const isBigEndian = numberIn(leaf)?.bigEndian === true && leaf.size > 1;
    if (shape === undefined || !isWhole || layout.pointers || isBigEndian) return undefined;
    const bytes = shape.reduce((product, length) => product * length, layout.size);
    // A header that contradicts itself is HDF5's to refuse.
    if (valuesAt?.bytes === bytes) return { kind: "contiguous", shape, position: valuesAt.position };
    const pipeline = filters.map(({ id }) => id).join();
    if (chunkIndex === undefined || chunkShape === undefined || !PLAIN_PIPELINES.has(pipeline)) return undefined;
    return {
      kind: "chunks",
      shape,
      chunkShape,
      index: chunkIndex,
      isCompressed: filters.some(({ id }) => id === GZIP),
      isShuffled: filters.some(({ id }) => id === SHUFFLE),
    };
  }

  /** A new worker opens the file anew; it must still be the one whose metadata we have. */
  async #checkUnchanged(): Promise<void> {
    if (this.#generation === this.#client.generation) return;
    const now = await fileState(this.location);
    if (now.modifiedMs !== this.#state.modifiedMs || now.bytes !== this.#state.bytes) {
      throw new FileUnreadableError(this.location, "it has changed since it was opened. Open it again.");
    }
    this.#generation = this.#client.generation;
  }

  #find({ path, members = [] }: HdfColumn): { readonly dataset: HdfDataset; readonly typeColumn: TypeColumn } {
    if (this.#closing) throw new FileClosedError(this.location);
    const dataset = this.datasets.get(path.startsWith("/") ? path : `/${path}`);
    if (dataset === undefined) throw new VariableNotFoundError(path, [...this.datasets.keys()]);
    const columns = columnsOf(dataset.type);
    const wanted = members.join("/");
    const typeColumn = columns.find((column) => column.members.join("/") === wanted);
    if (typeColumn === undefined) {
      const available = columns.map((column) => [dataset.path, ...column.members].join("/"));
      throw new VariableNotFoundError([dataset.path, ...members].join("/"), available);
    }
    return { dataset, typeColumn };
  }
}

interface Opened {
  readonly key: FileKey;
  readonly state: FileState;
  readonly file: RawFile;
  readonly generation: number;
}

/** What tells whether a file has changed. */
interface FileState {
  readonly bytes: number;
  readonly modifiedMs: number;
}

async function fileState(location: string): Promise<FileState> {
  try {
    const stats = await stat(location);
    if (!stats.isFile()) throw new FileUnreadableError(location, "it is not a file.");
    return { bytes: stats.size, modifiedMs: stats.mtimeMs };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw new FileNotFoundError(location, { cause: error });
    if (error instanceof FileUnreadableError) throw error;
    throw new FileUnreadableError(location, `${(error as Error).message}.`, { cause: error });
  }
}

function groupOf(raw: RawGroup, path: string, places: Map<string, Places>): HdfGroup {
  const child = (name: string): string => (path === "/" ? `/${name}` : `${path}/${name}`);
  return {
    path,
    attributes: attributeValues(raw.attributes),
    groups: Object.fromEntries(raw.groups.map((group) => [group.name, groupOf(group, child(group.name), places)])),
    datasets: Object.fromEntries(
      raw.datasets.map((dataset) => {
        places.set(child(dataset.name), dataset);
        return [dataset.name, datasetOf(dataset, child(dataset.name))];
      }),
    ),
    links: Object.fromEntries(raw.links.map(({ name, ...link }) => [name, link])),
  };
}

function datasetOf(raw: RawDataset, path: string): HdfDataset {
  const { name: _name, valuesAt: _valuesAt, chunkIndex: _chunkIndex, attributes, virtualSources, ...rest } = raw;
  return { ...rest, path, attributes: attributeValues(attributes), ...(virtualSources && { virtualSources }) };
}

function* datasetsIn(group: HdfGroup): Generator<HdfDataset> {
  yield* Object.values(group.datasets);
  for (const child of Object.values(group.groups)) yield* datasetsIn(child);
}
