import { type JournalContents, openJournal, readJournal } from "../../../../core/index.ts";

export const KIND = "test.v1";

/** Different lengths, with runs of zeros, in which a head of a frame could hide. */
export function recordOf(index: number): Buffer {
  const record = Buffer.alloc((index * 37) % 90, index & 1 ? 0 : index);
  if (record.length >= 4) record.writeUInt32LE(index, 0);
  return record;
}

/** Writes a journal: each number is a group of so many records. */
export async function writeJournal(
  path: string,
  groups: readonly number[],
  options: { close?: boolean } = {},
): Promise<void> {
  const journal = await openJournal(path, { kind: KIND });
  let index = 0;
  for (const count of groups) {
    await Promise.all(Array.from({ length: count }, () => journal.append(recordOf(index++))));
  }
  if (options.close !== false) await journal.close();
}

/** What a journal gives, and how reading it ended. */
export interface Read {
  readonly records: readonly Buffer[];
  readonly end: JournalContents | { readonly code: unknown; readonly message: string };
}

export async function readAll(path: string): Promise<Read> {
  const records: Buffer[] = [];
  let end: JournalContents | undefined;
  try {
    for await (const record of readJournal(path, { kind: KIND, onEnd: (contents) => (end = contents) })) {
      records.push(Buffer.from(record));
    }
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown; readonly message: string };
    return { records, end: { code, message } };
  }
  return { records, end: end as JournalContents };
}

/** Whether records are the first of those of {@link writeJournal}, byte for byte. */
export function isPrefix(records: readonly Buffer[]): boolean {
  return records.every((record, index) => record.equals(recordOf(index)));
}
