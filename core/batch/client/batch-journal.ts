import { FileLockedError, FileNotFoundError, ReadFailedError } from "../../files/errors.ts";
import { type Journal, openJournal } from "../../files/journal/journal.ts";
import { readJournal } from "../../files/journal/read-journal.ts";
import type { BatchFolder } from "../batch-folder.ts";
import { BatchDamagedError } from "../errors.ts";
import { type BatchEntry, decodeEntry, encodeEntry } from "./batch-entry.ts";
import { BatchState } from "./batch-state.ts";
import { BatchBusyError, BatchMismatchError } from "./errors.ts";

/** Kind of the journal of a batch. */
const BATCH_KIND = "twinloom.batch.v1";

/** What a client knows, and the file it writes to before it knows more. Whoever has it open is the client of the batch. */
export class BatchJournal implements AsyncDisposable {
  readonly state: BatchState;
  readonly #journal: Journal;

  private constructor(journal: Journal, state: BatchState) {
    this.#journal = journal;
    this.state = state;
  }

  /**
   * @throws {@link BatchBusyError} while another has it open; {@link BatchMismatchError}; `TWIN_BATCH_DAMAGED` for one that
   *   is gone; as `openJournal` does.
   */
  static async open(batch: BatchFolder, at: number, signal?: AbortSignal): Promise<BatchJournal> {
    const journal = await openJournal(batch.paths.journal, { kind: BATCH_KIND, signal }).catch((error: unknown) => {
      throw error instanceof FileLockedError ? new BatchBusyError(batch.path, error) : error;
    });
    try {
      const own = new BatchJournal(journal, await readBatchState(batch, signal));
      if (own.state.batch === undefined) {
        await checkNew(batch);
        await own.write({ type: "opened", at, batch: batch.id });
      }
      return own;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** Writes an entry down; when it is durable, {@link state} says so, too. */
  async write(entry: BatchEntry): Promise<void> {
    await this.#journal.append(encodeEntry(entry));
    this.state.apply(entry);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#journal.close();
  }
}

/** Whoever begins a journal where arrays were submitted would submit them all again. */
async function checkNew(batch: BatchFolder): Promise<void> {
  const { length } = await batch.submissions();
  if (length === 0) return;
  throw new BatchDamagedError(
    batch.paths.journal,
    `is gone, or was emptied, and ${length} ${length === 1 ? "array was" : "arrays were"} submitted by what it said.`,
    `Bring it back from a copy. To begin anew without it, end the jobs of the batch, and remove "${batch.paths.submissions}": ` +
      "elements that start after that do nothing, and results that were accepted stay.",
  );
}

/**
 * What the journal of a batch says, also while a client writes to it.
 *
 * @throws {@link BatchMismatchError}; `TWIN_READ_FAILED`, `TWIN_FILE_UNREADABLE`
 */
export async function readBatchState(
  { path, paths, id, document }: BatchFolder,
  signal?: AbortSignal,
): Promise<BatchState> {
  const state = new BatchState(
    document.stages.map(({ name }) => name),
    document.points.length,
  );
  const file = paths.journal;
  let number = 0;
  try {
    for await (const record of readJournal(file, { kind: BATCH_KIND, signal })) {
      const entry = decodeEntry(record);
      if (typeof entry === "string")
        throw new ReadFailedError(file, `record ${number} is of no kind that this version knows: ${entry}`);
      if (entry.type === "opened" && entry.batch !== id)
        throw new BatchMismatchError(path, { sealed: id, journal: entry.batch });
      state.apply(entry);
      number++;
    }
  } catch (error) {
    if (error instanceof RangeError)
      throw new ReadFailedError(file, `record ${number}: ${error.message}`, { cause: error });
    // Nobody has submitted anything.
    if (!(error instanceof FileNotFoundError)) throw error;
  }
  return state;
}
