import { join } from "node:path";
import { z } from "zod";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { ReadFailedError } from "../../files/errors.ts";
import { type Journal, openJournal } from "../../files/journal/journal.ts";
import { lockFile } from "../../files/lock-file.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { system } from "../../files/write-atomically.ts";
import { Deduplication, type DeduplicationOptions } from "../deduplication.ts";
import { readState } from "../read-state.ts";
import type { Measured } from "./measure.ts";
import { encodeHead, encodeRows, INTAKE_KIND } from "./records.ts";
import { listSegments, readSegment, segmentPath } from "./segments.ts";

/** How the journal of an intake is opened. */
export interface IntakeJournalOptions extends DeduplicationOptions {
  readonly folder: string;
  readonly segmentBytes: number;
  readonly isShared: boolean;
  readonly signal: AbortSignal | undefined;
}

/** What is known at the head of a segment: enough to go on without the segments before it. */
interface State {
  /** `undefined` where the events are shared: what is missing here, others have. */
  readonly deduplication: Deduplication | undefined;
  /** Features of each event, once there was one. */
  columns: number | undefined;
  /** Whether events mark counters, once there was one. */
  isMarked: boolean | undefined;
}

const HeadSchema = z.object({
  deduplication: z.unknown(),
  columns: z.int().nullable(),
  marked: z.boolean().nullable(),
});

/** The journal of an intake: features of events in segments, each of which begins with the deduplication as it was then. */
export class IntakeJournal implements AsyncDisposable {
  readonly #options: IntakeJournalOptions;
  readonly #unlock: () => Promise<void>;
  readonly #state: State;
  #journal: Journal;
  #number: number;
  #bytes: number;

  private constructor(
    options: IntakeJournalOptions,
    opened: {
      readonly unlock: () => Promise<void>;
      readonly journal: Journal;
      readonly state: State;
      readonly number: number;
    },
  ) {
    this.#options = options;
    this.#unlock = opened.unlock;
    this.#journal = opened.journal;
    this.#state = opened.state;
    this.#number = opened.number;
    this.#bytes = opened.journal.found.bytes;
  }

  /** @throws as `takeEvents` does. */
  static async open(options: IntakeJournalOptions): Promise<IntakeJournal> {
    const { folder, signal } = options;
    await system(folder, () => makeFolders(folder));
    const unlock = await lockFile(join(folder, "intake"));
    let journal: Journal | undefined;
    try {
      const segments = await listSegments(folder);
      const number = segments.at(-1)?.number ?? 1;
      journal = await openJournal(segmentPath(folder, number), { kind: INTAKE_KIND, signal });
      // Whoever began it may have been killed before it had its head.
      const isBegun = journal.found.records > 0;
      const before = segments.at(isBegun ? -1 : -2);
      if (!isBegun && !before && number > 1) {
        throw new ReadFailedError(
          segmentPath(folder, number - 1),
          "it is missing, and the segment after it has not begun. The newest segments of a journal must not be deleted.",
        );
      }
      const state = before ? await recover(before.path, options) : initial(options);
      if (!isBegun) await journal.append(headOf(state));
      return new IntakeJournal(options, { unlock, journal, state, number });
    } catch (error) {
      await journal?.close();
      await unlock();
      throw error;
    }
  }

  /** Which events have come; `undefined` where they are shared. */
  get deduplication(): Deduplication | undefined {
    return this.#state.deduplication;
  }

  /** Whether it is time for the next segment. */
  get isFull(): boolean {
    return this.#bytes >= this.#options.segmentBytes;
  }

  /**
   * Writes down the features of events; resolves when they are durable.
   *
   * @throws `TWIN_WRITE_FAILED`; `TWIN_INVALID_ARGUMENT` when there are other features than before.
   */
  async append({ events, features }: Measured): Promise<void> {
    const columns = features.values.length / events.length;
    this.#state.columns ??= columns;
    if (!Number.isInteger(columns) || features.count !== events.length || columns !== this.#state.columns) {
      throw new InvalidArgumentError(
        `The journal "${this.#options.folder}" has ${this.#state.columns} features of each event, and now there are ${features.values.length} of ${features.count} events. Use another folder for other features.`,
      );
    }
    const isMarked = features.marks !== undefined;
    this.#state.isMarked ??= isMarked;
    if (
      isMarked !== this.#state.isMarked ||
      (features.marks?.offsets.length ?? events.length + 1) !== events.length + 1
    ) {
      throw new InvalidArgumentError(
        `The events in the journal "${this.#options.folder}" ${this.#state.isMarked ? "mark counters, each of them" : "mark no counters"}. Use another folder for those of another twin.`,
      );
    }
    const record = encodeRows(events, features);
    this.#bytes += record.length;
    await this.#journal.append(record);
  }

  /** Begins the next segment. Not while something is being appended. */
  async rotate(): Promise<void> {
    const number = this.#number + 1;
    const next = await openJournal(segmentPath(this.#options.folder, number), { kind: INTAKE_KIND });
    try {
      await next.append(headOf(this.#state));
    } catch (error) {
      await next.close();
      throw error;
    }
    const full = this.#journal;
    this.#journal = next;
    this.#number = number;
    this.#bytes = 0;
    await full.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#journal.close();
    } finally {
      await this.#unlock();
    }
  }
}

function initial(options: IntakeJournalOptions): State {
  return {
    deduplication: options.isShared ? undefined : new Deduplication(options),
    columns: undefined,
    isMarked: undefined,
  };
}

function headOf({ deduplication, columns, isMarked }: State): Uint8Array {
  return encodeHead({
    deduplication: deduplication?.toJSON() ?? null,
    columns: columns ?? null,
    marked: isMarked ?? null,
  });
}

/** What is known at the end of a segment: its head, and what was written after it. */
async function recover(path: string, options: IntakeJournalOptions): Promise<State> {
  let state: State | undefined;
  for await (const record of readSegment(path, { signal: options.signal })) {
    if (record.type === "head") state = readHead(path, record.state, options);
    else if (!state) break;
    else {
      const { count, sources, sequences, columns, marks } = record.rows;
      for (let i = 0; i < count; i++) state.deduplication?.admit(sources[i] as string, sequences[i] as bigint);
      state.columns = columns;
      state.isMarked = marks !== undefined;
    }
  }
  if (state) return state;
  throw new ReadFailedError(path, "it does not begin with the head of a segment.");
}

function readHead(path: string, value: unknown, options: IntakeJournalOptions): State {
  const head = readState(HeadSchema, value, "head of a segment");
  const wasShared = head.deduplication === null;
  if (wasShared !== options.isShared) {
    throw new InvalidArgumentError(
      `The journal of "${path}" was written ${wasShared ? "" : "not "}as \`shared\`, and it cannot change. Go on as before, or use another folder.`,
    );
  }
  const deduplication = wasShared ? undefined : Deduplication.fromJSON(head.deduplication, options);
  return { deduplication, columns: head.columns ?? undefined, isMarked: head.marked ?? undefined };
}
