import type { SequenceGap } from "../source-sequences.ts";
import { Watermark } from "../watermark.ts";
import type { FeatureRows, FeatureWindow } from "./feature-rows.ts";
import { KnownWindows } from "./known-windows.ts";
import { SourcePrefix } from "./source-prefix.ts";
import { WindowBuffer } from "./window-buffer.ts";
import type { WindowLog } from "./window-log.ts";

/** When windows of events that are still coming are closed. */
export interface LiveWindowsOptions {
  /** Width of a window in event time [ns]; windows begin at its multiples. */
  readonly windowNs: bigint;
  /** How much older than the one before it in its source an event may be [ns]. */
  readonly allowedLatenessNs: bigint;
  /** How long, in event time, a missing event is waited for, and a source that has fallen behind [ns]. */
  readonly patienceNs: bigint;
  /** Sources that are waited for from the beginning, as missing events are: no window is closed before they have come. */
  readonly sources?: readonly string[] | undefined;
  /** Events before are left out: those that were used before a restart. */
  readonly afterNs?: bigint | undefined;
  /** Hears of each event that came when its window was closed: it is in no window. */
  readonly onLate?: ((event: LateEvent) => void) | undefined;
  /** Hears of each gap that is waited for no longer: what comes of it may be late. */
  readonly onGivenUp?: ((source: string, gap: SequenceGap) => void) | undefined;
}

/** An event that came too late. */
export interface LateEvent {
  readonly source: string;
  readonly sequence: bigint;
  readonly timeNs: bigint;
}

/**
 * Windows of event time that are closed when they are complete: when every source has come past them without a gap. A gap
 * is waited for, up to a time.
 */
export class LiveWindows {
  readonly #options: LiveWindowsOptions;
  readonly #buffer: WindowBuffer;
  readonly #watermark: Watermark;
  readonly #sources: Map<string, SourcePrefix> = new Map();
  /** Sources whose time has moved since the watermark heard of them. */
  readonly #moved: Set<string> = new Set();
  readonly #known: KnownWindows;
  #oldestNs: bigint | undefined;
  #newestNs: bigint | undefined;
  /** What is before is left out. */
  readonly #beginNs: bigint | undefined;
  /** Windows that end by then are closed. */
  #closedNs: bigint | undefined;

  /**
   * @param log - Of windows that were closed before: they come again as they were, and then those after them.
   * @throws `TWIN_INVALID_ARGUMENT` for a width that is not above 0, or another time below it.
   */
  constructor(options: LiveWindowsOptions, log?: Pick<WindowLog, "known" | "knownNs" | "used">) {
    const { windowNs, allowedLatenessNs, patienceNs, afterNs, sources = [] } = options;
    this.#options = options;
    this.#buffer = new WindowBuffer(windowNs);
    this.#watermark = new Watermark({ allowedLatenessNs, idleAfterNs: patienceNs });
    for (const source of sources) this.#sources.set(source, new SourcePrefix());
    this.#beginNs = afterNs;
    this.#closedNs = log?.knownNs ?? this.#beginNs;
    this.#known = new KnownWindows(log?.known ?? []);
    for (const [source, sequences] of log?.used ?? []) {
      this.#sources.set(source, new SourcePrefix({ sequences, beforeNs: this.#closedNs as bigint }));
      this.#moved.add(source);
    }
  }

  /**
   * Whether what had been in windows before a restart is there, as far as it has been waited for.
   *
   * @throws `TWIN_READ_FAILED` with the path where it is not.
   */
  checkKnown(path: string): void {
    if (this.#newestNs !== undefined) this.#known.check(path, this.#newestNs - this.#options.patienceNs);
  }

  /** Takes the rows of a record, and gives the windows that are complete with them, in order. */
  *add(rows: FeatureRows): Generator<FeatureWindow, void, undefined> {
    for (let row = 0; row < rows.count; row++) {
      const source = rows.sources[row] as string;
      const prefix = this.#sources.get(source) ?? new SourcePrefix();
      this.#sources.set(source, prefix);
      this.#moved.add(source);
      this.#place(rows, row, prefix);
    }
    this.#giveUp();
    yield* this.#known.take();
    if (this.#known.areAwaited || this.#isAwaited()) return;
    // The slowest first: a faster one would make it idle before it has moved.
    const times = [...this.#moved].flatMap((source) => {
      const timeNs = this.#sources.get(source)?.timeNs;
      return timeNs === undefined ? [] : { source, timeNs };
    });
    this.#moved.clear();
    times.sort((a, b) => (a.timeNs < b.timeNs ? -1 : 1));
    for (const { source, timeNs } of times) this.#watermark.observe(source, timeNs);
    const mark = this.#watermark.timeNs;
    if (mark === undefined) return;
    const closedNs = this.#buffer.startOf(mark);
    if (this.#closedNs !== undefined && closedNs <= this.#closedNs) return;
    this.#closedNs = closedNs;
    yield* this.#buffer.take(closedNs);
  }

  #place(rows: FeatureRows, row: number, prefix: SourcePrefix): void {
    const sequence = rows.sequences[row] as bigint;
    const timeNs = rows.timesNs[row] as bigint;
    if (this.#newestNs === undefined || timeNs > this.#newestNs) this.#newestNs = timeNs;
    if (this.#oldestNs === undefined || timeNs < this.#oldestNs) this.#oldestNs = timeNs;
    this.#known.add(rows, row);
    if (!prefix.take(sequence, timeNs)) return;
    if (this.#closedNs === undefined || timeNs >= this.#closedNs) this.#buffer.add(rows, row);
    else if (this.#beginNs === undefined || timeNs >= this.#beginNs) {
      this.#options.onLate?.({ source: rows.sources[row] as string, sequence, timeNs });
    }
  }

  /** Of all sources: time goes on for those of which nothing comes, too. */
  #giveUp(): void {
    const newestNs = this.#newestNs ?? 0n;
    for (const [source, prefix] of this.#sources) {
      for (let since = prefix.stalledNs; since !== undefined; since = prefix.stalledNs) {
        if (newestNs - since <= this.#options.patienceNs) break;
        this.#moved.add(source);
        this.#options.onGivenUp?.(source, prefix.giveUp());
      }
    }
  }

  /** Whether a source is waited for of which nothing has come, or not the first. */
  #isAwaited(): boolean {
    const isPatient = (this.#newestNs ?? 0n) - (this.#oldestNs ?? 0n) <= this.#options.patienceNs;
    for (const { timeNs, stalledNs } of this.#sources.values()) {
      if (timeNs === undefined && (isPatient || stalledNs !== undefined)) return true;
    }
    return false;
  }
}
