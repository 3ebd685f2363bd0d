import type { DType } from "./dtype.ts";
import type { NdArray } from "./nd-array.ts";
import type { Selection } from "./selection.ts";

/**
 * Named variables on named dimensions, with attributes and nested groups: the one shape in which HDF5, NetCDF, ROOT,
 * CSV and Zarr data meet. The vocabulary is CF's. Values are read lazily, by {@link Variable.read}.
 */
export interface Dataset {
  /** `""` for the root, else the group's name. */
  readonly name: string;
  /** Dimensions defined here, by name, in file order; groups see those of their parents. */
  readonly dims: Readonly<Record<string, Dimension>>;
  /** Variables by name, in file order, coordinates included. */
  readonly variables: Readonly<Record<string, Variable>>;
  /** Names of the variables that are coordinates of a dimension of the same name. */
  readonly coordinates: readonly string[];
  readonly attributes: Attributes;
  readonly groups: Readonly<Record<string, Dataset>>;
}

/** A named axis. */
export interface Dimension {
  readonly length: number;
  /** Whether the file lets it grow. */
  readonly unlimited: boolean;
}

/** One array of a dataset, not yet read. */
export interface Variable {
  readonly name: string;
  /** From the root: `/group/name`. */
  readonly path: string;
  readonly dtype: DType;
  /** One name per axis; `dim_0`, `dim_1`, … where the file names none. */
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  /** UDUNITS spelling; `undefined` where the file states none. */
  readonly unit: string | undefined;
  /**
   * The value that stands for missing, as in {@link NdArray.fillValue}; the attribute `_FillValue` says the same. Only
   * integers have it, once decoded; in floats NaN is missing. A raw variable has the attribute alone.
   */
  readonly fillValue?: number | bigint | undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  /** The variable as stored, where this one shows it decoded (`decodeCf`). */
  readonly raw?: Variable | undefined;

  /**
   * Reads what is selected, and no more than the storage chunks it touches.
   *
   * @returns The selected values, row-major, in the order of {@link dims} less the dimensions selected by one index.
   * @throws `TWIN_INVALID_SELECTION`, `TWIN_READ_FAILED` (damaged chunk, missing filter), `TWIN_FILE_CLOSED`.
   */
  read(selection?: Selection, options?: { readonly signal?: AbortSignal | undefined }): Promise<NdArray>;

  /** Reads several selections in one go; the results are in the order asked. Much cheaper than as many reads. */
  readMany(
    selections: readonly Selection[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<readonly NdArray[]>;

  /** Iterates over the storage chunks (or blocks of bounded size where there are none), in row-major order. */
  chunks(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<DataChunk>;
}

/** A part of a variable and where it lies: `[start, stop)` per dimension. */
export interface DataChunk {
  readonly selection: Readonly<Record<string, { readonly start: number; readonly stop: number }>>;
  readonly array: NdArray;
  /**
   * The same values, compressed before, where there are such; a writer that stores just that takes the bytes as they are.
   * Whoever changes the values leaves it out.
   */
  readonly compressed?: CompressedChunk;
}

/**
 * A whole storage chunk of little-endian numbers, row-major, with zeros behind the end of the variable: bytes shuffled
 * (first all first bytes of the numbers, then all second ones, …), then zlib, as HDF5's filters shuffle and gzip store it.
 */
export interface CompressedChunk {
  /** Of the storage chunk. */
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** How a variable lies in its file. */
export interface Storage {
  /** Shape of a chunk; `undefined` where the variable is contiguous. */
  readonly chunkShape?: readonly number[];
  /** Filters in the order applied on writing, in words: `["shuffle", "gzip(9)"]`. */
  readonly filters: readonly string[];
  /** Bytes in the file, where known. */
  readonly storedBytes?: number;
  /** Type in the format's own words where `dtype` does not tell all: `"enum int8 {RED=0}"`, `"big-endian float64"`. */
  readonly typeNote?: string;
}

/**
 * Attribute values: scalars as JavaScript values (64-bit integers as `number` where safe, else `bigint`), arrays as
 * {@link NdArray}. Writers store a `number` as float64, unless the name is one that must have the variable's dtype
 * (`_FillValue`, `missing_value`, `valid_min`, `valid_max`, `valid_range`); give a 0-d `NdArray` to choose the dtype.
 */
export type AttributeValue = string | number | bigint | boolean | NdArray;

/** Attributes by name, in file order. */
export type Attributes = Readonly<Record<string, AttributeValue>>;
