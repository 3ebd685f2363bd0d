import type { MessagePort } from "node:worker_threads";
import type { DType } from "../../../core/index.ts";

/** What the main thread asks of the worker. The worker keeps nothing between requests, so that it can be replaced. */
export type WorkerRequest =
  | { readonly op: "describe"; readonly file: FileKey; readonly bytes: MessagePort }
  | { readonly op: "histogram"; readonly file: FileKey; readonly bytes: MessagePort; readonly key: ObjectKey }
  | {
      readonly op: "decode";
      readonly file: FileKey;
      readonly layout: ColumnLayout;
      /** Bytes of the file that hold the baskets. */
      readonly buffers: readonly Uint8Array[];
      readonly baskets: readonly BasketBytes[];
    };

/** A file as the worker sees it: bytes are asked for through a port. */
export interface FileKey {
  readonly location: string;
  readonly bytes: number;
}

/** The worker asks for a range of bytes… */
export interface RangeRequest {
  readonly id: number;
  readonly position: number;
  readonly length: number;
}

/** …and gets it, or a message why not. */
export type RangeReply =
  | { readonly id: number; readonly bytes: Uint8Array }
  | { readonly id: number; readonly failure: string };

/** Where an object lies in the file, as its TKey says. */
export interface ObjectKey {
  readonly className: string;
  readonly name: string;
  /** Bytes, key included. */
  readonly bytes: number;
  readonly keyBytes: number;
  readonly objectBytes: number;
  readonly position: number;
}

/** How the entries of a branch lie in a basket. */
export interface ColumnLayout {
  /**
   * `"flat"`: as many values per entry each time. `"jagged"`: any number. `"nested"`: vectors of vectors. `"text"`: one
   * string per entry. `"texts"`: a vector of strings.
   */
  readonly kind: "flat" | "jagged" | "nested" | "text" | "texts";
  readonly dtype: DType;
  /** Bytes of a value in the file; 0 for strings. */
  readonly itemBytes: number;
  /** Values per entry (flat), or per element (jagged), of fixed axes. */
  readonly perRow: number;
  /** Bytes before the values of each entry: 1 (an array behind a pointer), 6 (a string object), 10 (a vector). */
  readonly headerBytes: 0 | 1 | 6 | 10;
  /** Set for floats that are stored with fewer bits. */
  readonly packed?: PackedFloat;
  /** Where the values lie in each entry of a branch of several leaves: its bytes, and those before ours. */
  readonly record: { readonly bytes: number; readonly offset: number } | undefined;
}

/**
 * A float with fewer bits: a whole number of steps above a limit; an exponent and a short mantissa; or a float32 that is a
 * double in memory.
 */
export type PackedFloat =
  | { readonly kind: "range"; readonly low: number; readonly factor: number }
  | { readonly kind: "mantissa"; readonly bits: number }
  | { readonly kind: "float32" };

/** One basket that is to be decoded. */
export interface BasketBytes {
  /** Number in `buffers`. */
  readonly buffer: number;
  readonly start: number;
  readonly length: number;
  /** Entries that it must have. */
  readonly entries: number;
  /** Set for a basket that lies in the tree itself, without a header. */
  readonly embedded: EmbeddedFrame | undefined;
  /** For messages. */
  readonly name: string;
}

/** What the header of an embedded basket says. */
export interface EmbeddedFrame {
  readonly keyBytes: number;
  /** End of the values, counted from the beginning of the key. */
  readonly last: number;
  /** Where each entry begins, counted likewise. */
  readonly offsets: Int32Array | undefined;
}

/** A decoded basket. */
export interface DecodedBasket {
  readonly values: TypedArray | string[];
  /** Elements of each entry, unless it is flat or text. */
  readonly counts: Uint32Array<ArrayBuffer> | undefined;
  /** Values of each inner vector. */
  readonly innerCounts: Uint32Array<ArrayBuffer> | undefined;
}

export type TypedArray =
  | Int8Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/** A file as the worker describes it. */
export interface RawFolder {
  readonly name: string;
  readonly title: string;
  readonly folders: readonly RawFolder[];
  readonly trees: readonly RawTree[];
  readonly histograms: readonly RawHistogram[];
}

export interface RawFile {
  readonly root: RawFolder;
  readonly problems: readonly RawProblem[];
  /** Paths of RNTuples, which are refused. */
  readonly ntuples: readonly string[];
}

export interface RawProblem {
  readonly path: string;
  readonly reason: string;
}

export interface RawTree {
  readonly name: string;
  readonly title: string;
  readonly className: string;
  /** Name as its baskets have it. */
  readonly storedName: string;
  readonly entries: number;
  readonly branches: readonly RawBranch[];
}

/** A branch that can be read, or a branch of branches. */
export interface RawBranch {
  readonly name: string;
  readonly title: string;
  readonly column: RawColumn | undefined;
  readonly branches: readonly RawBranch[];
}

export interface RawColumn {
  readonly layout: ColumnLayout;
  /** Name of the branch as its baskets have it. */
  readonly branchName: string;
  /** Lengths of the fixed axes. */
  readonly rowShape: readonly number[];
  /** `"std::vector<float>"` */
  readonly typeName: string;
  readonly compression: string | undefined;
  readonly storedBytes: number;
  readonly baskets: RawBaskets;
}

/** Where the baskets of a branch are. */
export interface RawBaskets {
  /** First entry of each, and the number of all entries. */
  readonly entries: Float64Array<ArrayBuffer>;
  /** Position in the file; 0 for one that lies in the tree. */
  readonly positions: Float64Array<ArrayBuffer>;
  readonly bytes: Float64Array<ArrayBuffer>;
  readonly embedded: ReadonlyMap<number, { readonly bytes: Uint8Array<ArrayBuffer>; readonly frame: EmbeddedFrame }>;
}

export interface RawAxis {
  readonly name: string;
  readonly title: string;
  /** Bins + 1 of them. */
  readonly edges: Float64Array<ArrayBuffer>;
  /** One per bin, where bins have names. */
  readonly labels: readonly string[] | undefined;
}

export interface RawHistogram {
  readonly key: ObjectKey;
  readonly name: string;
  readonly title: string;
  readonly entries: number;
  readonly axes: readonly RawAxis[];
  readonly dtype: DType;
  readonly isProfile: boolean;
}

/** Arrays of a histogram with under- and overflow, in ROOT's order: the first axis runs fastest. */
export type HistogramArrays = Readonly<Record<string, TypedArray>>;

/** Why a request failed: the `"file"` is damaged, a `"package"` is missing, `"cancelled"`, the `"source"` failed. */
export type FailureKind = "file" | "package" | "cancelled" | "source";

/** Indices in the shared memory of a message; see `WorkerMessage` of the core, which is not loaded in the worker. */
export const CANCELLED = 0;
export const PROGRESS = 1;
