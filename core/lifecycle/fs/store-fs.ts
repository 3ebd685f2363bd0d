/** What a file system says of a path. */
export interface FileFacts {
  readonly kind: "file" | "folder" | "other";
  readonly bytes: number;
  /** When it was last written or touched: milliseconds since 1970, with fractions. */
  readonly modifiedMs: number;
  /** Which file it is, whatever its name: two names of one file have the same. */
  readonly identity: string;
}

/** An entry of a folder; a symbolic link is `"other"`. */
export interface FolderEntry {
  readonly name: string;
  readonly kind: FileFacts["kind"];
}

/** An open file. Every one must be closed. */
export interface StoreFile {
  /** What is known of the open file. */
  stat(): Promise<FileFacts>;
  /** Fills as much of `into` as there is from `position` on; 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Writes all of the bytes after those written before. */
  write(bytes: Uint8Array): Promise<void>;
  /** Returns when what was written outlives a power cut; not yet the name of the file. */
  sync(): Promise<void>;
  /** Closes it; what was not synced may be lost. */
  close(): Promise<void>;
}

/**
 * The file-system calls of a store, and all of them: every file of a store is reached through here, so that tests can
 * interrupt, fill and break it at each call. Failures are those of Node: `Error` with `code` `"ENOENT"` and so on.
 */
export interface StoreFs {
  /** Follows symbolic links. */
  stat(path: string): Promise<FileFacts>;
  /** What a folder holds, in no order. */
  list(folder: string): Promise<readonly FolderEntry[]>;
  /** Opens for reading. */
  open(path: string): Promise<StoreFile>;
  /** Makes a file; `EEXIST` where there is one. @param mode - Permissions, less the umask; the open file can be written. */
  create(path: string, mode: number): Promise<StoreFile>;
  /** All bytes of a small file. */
  readFile(path: string): Promise<Uint8Array>;
  /** Makes a file that shares the blocks of another until one is written. Fails where the file system cannot. */
  clone(from: string, to: string, mode: number): Promise<void>;
  /** Gives a file a second name; `EEXIST` where that is taken: the one atomic way to say so. */
  link(from: string, to: string): Promise<void>;
  /** Gives a file another name, and replaces what has that name. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** `EEXIST` where there is something. */
  makeFolder(path: string): Promise<void>;
  /** Removes an empty folder. */
  removeFolder(path: string): Promise<void>;
  /** Sets the time of the last change. */
  touch(path: string, timeMs: number): Promise<void>;
  /** Returns when the names in a folder outlive a power cut. */
  syncFolder(folder: string): Promise<void>;
}

/** Node's code of a failed call: `"ENOENT"`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Closes a file that was only read: a failure says nothing about the bytes that were. */
export async function closeRead(file: StoreFile): Promise<void> {
  await file.close().catch(() => undefined);
}
