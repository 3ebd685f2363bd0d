import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { type Digest, digestBytes } from "../../canonical/digest.ts";
import type { Clock } from "../../contracts/clock.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { ReadFailedError } from "../../files/errors.ts";
import { writing } from "../fs/failures.ts";
import { makeDurableFolder } from "../fs/publish.ts";
import { type StoreFs, systemCode } from "../fs/store-fs.ts";
import { STORE_NAMES } from "../layout.ts";
import type { Change, Event } from "../schema.ts";
import { LogBrokenError } from "./errors.ts";
import { eventFile, folderOfTwin, sequenceOf } from "./folder-name.ts";
import { parseEvent, withChecksum } from "./parse-event.ts";
import { publishEvent } from "./publish-event.ts";
import { changeProblem, TwinFold, type TwinState } from "./twin-state.ts";

/** Holds copies of events, so that they need not be read from their files. What it tells is checked. */
export interface EventCache {
  /** Texts of the events of a twin from the first on, as many as are known. */
  load(twin: string): readonly string[];
  /** Keeps the texts of events from `first` on. With `first` 1, whatever was kept of the twin is dropped. */
  save(twin: string, first: number, texts: readonly string[]): void;
}

/** What a log is made with. */
export interface EventLogOptions {
  /** Folder of the store. */
  readonly store: string;
  readonly fs: StoreFs;
  readonly clock: Clock;
  readonly actor: string;
  readonly cache?: EventCache | undefined;
  /** Called after each event that this process has appended. */
  readonly onAppended?: (() => Promise<void>) | undefined;
}

/** Who appends an event, and why. */
export interface AppendOptions {
  /** The store's actor by default. */
  readonly actor?: string | undefined;
  readonly reason?: string | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Files read at the same time; more do not help, and every open one counts against the limit of the system. */
const AT_ONCE = 64;
/** Longest wait before another try [ms]; the waits are drawn at random, so that writers do not meet again and again. */
const LONGEST_WAIT_MS = 64;
/** How often a number is taken by a file that cannot be seen before that is a failure: half a minute or more. */
const UNSEEN = 1000;

/**
 * The log of one twin: events numbered 1, 2, 3…, one file each, chained by digests. Any number of processes append to it
 * without a lock.
 */
export class EventLog {
  readonly twin: string;
  readonly #options: EventLogOptions;
  readonly #folder: string;
  #fold: TwinFold;
  #reading: Promise<unknown> = Promise.resolve();

  /** @throws `TWIN_INVALID_ARGUMENT` for a name that no twin can have in a store. */
  constructor(twin: string, options: EventLogOptions) {
    this.twin = twin;
    this.#options = options;
    this.#folder = join(options.store, STORE_NAMES.events, folderOfTwin(twin));
    this.#fold = new TwinFold(twin);
  }

  /** What the log adds up to now. @throws {@link LogBrokenError}, `TWIN_READ_FAILED` */
  async read(): Promise<TwinState> {
    const reading = this.#reading.then(() => this.#catchUp());
    this.#reading = reading.catch(() => undefined);
    await reading;
    return this.#fold.state;
  }

  /**
   * Every event, the oldest first, from the files themselves.
   *
   * @throws {@link LogBrokenError} after the events that can be trusted; `TWIN_READ_FAILED`
   */
  async *events(): AsyncIterable<Event> {
    const fold = new TwinFold(this.twin);
    for await (const texts of this.#files(1, await this.#count())) {
      for (const text of texts) yield this.#add(fold, text);
    }
  }

