import { type Token, token } from "./token.ts";

/** Where bytes come from: local files, HTTP servers, object stores. Read-only. */
export interface Source {
  /**
   * Beginnings of the locations that it serves: `["https://data.example.org/"]`, `["s3://"]`. Of several sources the one
   * with the longest fitting prefix serves a location. What has no scheme is a path of the local file system.
   */
  readonly prefixes: readonly string[];

  /**
   * Opens an object for reading by ranges.
   *
   * @throws `TWIN_FILE_NOT_FOUND`; `TWIN_FILE_UNREADABLE` (a folder, no permission); `TWIN_LOCATION_REFUSED` (against the
   *   source's policy); `TWIN_SOURCE_UNAVAILABLE` (retried within the source's budget).
   */
  open(location: string, options?: SourceOptions): Promise<SourceFile>;

  /**
   * What a folder or a pattern holds, sorted by location, folders left out: `data/`, `s3://bucket/tas_*.nc`. Of a folder
   * that is what lies directly in it; a file holds itself. In a pattern `*` and `?` stand for anything but a slash, `**`
   * for any folders, `{a,b}` and `[abc]` as in a shell; names that begin with a dot fit only a pattern that says so. A
   * backslash takes a character's meaning.
   *
   * @throws As {@link open}; `TWIN_FILE_NOT_FOUND` when there is no such folder; a pattern that nothing fits is no error.
   */
  list(pattern: string, options?: SourceOptions): AsyncIterable<SourceEntry>;
}
export const Source: Token<Source> = token("source");

/** For every call of a {@link Source}. */
export interface SourceOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One thing that a {@link Source} holds. */
export interface SourceEntry {
  readonly location: string;
  /** NaN where a listing does not say. */
  readonly bytes: number;
}

/** An object open for reading. Closing it twice is allowed; reading from it afterwards is `TWIN_FILE_CLOSED`. */
export interface SourceFile extends AsyncDisposable {
  readonly location: string;
  /** Its length. */
  readonly bytes: number;
  /** Names these very bytes, and changes when they do: an ETag, or size and time of change. */
  readonly version: string;
  /** How many bytes have come over the network for it so far, for sources that have one. */
  readonly fetchedBytes?: number;

  /**
   * Fills `target` with the bytes from `position` on: all of it, or none is to be used. After a failure or an abort it
   * may hold anything, and may still change.
   *
   * @throws `TWIN_READ_FAILED` (beyond the end, changed since it was opened); `TWIN_SOURCE_UNAVAILABLE` (its server or
   *   mount vanished, broke off or answered wrongly, for as long as the source may try); `TWIN_FILE_CLOSED`.
   */
  readInto(target: Uint8Array, position: number, options?: SourceOptions): Promise<void>;

  /**
   * Fills several targets, as {@link readInto} does each. A source has this where it is much cheaper than as many calls.
   *
   * @throws As {@link readInto}.
   */
  readEachInto?(ranges: readonly SourceRange[], options?: SourceOptions): Promise<void>;

  /**
   * A path of the local file system that holds the same bytes, for libraries that read nothing else: the file itself, or
   * a copy that the source downloads and keeps.
   *
   * @throws As {@link readInto}; `TWIN_DOWNLOAD_TOO_LARGE`.
   */
  localPath(options?: SourceOptions & DownloadOptions): Promise<string>;

  /** Releases the file. */
  close(): Promise<void>;
}

/** Bytes that are wanted: as many as the target is long, from a position on. */
export interface SourceRange {
  readonly target: Uint8Array;
  readonly position: number;
}

/** How a download is followed. */
export interface DownloadOptions {
  /** Called as bytes come; `of` is NaN where the server does not say how many there will be. */
  onProgress?(progress: { readonly bytes: number; readonly of: number }): void;
}
