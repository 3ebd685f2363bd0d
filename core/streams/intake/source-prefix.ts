import { type SequenceGap, SourceSequences } from "../source-sequences.ts";

/** Gaps of a source that were given up and are still known. */
const KNOWN_GAPS = 1024;

/** How far one source has come without a gap. */
export class SourcePrefix {
  /** What is settled: all below `next` save for what was given up. */
  readonly #settled = new SourceSequences();
  /** Times of what came beyond a gap. */
  readonly #ahead: Map<bigint, bigint> = new Map();
  #timeNs: bigint | undefined;
  /** The oldest beyond the first gap, while nothing came before it. */
  #oldestNs: bigint | undefined;

  /** @param known - What had come before a restart, all of it before a time. */
  constructor(known?: { readonly sequences: SourceSequences; readonly beforeNs: bigint }) {
    if (!known) return;
    const { next, gaps } = known.sequences;
    // All below the first gap is settled, and what is beyond waits as it did.
    const first = gaps[0]?.from ?? next;
    if (first > 0n) this.#settled.takeRange({ from: 0n, to: first - 1n });
    if (first > 0n) this.#timeNs = known.beforeNs;
    gaps.forEach(({ to }, i) => {
      const end = gaps[i + 1]?.from ?? next;
      for (let sequence = to + 1n; sequence < end; sequence++) this.#ahead.set(sequence, known.beforeNs);
    });
    if (this.#ahead.size > 0) this.#oldestNs = known.beforeNs;
  }

  /** The time of the newest event before the first gap; `undefined` before there is one. */
  get timeNs(): bigint | undefined {
    return this.#timeNs;
  }

  /** Since when something is missing: the time of the newest event before it, or of the oldest after it. */
  get stalledNs(): bigint | undefined {
    return this.#ahead.size === 0 ? undefined : (this.#timeNs ?? this.#oldestNs);
  }

  /** Takes an event; whether it came for the first time. */
  take(sequence: bigint, timeNs: bigint): boolean {
    if (sequence < this.#settled.next) return this.#settled.take(sequence);
    if (this.#ahead.has(sequence)) return false;
    if (sequence !== this.#settled.next) {
      this.#ahead.set(sequence, timeNs);
      if (this.#oldestNs === undefined || timeNs < this.#oldestNs) this.#oldestNs = timeNs;
      return true;
    }
    this.#settle(sequence, timeNs);
    this.#goOn();
    return true;
  }

  /** Waits no longer for what is missing first. */
  giveUp(): SequenceGap {
    const from = this.#settled.next;
    let first: bigint | undefined;
    for (const sequence of this.#ahead.keys()) if (first === undefined || sequence < first) first = sequence;
    const [sequence, timeNs] = [first as bigint, this.#ahead.get(first as bigint) as bigint];
    this.#ahead.delete(sequence);
    this.#settle(sequence, timeNs);
    this.#settled.keepGaps(KNOWN_GAPS);
    this.#goOn();
    return { from, to: sequence - 1n };
  }

  #goOn(): void {
    for (;;) {
      const { next } = this.#settled;
      const timeNs = this.#ahead.size === 0 ? undefined : this.#ahead.get(next);
      if (timeNs === undefined) return;
      this.#ahead.delete(next);
      this.#settle(next, timeNs);
    }
  }

  #settle(sequence: bigint, timeNs: bigint): void {
    this.#settled.take(sequence);
    if (this.#timeNs === undefined || timeNs > this.#timeNs) this.#timeNs = timeNs;
  }
}
