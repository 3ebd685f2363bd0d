import type { WorkerFailure } from "../../../core/index.ts";
import type { FailureKind, RawSlab } from "./protocol.ts";

/** The part of h5wasm's module that we use. Its own typings drag in a DOM; these are the functions we checked. */
export interface HdfModule {
  readonly HEAPU8: Uint8Array;
  readonly FS: { readonly streams: unknown[] };
  readonly MAXIMUM_MEMORY: number;
  _malloc(size: number): number;
  _free(pointer: number): void;
  open(path: string, mode: number, trackOrder: boolean, lowestVersion: number, highestVersion: number): bigint;
  close_file(file: bigint): number;
  get_names(file: bigint, path: string, recursive: boolean): string[];
  get_symbolic_link(file: bigint, path: string): string | null;
  get_external_link(file: bigint, path: string): { filename?: string; obj_path?: string };
  get_attribute_names(file: bigint, path: string): string[];
  get_attribute_metadata(file: bigint, path: string, name: string): RawMetadata;
  get_attribute_data(file: bigint, path: string, name: string, pointer: bigint): number;
  get_dataset_metadata(file: bigint, path: string): RawMetadata;
  get_datatype_metadata(file: bigint, path: string): RawMetadata;
  get_dataset_filters(file: bigint, path: string): { id: number; name: string; cd_values: number[] }[];
  get_dataset_data(
    file: bigint,
    path: string,
    count: bigint[] | null,
    offset: bigint[] | null,
    stride: bigint[] | null,
    pointer: bigint,
  ): number;
  set_dataset_data(
    file: bigint,
    path: string,
    count: bigint[] | null,
    offset: bigint[] | null,
    stride: bigint[] | null,
    pointer: bigint,
  ): number;
  reclaim_vlen_memory(file: bigint, path: string, attribute: string, pointer: bigint): number;
  reclaim_vlen_memory_count(file: bigint, path: string, attribute: string, pointer: bigint, count: bigint[]): number;
  get_attached_scales(file: bigint, path: string, dimension: number): string[];
  get_dimension_labels(file: bigint, path: string): (string | null)[];
  get_referenced_name(file: bigint, reference: Uint8Array, isObject: boolean): string | null;
  create_object_reference(file: bigint, path: string): number[] | Uint8Array;
  resize_dataset(file: bigint, path: string, shape: bigint[]): number;
  create_group(file: bigint, path: string, trackOrder: boolean): number;
  create_attribute(file: bigint, path: string, name: string, pointer: bigint, metadata: object): number;
  create_vlen_str_attribute(file: bigint, path: string, name: string, data: string[], metadata: object): number;
  delete_attribute(file: bigint, path: string, name: string): number;
  insert_plugin_search_path(path: string, index: number): number;
}

/** h5wasm's description of a type and dataspace. */
export interface RawMetadata {
  readonly type: number;
  readonly size: number;
  readonly signed: boolean;
  readonly littleEndian: boolean;
  readonly vlen: boolean;
  readonly cset?: number;
  readonly strpad?: number;
  readonly shape: number[] | null;
  readonly maxshape: number[] | null;
  readonly chunks: number[] | null;
  readonly total_size: number;
  readonly ref_type?: "object" | "region";
  readonly array_type?: RawMetadata;
  readonly vlen_type?: RawMetadata;
  readonly enum_type?: { readonly type: number; readonly members: Record<string, number> };
  readonly compound_type?: { readonly members: (RawMetadata & { readonly name: string; readonly offset: number })[] };
  readonly virtual_sources?: { readonly file_name: string; readonly dset_name: string }[];
}

/** HDF5's words for a system call that failed; not EINVAL (28 in WebAssembly), which damaged addresses lead to. */
const SYSTEM_FAILURE = /^H5FD\w*: .*\berrno = (?!28\b)\d+/;

/** Enough for blocks of what is read, and for chunks that are compressed to almost nothing. */
const LEAST_MEMORY_BYTES = 256 * 2 ** 20;

