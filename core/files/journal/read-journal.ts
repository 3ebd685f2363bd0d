import type { FileHandle } from "node:fs/promises";
import { TwinError } from "../../errors/twin-error.ts";
import { FileNotFoundError, FileUnreadableError, ReadFailedError } from "../errors.ts";
import { openRegular } from "../open-regular.ts";
import { FrameReader, readHeader } from "./frame-reader.ts";
import type { Header } from "./layout.ts";

/** What a journal holds. */
export interface JournalContents {
  readonly records: number;
  /** Length of the file, without what was cut [B]. */
  readonly bytes: number;
  /** Bytes of a write that was never finished, by a kill or a power cut; nothing of it was acknowledged. 0 as a rule. */
  readonly tornBytes: number;
  /** Whether whoever wrote it last closed it, so that the damage of any record would be noticed. */
  readonly isClosed: boolean;
}

/** How a journal is read. */
export interface ReadJournalOptions {
  /** What its records are; one of another kind is refused. */
  readonly kind: string;
  /**
   * Where to begin [B]: the `bytes` that `onEnd` told when the journal was read before; at its beginning by default. Counts
   * are of what is read.
   */
  readonly from?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called when everything was read, with what there was. */
  readonly onEnd?: ((contents: JournalContents) => void) | undefined;
}

/**
 * Reads the records of a journal in order, one chunk of the file at a time. It may be being written: then those come that
 * are complete when reading begins, of which the last may not be durable yet.
 *
 * @returns Payloads of the caller's own. A torn end, as a killed writer leaves it, is no failure: `onEnd` tells.
 * @throws `TWIN_FILE_NOT_FOUND`; `TWIN_FILE_UNREADABLE` for a file that is no journal of this kind; `TWIN_READ_FAILED` with
 *   the offset where it is damaged, or where no record begins, after the records before that; the signal's reason.
 */
export async function* readJournal(
  path: string,
  { kind, from, signal, onEnd }: ReadJournalOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const file = await openToRead(path);
  try {
    const header = await checkHeader(file, path, kind);
    const contents = yield* readRecords(file, path, { header, from, signal });
    onEnd?.(contents);
  } finally {
    await file.close();
  }
}

/** @throws `TWIN_FILE_UNREADABLE` */
export async function checkHeader(file: FileHandle, path: string, kind: string): Promise<Header> {
  const header = await readHeader(file).catch((error: Error) => {
    throw new FileUnreadableError(path, `${error.message}.`, { cause: error });
  });
  if (typeof header === "string") throw new FileUnreadableError(path, header);
  if (header.kind === kind) return header;
  throw new FileUnreadableError(path, `it is a journal of "${header.kind}", not of "${kind}".`);
}

/** The records of an open journal, and in the end what there was. @throws `TWIN_READ_FAILED` */
export async function* readRecords(
  file: FileHandle,
  path: string,
  {
    header,
    from = header.bytes,
    signal,
  }: { readonly header: Header; readonly from?: number | undefined; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, JournalContents, undefined> {
  const { size } = await file.stat();
  if (from > size)
    throw new ReadFailedError(path, `it has ${size} bytes, and was to be read from byte ${from}: it was cut.`);
  const reader = new FrameReader(file, header.seed, { from, end: size });
  let records = 0;
  let isClosed = false;
  const reading = async <T>(calls: () => Promise<T>): Promise<T> => {
    signal?.throwIfAborted();
    try {
      return await calls();
    } catch (error) {
      throw new ReadFailedError(path, `${(error as Error).message}.`, { cause: error });
    }
  };
  for (;;) {
    const frames = await reading(() => reader.next());
    if (frames.length === 0) break;
    for (const { payload } of frames) {
      isClosed = payload === "closed";
      if (payload === "closed") continue;
      records++;
      yield payload;
    }
  }
  const { offset, tornBytes } = reader;
  const later = await reading(() => reader.findLater());
  if (later === undefined) return { records, bytes: offset, tornBytes, isClosed: isClosed && tornBytes === 0 };
  throw new ReadFailedError(
    path,
    `it is damaged at byte ${offset}, after ${records} records: what was there was durable, as byte ${later} shows. The records before it can be read. Copy the file from another place.`,
  );
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await openRegular(path);
  } catch (error) {
    if (error instanceof TwinError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") throw new FileNotFoundError(path, { cause: error });
    throw new FileUnreadableError(path, `${message}.`, { cause: error });
  }
}
