import type { AttributeValue } from "../data/dataset.ts";
import type { NdArray } from "../data/nd-array.ts";
import { type Token, token } from "./token.ts";

/**
 * Raw access to HDF5 files: groups, links, attributes, attached scales, chunk layout, stored values. No CF conventions
 * here; connectors for formats on top of HDF5 (NetCDF-4) need this.
 */
export interface HdfFiles {
  /**
   * Opens a file for reading. Reads metadata only.
   *
   * @param location - A path, or what a `Source` of the twin serves; that is opened as the source's local copy.
   * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` (not HDF5, truncated, corrupt); what the source throws.
   */
  openHdf(location: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<HdfFile>;

  /**
   * Creates a file. It appears under its name when `write` has returned and all is on disk; otherwise nothing is left.
   *
   * @throws `TWIN_FILE_EXISTS` when `location` exists and `existing` is not `"replace"`; `TWIN_WRITE_FAILED`; what
   *   `write` throws.
   */
  createHdf<T>(location: string, write: (file: HdfWriter) => Promise<T>, options?: HdfCreateOptions): Promise<T>;

  /**
   * Changes a file: `edit` works on a copy beside it, which takes its place when `edit` has returned. When it throws, the
   * file is as it was.
   *
   * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`, `TWIN_WRITE_FAILED`; what `edit` throws.
   */
  editHdf<T>(
    location: string,
    edit: (file: HdfEditor) => Promise<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>;
}
export const HdfFiles: Token<HdfFiles> = token("hdf-files");

/** How {@link HdfFiles.createHdf} makes a file. */
export interface HdfCreateOptions {
  readonly signal?: AbortSignal | undefined;
  /** `"refuse"` (default) or `"replace"` an existing file. */
  readonly existing?: "refuse" | "replace";
}

/** A file open for reading. Closing it twice is allowed; reading from it afterwards is `TWIN_FILE_CLOSED`. */
export interface HdfFile extends AsyncDisposable {
  readonly location: string;
  /** Names the bytes it was opened on, and changes when they do. */
  readonly version: string;
  readonly root: HdfGroup;
  /** Whatever the file holds that cannot be shown or read, with the reason. */
  readonly problems: readonly HdfProblem[];

  /**
   * Reads stored values, without any decoding beyond the type's.
   *
   * @param column - A dataset, with the member for compound types: `{ path: "/events", members: ["position", "x"] }`.
   *   Without one, a compound is its bytes as stored, on an axis of their own.
   * @param slab - What to read, per dimension of the dataset; all of it by default.
   * @returns The values, row-major; axes of array members, opaque bytes follow the dimensions of the dataset. A
   *   variable-length sequence is read by {@link readRagged}.
   * @throws `TWIN_VARIABLE_NOT_FOUND`, `TWIN_INVALID_SELECTION`, `TWIN_READ_FAILED`, `TWIN_FILTER_MISSING`,
   *   `TWIN_READ_TIMEOUT`, `TWIN_FILE_CLOSED`.
   */
  read(column: HdfColumn, slab?: HdfSlab, options?: { readonly signal?: AbortSignal | undefined }): Promise<NdArray>;

  /** Reads variable-length sequences: their lengths, uint32, of the slab's shape, and their elements one after another. */
  readRagged(
    column: HdfColumn,
    slab?: HdfSlab,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<{ readonly counts: NdArray<"uint32">; readonly values: NdArray }>;

  /** Releases the file. */
  close(): Promise<void>;
}

/** A dataset, or a member of one of compound type. */
export interface HdfColumn {
  readonly path: string;
  readonly members?: readonly string[];
}

/** Indices `start`, `start + step`, …, `count` of them, per dimension. */
export type HdfSlab = readonly { readonly start: number; readonly count: number; readonly step?: number }[];

/** A group. Objects are in the file's order: that of creation where it is tracked, else alphabetical. */
export interface HdfGroup {
  /** `/` for the root. */
  readonly path: string;
  readonly attributes: HdfAttributes;
  readonly groups: Readonly<Record<string, HdfGroup>>;
  readonly datasets: Readonly<Record<string, HdfDataset>>;
  /** Links that are more than the one name of an object: soft, external, a second hard link to a group. */
  readonly links: Readonly<Record<string, HdfLink>>;
}

/** A link, and what became of it. */
export interface HdfLink {
  readonly kind: "soft" | "external" | "hard";
  /** Path of the target, as stored. */
  readonly target: string;
  /** File of the target, as stored; external links only. */
  readonly file?: string;
  /** `"loop"` leads to a group that is shown elsewhere; it is not followed. `"type"` leads to a committed type. */
  readonly leadsTo: "dataset" | "group" | "loop" | "type" | "nothing";
}

/** Attributes by name, in the file's order, those that HDF5 itself uses (`DIMENSION_LIST`, …) included. */
export type HdfAttributes = Readonly<Record<string, AttributeValue>>;

/** A dataset. */
export interface HdfDataset {
  readonly path: string;
  readonly type: HdfType;
  /** Current lengths; `[]` for a scalar, `undefined` for a dataset without a dataspace (h5py's `Empty`). */
  readonly shape: readonly number[] | undefined;
  /** Largest lengths; `undefined` in the place of an unlimited one. */
  readonly maxShape: readonly (number | undefined)[];
  /** Shape of a chunk; `undefined` where it is not chunked. */
  readonly chunkShape: readonly number[] | undefined;
  readonly filters: readonly HdfFilter[];
  readonly attributes: HdfAttributes;
  /** Full paths of the scales attached to each dimension. */
  readonly scales: readonly (readonly string[])[];
  /** Label of each dimension; `""` where there is none. */
  readonly labels: readonly string[];
  /** Whether this is a dimension scale itself. */
  readonly isScale: boolean;
  /** Whether the file states what elements hold that nobody has written; `undefined` where that cannot be told. */
  readonly hasFillValue?: boolean | undefined;
  /** Sources of a virtual dataset. */
  readonly virtualSources?: readonly { readonly file: string; readonly path: string }[];
}

/** One step of the filter pipeline, in the order applied on writing. */
export interface HdfFilter {
  /** Registered number: 1 gzip, 2 shuffle, 3 fletcher32, 4 szip, 5 nbit, 6 scale-offset, 32000 lzf, … */
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly number[];
}

/** Something that cannot be shown or read. */
export interface HdfProblem {
  /** Path of the object; `/object@attribute` for an attribute. */
  readonly path: string;
  readonly reason: string;
}

/** A stored type. `size` is in bytes. */
export type HdfType =
  | HdfNumberType
  | {
      readonly class: "string";
      readonly size: number;
      readonly variable: boolean;
      readonly padding: "null-terminated" | "null" | "space";
      readonly charset: "ascii" | "utf-8";
    }
  | { readonly class: "opaque"; readonly size: number }
  | {
      readonly class: "enum";
      readonly size: number;
      readonly base: HdfNumberType;
      readonly members: Readonly<Record<string, number>>;
    }
  | { readonly class: "compound"; readonly size: number; readonly members: readonly HdfMember[] }
  | { readonly class: "array"; readonly size: number; readonly base: HdfType; readonly shape: readonly number[] }
  | { readonly class: "sequence"; readonly size: number; readonly base: HdfType }
  | { readonly class: "reference"; readonly size: number; readonly to: "object" | "region" }
  | { readonly class: "unknown"; readonly size: number; readonly reason: string };

/** An integer, a float or bits. A native complex type is a compound of `r` and `i`. */
export interface HdfNumberType {
  readonly class: "integer" | "float" | "bitfield";
  readonly size: number;
  readonly signed: boolean;
  /** Byte order in the file. */
  readonly bigEndian: boolean;
}

/** A member of a compound type. */
export interface HdfMember {
  readonly name: string;
  /** Bytes from the start of the compound. */
  readonly offset: number;
  readonly type: HdfType;
}

/** A file in the making. */
export interface HdfWriter {
  /** @throws `TWIN_WRITE_FAILED` when the name exists or the parent does not. */
  createGroup(path: string, attributes?: HdfAttributes): void;
  /** @throws `TWIN_WRITE_FAILED` when the name exists, the parent does not, or the type cannot be stored. */
  createDataset(path: string, spec: HdfDatasetSpec): void;
  /**
   * @param options - `text`: how a text is stored; as a string of variable length (default), or of its own length.
   * @throws `TWIN_WRITE_FAILED` when the object has such an attribute or does not exist.
   */
  setAttribute(
    path: string,
    name: string,
    value: AttributeValue,
    options?: { readonly text?: "variable" | "fixed" },
  ): void;
  /** Makes a dataset a dimension scale and attaches it to a dimension of another. */
  attachScale(path: string, dimension: number, scale: string): void;
  /** Makes a dataset a dimension scale. */
  makeScale(path: string, name?: string): void;
  /** Links to a path of this file, which need not be there. */
  createSoftLink(path: string, target: string): void;
  /** Links to a path of another file, which need not be there. */
  createExternalLink(path: string, target: { readonly file: string; readonly path: string }): void;
  /**
   * Writes values at `start` (default: the origin) and grows the dataset where its unlimited dimensions need it.
   *
   * @throws `TWIN_WRITE_FAILED` (disk full, values of another type or outside the dataset).
   */
  write(path: string, values: NdArray, start?: readonly number[]): Promise<void>;
}

/** A dataset to be created. */
export interface HdfDatasetSpec {
  readonly dtype: NdArray["dtype"];
  readonly shape: readonly number[];
  /** Dimensions that may grow; they need chunks. */
  readonly unlimited?: readonly boolean[];
  /** Chunks; contiguous by default, unless compressed or unlimited. */
  readonly chunkShape?: readonly number[];
  /** gzip with shuffle, level 1 to 9; 0 (default) stores without compression. */
  readonly compressionLevel?: number;
  /** What elements hold that nobody has written; zero by default. Numbers only. */
  readonly fillValue?: number | bigint;
  /** Whether uint8 values are stored as strings of one byte, as NetCDF has its characters. */
  readonly characters?: boolean;
  readonly attributes?: HdfAttributes;
}

/** A file being changed. Every failure is `TWIN_WRITE_FAILED`. */
export interface HdfEditor {
  /** Sets the lengths of a chunked dataset, within its largest. */
  resize(path: string, shape: readonly number[]): Promise<void>;
  /** Writes numbers into an existing dataset of the same dtype. */
  write(path: string, values: NdArray, start?: readonly number[]): Promise<void>;
  /** Sets a new attribute, or with `existing: "replace"` a present one. */
  setAttribute(
    path: string,
    name: string,
    value: AttributeValue,
    options?: { readonly existing?: "refuse" | "replace" },
  ): Promise<void>;
  /** Makes a group; those above it must be there. */
  createGroup(path: string): Promise<void>;
}