/** A failure with its kind, inside the worker. */
export class LibraryError extends Error {
  readonly kind: WorkerFailure<FailureKind>["kind"];

  constructor(kind: WorkerFailure<FailureKind>["kind"], message: string) {
    super(message);
    this.kind = kind;
  }

  /** Whether it is about one object, so that others may be read. */
  get isLocal(): boolean {
    return this.kind !== "fatal" && this.kind !== "away" && this.kind !== "cancelled";
  }
}

/** h5wasm behind checks: every status is looked at, and HDF5's own words are carried into the error. */
export class HdfLibrary {
  readonly module: HdfModule;
  readonly #errors: { text: string };
  readonly #memory: { bytes: number };
  /** Called after each call that succeeds: a damaged file may lead to many that fail. */
  onProgress: () => void = () => undefined;

  constructor(module: HdfModule, parts: { readonly errors: { text: string }; readonly memory: { bytes: number } }) {
    this.module = module;
    this.#errors = parts.errors;
    this.#memory = parts.memory;
  }

  /** Allows as much memory as a file of this size may need: what is stored in small files is not large. */
  allowMemoryFor(fileBytes: number): void {
    this.#memory.bytes = Math.max(LEAST_MEMORY_BYTES, fileBytes);
  }

  /** Runs one call on the library. A negative status, or an exception, is an error with what HDF5 printed. */
  check<T>(doing: string, call: (module: HdfModule) => T): T {
    this.#errors.text = "";
    let result: T;
    try {
      result = call(this.module);
    } catch (error) {
      if (isFatal(error)) throw new LibraryError("fatal", `HDF5 crashed while ${doing}: ${String(error)}`);
      throw this.#failure(doing, error instanceof Error ? error.message : String(error));
    }
    if ((typeof result === "number" || typeof result === "bigint") && result < 0) throw this.#failure(doing);
    this.onProgress();
    return result;
  }

  /** Runs one call whose failures h5wasm hides from its result: anything that HDF5 prints is an error. */
  checkSilent<T>(doing: string, call: (module: HdfModule) => T): T {
    const result = this.check(doing, call);
    if (this.#errors.text !== "") throw this.#failure(doing);
    return result;
  }

  /** Runs `use` with so many bytes of the library's memory. */
  withMemory<T>(bytes: number, use: (pointer: number) => T): T {
    const pointer = bytes <= this.module.MAXIMUM_MEMORY ? this.module._malloc(Math.max(1, bytes)) : 0;
    if (pointer === 0) throw new LibraryError("operation", `HDF5 has no ${bytes} bytes of memory left for it`);
    try {
      return use(pointer);
    } finally {
      this.module._free(pointer);
    }
  }

  #failure(doing: string, also?: string): LibraryError {
    const printed = this.#errors.text;
    this.#errors.text = "";
    // The last line of HDF5's error stack is where it began, and the most specific.
    const lines = [...printed.matchAll(/#\d+: \S+ line \d+ in (\w+)\(\): (.*)/g)];
    const root = lines.at(-1);
    const why = root ? `${root[1]}: ${root[2]}` : (also ?? "HDF5 gave no reason");
    const isFilter =
      /required filter|filter .*not (?:available|registered)|dlopen|can't open directory or file.*plugin/i;
    const kind = isFilter.test(printed) ? "filter" : SYSTEM_FAILURE.test(why) ? "away" : "operation";
    return new LibraryError(kind, `${why} (while ${doing})`);
  }
}

/** After a trap or an abort the memory of the instance cannot be trusted. */
function isFatal(error: unknown): boolean {
  return error instanceof RangeError || /RuntimeError|abort/i.test(String(error));
}

/** A hyperslab as h5wasm takes it; `null`s for a scalar, which has no dimensions to select from. */
export function slabArguments({ start, count, step }: RawSlab): [bigint[] | null, bigint[] | null, bigint[] | null] {
  if (count.length === 0) return [null, null, null];
  return [count.map(BigInt), start.map(BigInt), step.map(BigInt)];
}
