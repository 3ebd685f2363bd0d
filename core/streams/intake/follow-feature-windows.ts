import { setTimeout } from "node:timers/promises";
import { ReadFailedError } from "../../files/errors.ts";
import type { FeatureRows, FeatureWindow } from "./feature-rows.ts";
import { LiveWindows, type LiveWindowsOptions } from "./live-windows.ts";
import { listSegments, readSegment, type Segment } from "./segments.ts";
import { WindowLog } from "./window-log.ts";

/** How journals are followed. */
export interface FollowFeatureWindowsOptions extends LiveWindowsOptions {
  /** How often journals are looked at in which there was nothing new [ms]; 100 by default. */
  readonly pollMs?: number | undefined;
  /**
   * File in which it is written down which events each window has, before it is given. With it, windows are the same when
   * they are followed again, also where what was waited for no longer has come since, which is not told as late then. One at a
   * time has it.
   */
  readonly log?: string | undefined;
  /** Ends it: iterating throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The windows of journals that are being written, of one worker or of several that share events: each window once it is
 * complete, that is, when every source has come past its end without a gap. Such windows are those of `featureWindows`, bit for
 * bit. Only when a gap is waited for no longer, or a source is so far behind that it is waited for no longer, can a window
 * lack events; those that come after all are told to `onLate`. Never ends by itself.
 *
 * Memory: the rows of the windows that are not complete. Journals are read from their beginning, those of several workers in step.
 *
 * @param folders - Of the journals; they need not be there yet.
 * @throws as `featureWindows` does; `TWIN_INVALID_ARGUMENT` for a time that is negative.
 */
export async function* followFeatureWindows(
  folders: string | readonly string[],
  options: FollowFeatureWindowsOptions,
): AsyncGenerator<FeatureWindow, void, undefined> {
  const { signal, pollMs = 100 } = options;
  await using log = options.log === undefined ? undefined : await WindowLog.open(options.log, options);
  const windows = new LiveWindows(log ? { ...options, ...leavingOut(log, options) } : options, log);
  const knownNs = log?.knownNs;
  const isNew = ({ startNs, widthNs }: FeatureWindow): boolean => knownNs === undefined || startNs + widthNs > knownNs;
  const tails = (typeof folders === "string" ? [folders] : folders).map((folder) => new Tail(folder, signal));
  try {
    for (;;) {
      // The one that is furthest behind goes on; those at their end have nothing to go on with.
      const behind = tails.filter((tail) => !tail.isAtEnd).sort(compare)[0];
      const rows = await behind?.next();
      if (rows) {
        const closed = [...windows.add(rows)];
        if (log) await Promise.all(closed.filter(isNew).map((window) => log.append(window)));
        yield* closed;
      } else if (behind) behind.isAtEnd = true;
      else {
        windows.checkKnown(options.log ?? "");
        await setTimeout(pollMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
        for (const tail of tails) tail.isAtEnd = false;
      }
    }
  } finally {
    for (const tail of tails) await tail.close();
  }
}

/** What no window will have, since it is waited for no longer or came too late, is known after a restart, too. */
function leavingOut(log: WindowLog, { onGivenUp, onLate }: LiveWindowsOptions): Partial<LiveWindowsOptions> {
  return {
    onGivenUp: (source, gap) => {
      log.leaveOut(source, gap);
      onGivenUp?.(source, gap);
    },
    onLate: (event) => {
      log.leaveOut(event.source, { from: event.sequence, to: event.sequence });
      onLate?.(event);
    },
  };
}

function compare({ timeNs: a }: Tail, { timeNs: b }: Tail): number {
  if (a === b) return 0;
  return a === undefined || (b !== undefined && a < b) ? -1 : 1;
}

/** Reads what is appended to a journal. */
class Tail {
  /** Whether there was nothing more when it was last looked at. */
  isAtEnd: boolean = false;
  /** Time of the newest event that was read. */
  timeNs: bigint | undefined;
  readonly #folder: string;
  readonly #signal: AbortSignal | undefined;
  #segment: Segment | undefined;
  #from: number | undefined;
  #reading: AsyncGenerator<FeatureRows, void, undefined> | undefined;
  #isFollowed: boolean = false;

  constructor(folder: string, signal: AbortSignal | undefined) {
    this.#folder = folder;
    this.#signal = signal;
  }

  /** The next rows; `undefined` while there are none. */
  async next(): Promise<FeatureRows | undefined> {
    for (;;) {
      this.#signal?.throwIfAborted();
      this.#reading ??= await this.#open();
      const result = await this.#reading?.next();
      if (result && result.done !== true) {
        for (const timeNs of result.value.timesNs)
          if (this.timeNs === undefined || timeNs > this.timeNs) this.timeNs = timeNs;
        return result.value;
      }
      this.#reading = undefined;
      if (!this.#isFollowed) return undefined;
    }
  }

  async close(): Promise<void> {
    await this.#reading?.return();
  }

  async #open(): Promise<AsyncGenerator<FeatureRows, void, undefined> | undefined> {
    const number = this.#segment?.number ?? 0;
    const segments = await listSegments(this.#folder);
    // A segment is followed by another when it is complete: known before it is read, it is read to its end.
    const isDone = this.#isFollowed;
    const segment = segments.find((one) => (isDone ? one.number > number : one.number >= number));
    if (!segment) return undefined;
    if (segment.number !== number) this.#from = undefined;
    this.#segment = segment;
    this.#isFollowed = segments.at(-1) !== segment;
    return this.#read(segment.path);
  }

  async *#read(path: string): AsyncGenerator<FeatureRows, void, undefined> {
    const signal = this.#signal;
    const onEnd = ({ bytes }: { readonly bytes: number }): void => {
      this.#from = bytes;
    };
    try {
      for await (const record of readSegment(path, { from: this.#from, signal, onEnd })) {
        if (record.type === "rows") yield record.rows;
      }
    } catch (error) {
      if (this.#from === undefined || !(error instanceof ReadFailedError)) throw error;
      // A write that failed was read and then cut. From the beginning: what is known does not count again.
      this.#from = undefined;
      yield* this.#read(path);
    }
  }
}
