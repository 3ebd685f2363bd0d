import {
  FileClosedError,
  type HdfColumn,
  type HdfDataset,
  type HdfFile,
  type HdfGroup,
  type HdfProblem,
  type HdfSlab,
  NdArray,
  ReadFailedError,
  VariableNotFoundError,
} from "../../core/index.ts";
import type { ChunkCache } from "./chunk-cache.ts";
import { ColumnReader } from "./column-reader.ts";
import { bytesOf, columnsOf, numberIn, type TypeColumn } from "./columns.ts";
import { decodeColumn, dtypeOf } from "./decode.ts";
import type { FileContents, Place } from "./file-contents.ts";
import { rawSlab } from "./raw-slab.ts";
import type { DirectValues, RawSlab, RawValues } from "./worker/protocol.ts";
import { type FileServices, WorkerFile } from "./worker-file.ts";

/** Registered numbers of filters. */
const GZIP = 1;
const SHUFFLE = 2;
/** Filters, in the order of writing, that are undone without HDF5. */
const PLAIN_PIPELINES = new Set(["", `${GZIP}`, `${SHUFFLE},${GZIP}`]);

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** A file read through the worker. */
export class OpenHdfFile implements HdfFile {
  readonly location: string;
  readonly version: string;
  readonly root: HdfGroup;
  readonly problems: readonly HdfProblem[];
  /** All datasets by path. */
  readonly datasets: ReadonlyMap<string, HdfDataset>;
  readonly #file: WorkerFile;
  readonly #reader: ColumnReader;
  readonly #columns = new WeakMap<HdfDataset, readonly TypeColumn[]>();
  /** Whole elements of compound type. */
  readonly #compounds = new WeakMap<HdfDataset, TypeColumn>();
  /** Where the values of datasets are, by path. */
  readonly #places: ReadonlyMap<string, Place>;

  private constructor(file: WorkerFile, { root, datasets, places, problems }: FileContents, cache: ChunkCache) {
    this.#file = file;
    this.location = file.location;
    this.version = file.version;
    this.problems = problems;
    this.root = root;
    this.datasets = datasets;
    this.#places = places;
    this.#reader = new ColumnReader(this.location, (...wanted) => this.#fetch(...wanted), cache);
  }

  static async open(
    services: FileServices,
    cache: ChunkCache,
    location: string,
    options: Options,
  ): Promise<OpenHdfFile> {
    const { file, contents } = await WorkerFile.open(services, location, options);
    return new OpenHdfFile(file, contents, cache);
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
    const data = await this.readSlab(dataset, typeColumn, raw, options.signal);
    return new NdArray(data, {
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

  /** The columns of a dataset; always the same, so that what was read of them is known again. */
  columns(dataset: HdfDataset): readonly TypeColumn[] {
    return remembered(this.#columns, dataset, () => columnsOf(dataset.type));
  }

  /** Reads one slab of a column, decoded and flat. */
  async readSlab(
    dataset: HdfDataset,
    column: TypeColumn,
    slab: RawSlab,
    signal: AbortSignal | undefined,
  ): Promise<NdArray["data"]> {
    const cached = this.#reader.readCached(column, slab);
    if (cached) return cached;
    const [data] = await this.readColumn(dataset, column, [slab], signal);
    return data as NdArray["data"];
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
    this.#reader.forget();
    return this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #fetch(
    dataset: HdfDataset,
    column: TypeColumn,
    slabs: readonly RawSlab[],
    signal: AbortSignal | undefined,
  ): Promise<readonly RawValues[]> {
    const { path, chunkShape, filters } = dataset;
    const direct = this.#direct(dataset, column);
    return this.#file.run(
      { op: "read", path, element: column.layout, chunkShape, direct, slabs },
      { what: "read", location: this.location, path, filters },
      { signal },
    );
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
    // Shuffled by another size than that of its elements, HDF5 puts the bytes back otherwise.
    if (filters.some(({ id, parameters }) => id === SHUFFLE && parameters[0] !== layout.size)) return undefined;
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

  #find({ path, members = [] }: HdfColumn): { readonly dataset: HdfDataset; readonly typeColumn: TypeColumn } {
    if (this.#file.isClosed) throw new FileClosedError(this.location);
    const dataset = this.datasets.get(path.startsWith("/") ? path : `/${path}`);
    if (dataset === undefined) throw new VariableNotFoundError(path, [...this.datasets.keys()]);
    if (members.length === 0 && dataset.type.class === "compound") {
      return { dataset, typeColumn: remembered(this.#compounds, dataset, () => bytesOf(dataset.type)) };
    }
    const columns = this.columns(dataset);
    const wanted = members.join("/");
    const typeColumn = columns.find((column) => column.members.join("/") === wanted);
    if (typeColumn === undefined) {
      const available = columns.map((column) => [dataset.path, ...column.members].join("/"));
      throw new VariableNotFoundError([dataset.path, ...members].join("/"), available);
    }
    return { dataset, typeColumn };
  }
}

function remembered<K extends WeakKey, V>(known: WeakMap<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
