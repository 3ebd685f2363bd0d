import { type FileHandle, open, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { FileExistsError } from "../errors.ts";
import { lockFile } from "../lock-file.ts";
import { makeFolders } from "../make-folders.ts";
import { flushFolder, system, writeFileAtomically } from "../write-atomically.ts";
import { GroupWriter } from "./group-writer.ts";
import { encodeHeader, type Header } from "./layout.ts";
import { checkHeader, type JournalContents, readRecords } from "./read-journal.ts";

/** How a journal is opened. */
export interface JournalOptions {
  /** What its records are: `"twinloom.recording.v1"`. One of another kind is refused. At most 255 bytes. */
  readonly kind: string;
  /** Whether one that is there is gone on with (`"append"`, default), or refused. */
  readonly existing?: "append" | "refuse" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a file to which records of bytes are appended, and makes it where there is none. One at a time has it open, of all
 * processes. Everything that is in it is read and checked; a torn end is cut, and told as {@link Journal.found}.
 *
 * @throws `TWIN_FILE_LOCKED` while another has it open; `TWIN_FILE_EXISTS`; `TWIN_FILE_UNREADABLE` for a file that is no
 *   journal of this kind; `TWIN_READ_FAILED` with the offset for one that is damaged before its end; `TWIN_WRITE_FAILED`; the signal's reason.
 */
export async function openJournal(path: string, options: JournalOptions): Promise<Journal> {
  const { kind, existing = "append", signal } = options;
  if (kind === "" || Buffer.byteLength(kind) > 255) {
    throw new InvalidArgumentError(`${JSON.stringify(kind)} is no kind of a journal: 1 to 255 bytes.`);
  }
  signal?.throwIfAborted();
  await system(path, () => makeFolders(dirname(path)));
  // By whichever link it is opened, it has one lock.
  const unlock = await lockFile(await realpath(path).catch(() => path));
  let file: FileHandle | undefined;
  try {
    if (!(await system(path, () => isThere(path)))) await writeFileAtomically(path, encodeHeader(kind), { signal });
    else if (existing === "refuse") throw new FileExistsError(path, { remedy: "Give another name, or append to it." });
    file = await system(path, () => open(path, "r+"));
    const opened = file;
    const { header, found } = await survey(opened, path, { kind, signal });
    if (found.tornBytes > 0) {
      await system(path, async () => {
        await opened.truncate(found.bytes);
        await opened.datasync();
      });
    }
    // A crash may have left the name of the file where nothing vouches for it.
    await system(path, () => flushFolder(dirname(path)));
    return new Journal(path, { file: opened, header, found, unlock });
  } catch (error) {
    await Promise.resolve(file?.close()).finally(unlock);
    throw error;
  }
}

async function survey(
  file: FileHandle,
  path: string,
  { kind, signal }: { readonly kind: string; readonly signal: AbortSignal | undefined },
): Promise<{ readonly header: Header; readonly found: JournalContents }> {
  const header = await checkHeader(file, path, kind);
  const records = readRecords(file, path, { header, signal });
  for (;;) {
    const { done, value } = await records.next();
    if (done === true) return { header, found: value };
  }
}

/** A file to which records are appended, durable in groups. */
export class Journal implements AsyncDisposable {
  readonly path: string;
  /** What it held when it was opened. */
  readonly found: JournalContents;
  readonly #file: FileHandle;
  readonly #writer: GroupWriter;
  readonly #unlock: () => Promise<void>;
  #closing: Promise<void> | undefined;

  /** @internal Made by {@link openJournal}. */
  constructor(
    path: string,
    made: {
      readonly file: FileHandle;
      readonly header: Header;
      readonly found: JournalContents;
      readonly unlock: () => Promise<void>;
    },
  ) {
    const { file, header, found, unlock } = made;
    this.path = path;
    this.found = found;
    this.#file = file;
    this.#writer = new GroupWriter(file, { path, seed: header.seed, found });
    this.#unlock = unlock;
  }

  /**
   * Appends a record after those that were appended before. Many calls that are open at once share one sync of the disk.
   * The bytes are read before the call returns its promise; until it settles, a copy is held.
   *
   * @returns When the record outlives a power cut.
   * @throws `TWIN_WRITE_FAILED`: neither this record nor any that was appended after it, before this was known, is in the
   *   journal (of a disk that lost power at that moment, it may be). On a full disk, appending goes on when there is room
   *   again; after any other failure the journal must be opened again. `TWIN_FILE_CLOSED`; `TWIN_INVALID_ARGUMENT` for a
   *   record of more than 256 MiB.
   */
  append(record: Uint8Array): Promise<void> {
    return this.#writer.append(record);
  }

  /** Closes it when all that was appended is durable, or has failed. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.#writer.close();
    } finally {
      await this.#file.close().finally(this.#unlock);
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    // Any other failure does not mean that there is none.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
