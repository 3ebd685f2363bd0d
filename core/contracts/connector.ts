import type { Dataset } from "../data/dataset.ts";
import { type Token, token } from "./token.ts";

/** Opens files of one format as lazy {@link Dataset}s, and writes them. */
export interface Connector {
  /** Names of the formats served, lower case: `["hdf5"]`. */
  readonly formats: readonly string[];

  /**
   * Whether this connector serves a file, from its first bytes (at least 2,048 where the file has them) and its name.
   * Never throws.
   */
  recognises(head: Uint8Array, location: string): boolean;

  /**
   * Opens a file. Reads metadata only; values are read by `Variable.read`.
   *
   * @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` (not this format, truncated, corrupt).
   */
  open(location: string, options?: { readonly signal?: AbortSignal }): Promise<OpenDataset>;

  /**
   * Writes a dataset to a new file, chunk by chunk, and atomically: the file appears under its name when complete.
   *
   * @throws `TWIN_FILE_EXISTS` when `location` exists and `existing` is not `"replace"`; `TWIN_WRITE_FAILED`.
   */
  write(location: string, dataset: Dataset, options?: WriteOptions): Promise<void>;
}
export const Connector: Token<Connector> = token("connector");

/** An open file. Closing it twice is allowed; reading from it afterwards is `TWIN_FILE_CLOSED`. */
export interface OpenDataset extends Dataset, AsyncDisposable {
  /** Name of the format, one of {@link Connector.formats}. */
  readonly format: string;
  /** Where it was opened from. */
  readonly location: string;
  /** Releases the file. */
  close(): Promise<void>;
}

/** How {@link Connector.write} stores values. */
export interface WriteOptions {
  readonly signal?: AbortSignal;
  /** `"refuse"` (default) or `"replace"` an existing file. */
  readonly existing?: "refuse" | "replace";
  /** gzip level 0 to 9; 0 stores without compression. Default 4. */
  readonly compressionLevel?: number;
}
