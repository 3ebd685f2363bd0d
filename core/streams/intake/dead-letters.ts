import { join } from "node:path";
import { ReadFailedError } from "../../files/errors.ts";
import { type Journal, openJournal } from "../../files/journal/journal.ts";
import { readJournal } from "../../files/journal/read-journal.ts";

/** Kind of the journals that dead letters are in; see docs/reference/intake-format.md. */
const DEAD_LETTERS_KIND = "twinloom.dead-letters.v1";
/** Length of the reason. */
const LENGTH_BYTES = 4;

/** A message that could not be used. */
export interface DeadLetter {
  /** The very bytes that came. The caller's own. */
  readonly payload: Uint8Array;
  /** What was wrong with it. */
  readonly reason: string;
}

/** Where the dead letters of an intake are. */
export function deadLettersFile(folder: string): string {
  return join(folder, "dead-letters.journal");
}

/** Writes dead letters. The file is made for the first one. */
export class DeadLetters implements AsyncDisposable {
  readonly #path: string;
  #journal: Promise<Journal> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Resolves when they are durable. @throws `TWIN_WRITE_FAILED` */
  async append(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return;
    this.#journal ??= openJournal(this.#path, { kind: DEAD_LETTERS_KIND });
    const journal = await this.#journal;
    await Promise.all(letters.map((letter) => journal.append(encode(letter))));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const journal = await this.#journal?.catch(() => undefined);
    await journal?.close();
  }
}

/**
 * Reads the dead letters of an intake, in the order in which they came. One that came twice is there twice.
 *
 * @param folder - That of the intake's journal.
 * @throws as `readJournal` does; `TWIN_FILE_NOT_FOUND` where there are none.
 */
export async function* readDeadLetters(
  folder: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<DeadLetter, void, undefined> {
  const path = deadLettersFile(folder);
  for await (const bytes of readJournal(path, { ...options, kind: DEAD_LETTERS_KIND })) {
    const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = record.length < LENGTH_BYTES ? Number.NaN : LENGTH_BYTES + record.readUInt32LE(0);
    if (!(end <= record.length)) throw new ReadFailedError(path, "a record has no reason.");
    yield { payload: bytes.subarray(end), reason: record.toString("utf8", LENGTH_BYTES, end) };
  }
}

function encode({ payload, reason }: DeadLetter): Uint8Array {
  const text = Buffer.from(reason);
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, payload]);
}
