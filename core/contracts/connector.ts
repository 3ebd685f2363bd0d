import type { Dataset } from "../data/dataset.ts";
import { type Token, token } from "./token.ts";

/** Opens files of one format as lazy {@link Dataset}s, and writes them. */
export interface Connector {
  /** Names of the formats served, lower case: `["hdf5"]`. */
  readonly formats: readonly string[];
  /**
   * Endings of the names of such files, lower case: `[".nc", ".nc4"]`. Of several connectors that recognise a file the one
   * with its ending opens it, and a file to be written is written by the one with its ending.
   */
  readonly extensions: readonly string[];

  /**
   * Whether this connector serves a file, from its first bytes (at least 2,048 where the file has them) and its name.
   * Never throws.
   */
  recognises(head: Uint8Array, location: string): boolean;

  /**
   * Opens a file. Reads metadata only; values are read by `Variable.read`.
   *
   * @param location - A path, or what a `Source` of the twin serves: `https://…`, `s3://…`.
   * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` (not this format, truncated, corrupt); what the source throws.
   */
  open(location: string, options?: OpenOptions): Promise<OpenDataset>;

  /**
   * Writes a dataset to a new file, chunk by chunk, and atomically: the file appears under its name when complete.
   *
   * @throws `TWIN_FILE_EXISTS` when `location` exists and `existing` is not `"replace"`; `TWIN_WRITE_FAILED`.
   */
  write(location: string, dataset: Dataset, options?: WriteOptions): Promise<void>;
}
export const Connector: Token<Connector> = token("connector");

/** How {@link Connector.open} shows a file. */
export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the CF conventions are applied, as `decodeCf` does: packing, fill values, `_Unsigned`, arrays of characters.
   * By default they are where the format's users expect it: NetCDF and Zarr; elsewhere values are as stored.
   */
  readonly decode?: boolean | undefined;
}

/** An open file. Closing it twice is allowed; reading from it afterwards is `TWIN_FILE_CLOSED`. */
export interface OpenDataset extends Dataset, AsyncDisposable {
  /** Name of the format, one of {@link Connector.formats}. */
  readonly format: string;
  /** Where it was opened from. */
  readonly location: string;
  /** Names the bytes it was opened on, and changes when they do: an ETag, or size and time of change. */
  readonly version?: string;
  /** Releases the file. */
  close(): Promise<void>;
}

/** How {@link Connector.write} stores values. */
export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** `"refuse"` (default) or `"replace"` an existing file. */
  readonly existing?: "refuse" | "replace";
  /** gzip level 0 to 9; 0 stores without compression. Default 4. */
  readonly compressionLevel?: number;
}
