import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { type Digest, digestBytes } from "../../canonical/digest.ts";
import type { Clock } from "../../contracts/clock.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { ReadFailedError } from "../../files/errors.ts";
import { StoreNewerError } from "../errors.ts";
import { writing } from "../fs/failures.ts";
import { makeDurableFolder } from "../fs/publish.ts";
import { type StoreFs, systemCode } from "../fs/store-fs.ts";
import { type Publishing, STORE_NAMES } from "../layout.ts";
import type { Change, Event } from "../schema.ts";
import { LogBrokenError } from "./errors.ts";
import { eventFile, folderOfTwin, sequenceOf } from "./folder-name.ts";
import { parseEvent, withChecksum } from "./parse-event.ts";
import { publishEvent } from "./publish-event.ts";
import { changeProblem, TwinFold, type TwinState } from "./twin-state.ts";

/** Holds copies of events, so that they need not be read from their files. What it tells is checked. */
export interface EventCache {
  /** What tells each file of a twin's log, from the first on, from what it was before. To be asked before files are read. */
  look(twin: string): Promise<readonly string[]>;
  /** Texts of the events of a twin from the first on, as many as are known and have the files that were seen. */
  load(twin: string, seen: readonly string[]): readonly string[];
  /** Keeps the texts of events from `first` on, as far as files were seen; whatever was kept of them is dropped. */
  save(twin: string, first: number, texts: readonly string[], seen: readonly string[]): void;
}

/** What a log is made with. */
export interface EventLogOptions {
  /** Folder of the store. */
  readonly store: string;
  readonly fs: StoreFs;
  readonly clock: Clock;
  readonly actor: string;
  /** Whether the store is of a newer format: events that cannot be read are newer, and not broken. */
  readonly isNewer?: boolean | undefined;
  /** How all writers of the store give events their numbers; by links unless told otherwise. */
  readonly by?: Publishing | undefined;
  readonly cache?: EventCache | undefined;
  /** Called after each event that this process has appended. */
  readonly onAppended?: (() => void) | undefined;
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
  /** Whether every event in the fold was read from its file, and none from a copy. */
  #isFromFiles = true;
  #reading: Promise<unknown> = Promise.resolve();

  /** @throws `TWIN_INVALID_ARGUMENT` for a name that no twin can have in a store. */
  constructor(twin: string, options: EventLogOptions) {
    this.twin = twin;
    this.#options = options;
    this.#folder = join(options.store, STORE_NAMES.events, folderOfTwin(twin));
    this.#fold = new TwinFold(twin);
  }

  /** What the log adds up to now. @throws {@link LogBrokenError}, `TWIN_READ_FAILED`, `TWIN_STORE_NEWER` */
  async read(): Promise<TwinState> {
    return await this.#read({ fromFiles: false });
  }

  /**
   * Every event, the oldest first, from the files themselves.
   *
   * @throws {@link LogBrokenError} after the events that can be trusted; `TWIN_READ_FAILED`
   */
  async *events(): AsyncIterable<Event> {
    const fold = new TwinFold(this.twin);
    for await (const texts of this.#files(1, await this.#count())) {
      for (const bytes of texts) yield this.#add(fold, bytes);
    }
  }

