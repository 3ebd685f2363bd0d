import type { Variable } from "../dataset.ts";
import type { NdArray } from "../nd-array.ts";
import type { IndexSelection } from "../read-blocks.ts";
import type { Selection } from "../selection.ts";

/** One read of one variable of a file. */
export interface ReadEvent {
  /** Where the file was opened from, without credentials. */
  readonly source: string;
  readonly format: string;
  /** Names the bytes that were read: an ETag, or size and time of change; `undefined` where the connector tells none. */
  readonly version: string | undefined;
  /** Path of the variable. */
  readonly variable: string;
  /** What was read, by index; dimensions that were read whole are left out. */
  readonly selection: IndexSelection;
  /** Bytes of the values that were given. Storage chunks may be larger. */
  readonly bytes: number;
}

/** Told of every read, when its values are there. */
export type OnRead = (read: ReadEvent) => void;

/** Key of the method by which a variable reads and tells what was read of the files below it. */
export const READ_WATCHED: unique symbol = Symbol("twinloom read watched");

/** A variable that reads others, and so knows better than anybody what was read. */
export interface WatchedVariable extends Variable {
  [READ_WATCHED](
    selections: readonly Selection[],
    options: { readonly signal?: AbortSignal | undefined },
    onRead?: OnRead,
  ): Promise<readonly NdArray[]>;
}
