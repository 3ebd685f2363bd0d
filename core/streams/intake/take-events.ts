import { setImmediate } from "node:timers/promises";
import { z } from "zod";
import type { Adaptable } from "../../contracts/adaptable.ts";
import type { Delivery, Subscription } from "../../contracts/event-stream.ts";
import { checkSchema } from "../../errors/check-schema.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { Change } from "../change.ts";
import { decodeMessage } from "../decode-message.ts";
import type { Deduplication, SourceProgress } from "../deduplication.ts";
import { EventInvalidError } from "../errors.ts";
import type { StreamEvent } from "../event.ts";
import type { SequenceGap } from "../source-sequences.ts";
import { type DeadLetter, DeadLetters, deadLettersFile } from "./dead-letters.ts";
import { IntakeJournal } from "./intake-journal.ts";
import { gatherMarks } from "./marks.ts";
import { type Measured, measure } from "./measure.ts";

/** How events are taken in. */
export interface TakeEventsOptions {
  /** Whose features are kept: nothing else is kept of an event. */
  readonly adaptable: Pick<Adaptable, "features">;
  /** Folder of the journal; made where it is missing. One at a time takes events into it. */
  readonly folder: string;
  /**
   * Whether other workers get a part of the same events (`group` of a subscription): then what is missing here is not
   * missed, and an event that comes again is written again, for the reader of all journals to count once. `false` by default.
   */
  readonly shared?: boolean | undefined;
  /** Length at which a file of the journal is followed by the next [B]; 64 MiB by default. */
  readonly segmentBytes?: number | undefined;
  /** Most events that are written as one record; 256 by default. */
  readonly batchEvents?: number | undefined;
  /** As in `DeduplicationOptions`. */
  readonly maxSources?: number | undefined;
  /** As in `DeduplicationOptions`. */
  readonly maxGaps?: number | undefined;
  /** As in `DeduplicationOptions`. */
  readonly onGivenUp?: ((source: string, gap: SequenceGap) => void) | undefined;
  /** Called whenever events are durable and acknowledged. */
  readonly onProgress?: ((taken: TakenEvents) => void) | undefined;
  /** Ends the intake: what is being written is acknowledged, then it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What an intake has taken since it began: durable and acknowledged. */
export interface TakenEvents {
  /** Events that count. */
  readonly events: number;
  /** Events that had come before. */
  readonly repeated: number;
  /** Messages that are no events, or have no features. */
  readonly deadLetters: number;
  /** How far each source is, and what is missing of it, as it is when this is read; nothing of shared events. */
  readonly sources: readonly SourceProgress[];
}

const LimitsSchema = z.object({
  segmentBytes: z
    .int()
    .min(1)
    .default(64 << 20),
  batchEvents: z.int().min(1).max(65_535).default(256),
});

/**
 * Takes events in: of each message the event, once; of each event its features, into a journal; and only then, when they are
 * durable, the message is acknowledged. So an event is neither lost nor counted twice, however often this process is killed.
 * Many share one sync of the disk. Ends when the subscription does, and disposes of it.
 *
 * What is no event, or has no features, goes to the dead letters beside the journal, byte for byte with the reason, and is
 * missing of its source until `replayDeadLetters` brings it.
 *
 * Memory: what the subscription's window lets in. While the disk is slow, no more comes than that.
 *
 * @throws `TWIN_WRITE_FAILED`, such as on a full disk; `TWIN_FILE_LOCKED` while another takes events into the folder;
 *   `TWIN_FILE_UNREADABLE`, `TWIN_READ_FAILED` for a journal that is none or is damaged; `TWIN_INVALID_ARGUMENT` for one of other features;
 *   what iterating the subscription or the features throw; the signal's reason. What was acknowledged is in the journal then,
 *   and what was not comes again, to whoever takes events into the folder next.
 *
 * @example
 * const subscription = await stream.subscribe({ name: "twin" });
 * await takeEvents(subscription, { adaptable, folder: "features", signal });
 */
export async function takeEvents(subscription: Subscription, options: TakeEventsOptions): Promise<TakenEvents> {
  return await takeInto(subscription, options, deadLettersFile(options.folder));
}

/** Takes events in, with dead letters into a file. @throws as {@link takeEvents} does */
export async function takeInto(
  subscription: Subscription,
  options: TakeEventsOptions,
  deadLetters: string,
): Promise<TakenEvents> {
  await using listening = subscription;
  options.signal?.throwIfAborted();
  const { folder, shared: isShared = false, maxSources, maxGaps, onGivenUp, signal } = options;
  const { segmentBytes, batchEvents } = limitsOf(options);
  const bounds = { maxSources, maxGaps, onGivenUp };
  await using journal = await IntakeJournal.open({ folder, segmentBytes, isShared, signal, ...bounds });
  await using letters = new DeadLetters(deadLetters);
  const arrivals = new Arrivals(listening, signal);
  const intake = new Intake({ adaptable: options.adaptable, journal, letters });
  const writing = new Set<Promise<void>>();
  try {
    for (let batch = await arrivals.next(batchEvents); batch; batch = await arrivals.next(batchEvents)) {
      if (journal.isFull) {
        // The head of the next segment must know of nothing that is not in this one.
        await Promise.all(writing);
        await journal.rotate();
      }
      // While one batch is being written the next is read: they share a sync of the disk.
      const written: Promise<void> = intake
        .take(batch)
        .then(() => options.onProgress?.(intake.taken))
        .catch((error: unknown) => arrivals.fail(error))
        .finally(() => writing.delete(written));
      writing.add(written);
    }
  } finally {
    // An acknowledgement after the end would have no effect.
    await Promise.all(writing);
    await listening[Symbol.asyncDispose]();
    await arrivals.ended;
  }
  arrivals.check();
  return intake.taken;
}

function limitsOf({ segmentBytes, batchEvents }: TakeEventsOptions): z.output<typeof LimitsSchema> {
  const checked = checkSchema(LimitsSchema, { segmentBytes, batchEvents });
  if (!checked.problems) return checked.value;
  const problems = checked.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new InvalidArgumentError(`Cannot take events: ${problems.join(" ")}`);
}

/** Messages of a subscription as they come, many at once. */
class Arrivals {
  /** Settles when the subscription was left. */
  readonly ended: Promise<void>;
  readonly #signal: AbortSignal | undefined;
  readonly #waiting: Delivery[] = [];
  readonly #changed = new Change();
  #end: { readonly error?: unknown } | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(subscription: Subscription, signal: AbortSignal | undefined) {
    this.#signal = signal;
    const onAbort = (): void => this.#changed.tell();
    signal?.addEventListener("abort", onAbort, { once: true });
    this.ended = this.#read(subscription).finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** Those that wait, in their order, once there are some; `undefined` at the end. @throws what the subscription throws */
  async next(most: number): Promise<readonly Delivery[] | undefined> {
    for (;;) {
      this.#signal?.throwIfAborted();
      this.check();
      const changed = this.#changed.next;
      // What else comes in this turn of the event loop comes along, and what is being written goes on.
      if (this.#waiting.length > 0) await setImmediate();
      this.check();
      if (this.#waiting.length > 0) return this.#waiting.splice(0, most);
      if (this.#end && "error" in this.#end) throw this.#end.error;
      if (this.#end) return undefined;
      await changed;
    }
  }

  /** Nothing more can be taken in. The first reason counts. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#changed.tell();
  }

  /** @throws what {@link fail} was told */
  check(): void {
    if (this.#failure) throw this.#failure.error;
  }

  async #read(subscription: Subscription): Promise<void> {
    try {
      for await (const delivery of subscription) {
        this.#waiting.push(delivery);
        this.#changed.tell();
      }
      this.#end = {};
    } catch (error) {
      this.#end = { error };
    }
    this.#changed.tell();
  }
}

/** From messages to what is durable, and from there to acknowledgements. */
class Intake {
  readonly #adaptable: Pick<Adaptable, "features">;
  readonly #journal: IntakeJournal;
  readonly #letters: DeadLetters;
  #events = 0;
  #repeated = 0;
  #deadLetters = 0;

  constructor(parts: {
    readonly adaptable: Pick<Adaptable, "features">;
    readonly journal: IntakeJournal;
    readonly letters: DeadLetters;
  }) {
    this.#adaptable = parts.adaptable;
    this.#journal = parts.journal;
    this.#letters = parts.letters;
  }

  get taken(): TakenEvents {
    const { deduplication } = this.#journal;
    return {
      events: this.#events,
      repeated: this.#repeated,
      deadLetters: this.#deadLetters,
      get sources(): readonly SourceProgress[] {
        return deduplication?.sources ?? [];
      },
    };
  }

  /** What of it is asynchronous comes after all else: batches are written in their order. */
  async take(batch: readonly Delivery[]): Promise<void> {
    const letters = new Map<number, DeadLetter>();
    const refuse = (place: number, { message }: Error): void => {
      letters.set(place, { payload: (batch[place] as Delivery).payload, reason: message });
    };
    const events = this.#decode(batch, refuse);
    const places = new Map(events.map(({ event, place }) => [event, place]));
    const refuseEvent = (event: StreamEvent, error: Error): void => refuse(places.get(event) as number, error);
    const measured = measure(this.#adaptable, [...places.keys()], refuseEvent).map((part) =>
      this.#admit(part, refuseEvent),
    );
    const inOrder = [...letters].sort(([a], [b]) => a - b).map(([, letter]) => letter);
    const kept = measured.filter((part) => part.events.length > 0);
    await Promise.all([this.#letters.append(inOrder), ...kept.map((part) => this.#journal.append(part))]);
    for (const delivery of batch) delivery.acknowledge();
    const count = kept.reduce((sum, part) => sum + part.events.length, 0);
    this.#events += count;
    this.#deadLetters += letters.size;
    this.#repeated += batch.length - letters.size - count;
  }

  /** The events that may count, with their places in the batch. */
  #decode(
    batch: readonly Delivery[],
    refuse: (place: number, error: Error) => void,
  ): { readonly event: StreamEvent; readonly place: number }[] {
    const { deduplication } = this.#journal;
    return batch.flatMap(({ payload }, place) => {
      try {
        const event = decodeMessage(payload);
        return deduplication?.judge(event.source, event.sequence) === "repeated" ? [] : { event, place };
      } catch (error) {
        if (!(error instanceof EventInvalidError)) throw error;
        refuse(place, error);
        return [];
      }
    });
  }

  /** Leaves out what is there twice in the batch, and what finds no room. */
  #admit({ events, features }: Measured, refuse: (event: StreamEvent, error: Error) => void): Measured {
    const { deduplication } = this.#journal;
    if (!deduplication) return { events, features };
    const rows = events.flatMap((event, row) => (admits(deduplication, event, refuse) ? row : []));
    return rows.length === events.length ? { events, features } : select({ events, features }, rows);
  }
}

function admits(
  deduplication: Deduplication,
  event: StreamEvent,
  refuse: (event: StreamEvent, error: Error) => void,
): boolean {
  const admission = deduplication.admit(event.source, event.sequence);
  if (admission === "refused") {
    const problem = "finds no room: as many sources as may be are known. Raise `maxSources`";
    refuse(event, new EventInvalidError(problem, { path: `source ${JSON.stringify(event.source)}` }));
  }
  return admission === "new";
}

function select({ events, features }: Measured, rows: readonly number[]): Measured {
  const columns = features.values.length / events.length;
  const { marks } = features;
  const values = new Float64Array(rows.length * columns);
  rows.forEach((row, i) => {
    values.set(features.values.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  const timesNs = BigInt64Array.from(rows, (row) => features.timesNs[row] as bigint);
  return {
    events: rows.map((row) => events[row] as StreamEvent),
    features: {
      count: rows.length,
      values,
      timesNs,
      ...(marks && { marks: gatherMarks(rows.map((row) => ({ marks, row }))) }),
    },
  };
}