  /**
   * Returns when the events that were read outlive a power cut: their writer may have been stopped before it saw to that.
   *
   * @throws `TWIN_WRITE_FAILED`
   */
  async settle(): Promise<void> {
    const { fs } = this.#options;
    if (this.#fold.head === undefined) return;
    await writing(this.#folder, async () => {
      await makeDurableFolder(fs, this.#folder);
      await fs.syncFolder(this.#folder);
    });
  }

  /**
   * Appends an event. All before it are read from their files once in the life of this object, whatever copies there are.
   * Where another writer is faster, everything is read and decided anew, until it succeeds.
   *
   * @param decide - Called with the state that the event will follow; `undefined` for no event. What it throws ends this.
   * @returns The event, durable; `undefined` where `decide` wants none: then those that it saw are.
   * @throws {@link LogBrokenError}; `TWIN_STORE_NEWER`; `TWIN_WRITE_FAILED`, and no event was appended, or one that the disk does not vouch for
   *   when its folder could not be synced; the signal's reason.
   */
  async append(
    decide: (state: TwinState) => Change | undefined | Promise<Change | undefined>,
    options: AppendOptions = {},
  ): Promise<Event | undefined> {
    const { fs, clock, actor, onAppended, by = "link" } = this.#options;
    const { signal, reason = null } = options;
    let unseen = 0;
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      const state = await this.#read({ fromFiles: true });
      const change = await decide(state);
      if (change === undefined) {
        await this.settle();
        return undefined;
      }
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
      const problem = changeProblem(state, change) ?? parseEvent(Buffer.from(text)).problem;
      if (problem) throw new InvalidArgumentError(`An event of twin "${this.twin}" is refused: ${problem}`);
      signal?.throwIfAborted();
      const isOurs = await writing(path, async () => {
        if (head === undefined) await makeDurableFolder(fs, this.#folder);
        return await publishEvent(fs, text, { path, folder: this.#folder, by });
      });
      if (isOurs) {
        onAppended?.();
        return event;
      }
      const seen = (await this.read()).head?.sequence ?? 0;
      unseen = seen < event.sequence ? unseen + 1 : 0;
      if (unseen === UNSEEN) throw this.#broken(event.sequence, "it is there, but cannot be read.");
      // The signal ends a wait; its reason is told at the next try.
      await delay(Math.random() * Math.min(2 ** tries, LONGEST_WAIT_MS), undefined, signal && { signal }).catch(
        () => undefined,
      );
    }
  }

  async #read(options: { readonly fromFiles: boolean }): Promise<TwinState> {
    const reading = this.#reading.then(() => this.#catchUp(options));
    this.#reading = reading.catch(() => undefined);
    await reading;
    return this.#fold.state;
  }

  async #catchUp({ fromFiles }: { readonly fromFiles: boolean }): Promise<void> {
    const { cache } = this.#options;
    const { head } = this.#fold;
    // A store may be replaced beneath a process: by a restored copy, for one.
    const isToVerify = fromFiles && !this.#isFromFiles;
    if (head !== undefined && (isToVerify || !(await this.#isAt(head)))) this.#forget();
    // Only what a process finds at first is kept: a writer must not write everything twice.
    const isFirst = this.#fold.head === undefined && !isToVerify;
    const seen = isFirst ? ((await cache?.look(this.twin)) ?? []) : [];
    if (isFirst && !fromFiles) await this.#load(seen);
    const first = (this.#fold.head?.sequence ?? 0) + 1;
    // Numbers are dense: where the next one is not there, none is. Of what was not read here, that is not known yet.
    if (head !== undefined && first > 1 && (await this.#bytes(first)) === undefined) return;
    const added: string[] = [];
    try {
      // A folder of ten thousand files takes long to list, and mostly there is one event more.
      const isFarBehind = head === undefined || first === 1 || (await this.#bytes(first + AT_ONCE)) !== undefined;
      const files = isFarBehind ? this.#files(first, await this.#count()) : this.#following(first);
      for await (const some of files) {
        for (const bytes of some) {
          this.#add(this.#fold, bytes);
          if (isFirst) added.push(Buffer.from(bytes).toString());
        }
      }
    } catch (error) {
      this.#forget();
      throw error;
    }
    if (added.length > 0) cache?.save(this.twin, first, added, seen);
  }

  #forget(): void {
    this.#fold = new TwinFold(this.twin);
    this.#isFromFiles = true;
  }

  /** Takes what the cache has, if it is what the files have: their times, the chain and its last file vouch for all before. */
  async #load(seen: readonly string[]): Promise<void> {
    const texts = this.#options.cache?.load(this.twin, seen) ?? [];
    const events = chained(texts);
    const last = events?.at(-1);
    if (events === undefined || last === undefined) return;
    if (!(await this.#isAt({ sequence: events.length, digest: last.digest }))) return;
    // The same bytes were checked when they were read from their files, and are not checked again.
    const fold = new TwinFold(this.twin);
    for (const { event, digest } of events) fold.add(event, digest);
    this.#fold = fold;
    this.#isFromFiles = false;
  }

  async #isAt(head: { readonly sequence: number; readonly digest: string }): Promise<boolean> {
    const bytes = await this.#bytes(head.sequence);
    return bytes !== undefined && digestBytes(bytes) === head.digest;
  }

  #add(fold: TwinFold, bytes: Uint8Array): Event {
    const sequence = (fold.head?.sequence ?? 0) + 1;
    const parsed = parseEvent(bytes);
    if (parsed.problem !== undefined) {
      if (!parsed.isNewer && this.#options.isNewer !== true) throw this.#broken(sequence, parsed.problem);
      const what = `this one cannot read event ${sequence} of twin "${this.twin}": ${parsed.problem}`;
      throw new StoreNewerError(this.#options.store, what);
    }
    const { event } = parsed;
    const previous = fold.head?.digest ?? null;
    if (event.twin !== this.twin) throw this.#broken(sequence, `it belongs to the twin "${event.twin}".`);
    if (event.sequence !== sequence) throw this.#broken(sequence, `it says that it is event ${event.sequence}.`);
    if (event.previous !== previous) {
      throw this.#broken(sequence, "its `previous` is not the digest of the event before: one of the two was altered.");
    }
    const problem = fold.problem(event.change);
    if (problem) throw this.#broken(sequence, problem);
    fold.add(event, digestBytes(bytes));
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
  async *#files(first: number, last: number): AsyncIterable<readonly Uint8Array[]> {
    for (let from = first; from <= last; from += AT_ONCE) {
      const count = Math.min(AT_ONCE, last - from + 1);
      const texts = await Promise.all(Array.from({ length: count }, (_, index) => this.#bytes(from + index)));
      const gap = texts.indexOf(undefined);
      // What is before a gap is given first.
      yield (gap < 0 ? texts : texts.slice(0, gap)) as Uint8Array[];
      if (gap >= 0) throw this.#broken(from + gap, "it is missing, and later ones are there.");
    }
  }

  /** Events one by one, until there is none. */
  async *#following(first: number): AsyncIterable<readonly Uint8Array[]> {
    for (let sequence = first; ; sequence++) {
      const bytes = await this.#bytes(sequence);
      if (bytes === undefined) return;
      yield [bytes];
    }
  }

  async #bytes(sequence: number): Promise<Uint8Array | undefined> {
    const path = this.#path(sequence);
    try {
      return await this.#options.fs.readFile(path);
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