  /**
   * Appends an event. Where another writer is faster, everything is read and decided anew, until it succeeds.
   *
   * @param decide - Called with the state that the event will follow; `undefined` for no event. What it throws ends this.
   * @returns The event, durable; `undefined` where `decide` wants none.
   * @throws {@link LogBrokenError}; `TWIN_WRITE_FAILED`, and no event was appended, or one that the disk does not vouch for
   *   when its folder could not be synced; the signal's reason.
   */
  async append(
    decide: (state: TwinState) => Change | undefined | Promise<Change | undefined>,
    options: AppendOptions = {},
  ): Promise<Event | undefined> {
    const { fs, clock, actor, onAppended } = this.#options;
    const { signal, reason = null } = options;
    let unseen = 0;
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      const state = await this.read();
      const change = await decide(state);
      if (change === undefined) return undefined;
      const { head } = state;
      const event = withChecksum({
        schemaVersion: 1,
        twin: this.twin,
        sequence: (head?.sequence ?? 0) + 1,
        previous: head?.digest ?? null,
        at: new Date(clock.now()).toISOString(),
        actor: options.actor ?? actor,
        reason,
        change,
      });
      const path = this.#path(event.sequence);
      const text = canonicalJson(event);
      // Never write what could not be read.
      const problem = changeProblem(state, change) ?? asProblem(parseEvent(text));
      if (problem) throw new InvalidArgumentError(`An event of twin "${this.twin}" is refused: ${problem}`);
      signal?.throwIfAborted();
      const isOurs = await writing(path, async () => {
        if (head === undefined) await makeDurableFolder(fs, this.#folder);
        return await publishEvent(fs, path, this.#folder, text);
      });
      if (isOurs) {
        await onAppended?.();
        return event;
      }
      const seen = (await this.read()).head?.sequence ?? 0;
      unseen = seen < event.sequence ? unseen + 1 : 0;
      if (unseen === UNSEEN) throw this.#broken(event.sequence, "it is there, but cannot be read.");
      await delay(Math.random() * Math.min(2 ** tries, LONGEST_WAIT_MS), undefined, signal && { signal });
    }
  }

  async #catchUp(): Promise<void> {
    const { head } = this.#fold;
    // A store may be replaced beneath a process: by a restored copy, for one.
    if (head !== undefined && !(await this.#isAt(head))) this.#fold = new TwinFold(this.twin);
    const isFirst = this.#fold.head === undefined;
    if (isFirst) await this.#load();
    const first = (this.#fold.head?.sequence ?? 0) + 1;
    // Numbers are dense: where the next one is not there, none is.
    if (first > 1 && (await this.#text(first)) === undefined) return;
    const added: string[] = [];
    try {
      for await (const texts of this.#files(first, await this.#count())) {
        for (const text of texts) this.#add(this.#fold, text);
        added.push(...texts);
      }
    } catch (error) {
      this.#fold = new TwinFold(this.twin);
      throw error;
    }
    // Only what a process finds at first: a writer must not write everything twice.
    if (isFirst && added.length > 0) this.#options.cache?.save(this.twin, first, added);
  }

  /** Takes what the cache has, if it is what the files have: the chain and its last file vouch for all before. */
  async #load(): Promise<void> {
    const texts = this.#options.cache?.load(this.twin) ?? [];
    const last = texts.at(-1);
    if (last === undefined || (await this.#text(texts.length)) !== last) return;
    const events = chained(texts);
    if (events === undefined) return;
    // The same bytes were checked when they were read from their files, and are not checked again.
    const fold = new TwinFold(this.twin);
    for (const { event, digest } of events) fold.add(event, digest);
    this.#fold = fold;
  }

  async #isAt(head: { readonly sequence: number; readonly digest: string }): Promise<boolean> {
    const text = await this.#text(head.sequence);
    return text !== undefined && digestBytes(text) === head.digest;
  }

  #add(fold: TwinFold, text: string): Event {
    const sequence = (fold.head?.sequence ?? 0) + 1;
    const event = parseEvent(text);
    if (typeof event === "string") throw this.#broken(sequence, event);
    const previous = fold.head?.digest ?? null;
    if (event.twin !== this.twin) throw this.#broken(sequence, `it belongs to the twin "${event.twin}".`);
    if (event.sequence !== sequence) throw this.#broken(sequence, `it says that it is event ${event.sequence}.`);
    if (event.previous !== previous) {
      throw this.#broken(sequence, "its `previous` is not the digest of the event before: one of the two was altered.");
    }
    const problem = fold.problem(event.change);
    if (problem) throw this.#broken(sequence, problem);
    fold.add(event, digestBytes(text));
    return event;
  }

  /** The number of the last file; there may be more by now. */
  async #count(): Promise<number> {
    try {
      const entries = await this.#options.fs.list(this.#folder);
      return entries.reduce((last, { name }) => Math.max(last, sequenceOf(name)), 0);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return 0;
      throw this.#unreadable(this.#folder, error);
    }
  }

  /** Texts of events, some at a time. */
  async *#files(first: number, last: number): AsyncIterable<readonly string[]> {
    for (let from = first; from <= last; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, last - from + 1);
      const texts = await Promise.all(Array.from({ length: count }, (_, index) => this.#text(from + index)));
      const gap = texts.indexOf(undefined);
      // What is before a gap is given first.
      yield (gap < 0 ? texts : texts.slice(0, gap)) as string[];
      if (gap >= 0) throw this.#broken(from + gap, "it is missing, and later ones are there.");
    }
  }

  async #text(sequence: number): Promise<string | undefined> {
    const path = this.#path(sequence);
    try {
      return Buffer.from(await this.#options.fs.readFile(path)).toString();
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw this.#unreadable(path, error);
    }
  }

  #path(sequence: number): string {
    return join(this.#folder, eventFile(sequence));
  }

  #broken(sequence: number, problem: string): LogBrokenError {
    const file = [STORE_NAMES.events, folderOfTwin(this.twin), eventFile(sequence)].join("/");
    return new LogBrokenError(this.twin, sequence, { file, problem });
  }

  #unreadable(path: string, error: unknown): ReadFailedError {
    return new ReadFailedError(path, `${(error as Error).message}.`, { cause: error });
  }
}

/** The events in copies of texts, if each has the digest of the one before; `undefined` if anything is wrong. */
function chained(texts: readonly string[]): readonly { readonly event: Event; readonly digest: Digest }[] | undefined {
  const events: { readonly event: Event; readonly digest: Digest }[] = [];
  try {
    for (const text of texts) {
      const event = JSON.parse(text) as Event | null;
      if (event === null || event.previous !== (events.at(-1)?.digest ?? null)) return undefined;
      events.push({ event, digest: digestBytes(text) });
    }
  } catch {
    return undefined;
  }
  return events;
}

function asProblem(parsed: Event | string): string | undefined {
  return typeof parsed === "string" ? parsed : undefined;
}
