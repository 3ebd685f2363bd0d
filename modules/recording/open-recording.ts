import { type Clock, type Journal, type JournalContents, openJournal } from "../../core/index.ts";
import { encodeRecorded, RECORDING_KIND } from "./recording.ts";

/** How a recording is written. */
export interface RecordingOptions {
  /** Whether a recording that is there is refused (default), or gone on with. */
  readonly existing?: "refuse" | "append" | undefined;
  /** Tells when a message came; the computer's by default. */
  readonly clock?: Clock | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a recording to be written message by message: by a publisher, for example, which keeps what it publishes.
 *
 * @throws `TWIN_FILE_EXISTS`, `TWIN_FILE_LOCKED`, `TWIN_FILE_UNREADABLE`, `TWIN_READ_FAILED`, `TWIN_WRITE_FAILED` as
 *   `openJournal` does; the signal's reason.
 *
 * @example
 * await using recording = await openRecording("beam.twr");
 * await recording.append(payload);
 * await stream.publish(payload);
 */
export async function openRecording(file: string, options: RecordingOptions = {}): Promise<Recording> {
  const { existing = "refuse", clock = { now: () => Date.now() }, signal } = options;
  return new Recording(await openJournal(file, { kind: RECORDING_KIND, existing, signal }), clock);
}

/** A recording that is being written. */
export class Recording implements AsyncDisposable {
  readonly #journal: Journal;
  readonly #clock: Clock;

  /** @internal Made by {@link openRecording}. */
  constructor(journal: Journal, clock: Clock) {
    this.#journal = journal;
    this.#clock = clock;
  }

  /** What it held when it was opened. */
  get found(): JournalContents {
    return this.#journal.found;
  }

  /**
   * Appends a message, with the time. Many calls that are open at once share one sync of the disk, and settle in their order.
   *
   * @returns When the message outlives a power cut.
   * @throws as `Journal.append` does.
   */
  async append(payload: Uint8Array): Promise<void> {
    // Milliseconds are exact in a nanosecond count; of their fractions, those that a number holds.
    const arrivalNs = BigInt(Math.round(this.#clock.now() * 1000)) * 1000n;
    await this.#journal.append(encodeRecorded({ payload, arrivalNs }));
  }

  /** Closes it when all that was appended is durable, or has failed. */
  async close(): Promise<void> {
    await this.#journal.close();
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
