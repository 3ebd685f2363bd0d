import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { FileUnreadableError, ReadFailedError } from "../../files/errors.ts";
import { type JournalContents, readJournal } from "../../files/journal/read-journal.ts";
import { decodeRecord, INTAKE_KIND, type IntakeRecord } from "./records.ts";

/** A file of an intake's journal. */
export interface Segment {
  readonly number: number;
  readonly path: string;
}

const NAME = /^(\d{8,15})\.journal$/;

/** The path of a segment in a folder. */
export function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, "0")}.journal`);
}

/**
 * The segments in a folder, oldest first; none where there is no folder.
 *
 * @throws `TWIN_READ_FAILED` when one between others is missing; `TWIN_FILE_UNREADABLE` when the folder cannot be read.
 */
export async function listSegments(folder: string): Promise<readonly Segment[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new FileUnreadableError(folder, `${error.message}.`, { cause: error });
  });
  const numbers = names.flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  numbers.sort((a, b) => a - b);
  const missing = numbers.find((number, i) => i > 0 && number !== (numbers[i - 1] as number) + 1);
  if (missing !== undefined) {
    throw new ReadFailedError(
      segmentPath(folder, missing - 1),
      "it is missing, and there are older ones. Only the oldest segments of a journal may be deleted.",
    );
  }
  return numbers.map((number) => ({ number, path: segmentPath(folder, number) }));
}

/** The records of a segment, and in the end what there was. @throws as `readJournal` does */
export async function* readSegment(
  path: string,
  options: {
    readonly from?: number | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly onEnd?: ((contents: JournalContents) => void) | undefined;
  } = {},
): AsyncGenerator<IntakeRecord, void, undefined> {
  for await (const bytes of readJournal(path, { ...options, kind: INTAKE_KIND })) {
    let record: IntakeRecord;
    try {
      record = decodeRecord(bytes);
    } catch (error) {
      throw new ReadFailedError(path, `${(error as Error).message}.`, { cause: error });
    }
    yield record;
  }
}
