/** Sequences that are missing, both ends included. */
export interface SequenceGap {
  readonly from: bigint;
  readonly to: bigint;
}

/** Which sequences of one source have come: all below `next` save for those in the gaps. */
export class SourceSequences {
  #next: bigint;
  /** Ascending, with something between each two. */
  readonly #gaps: SequenceGap[];
  #givenUp: bigint;

  constructor(next: bigint = 0n, gaps: readonly SequenceGap[] = [], givenUp: bigint = 0n) {
    this.#next = next;
    this.#gaps = [...gaps];
    this.#givenUp = givenUp;
  }

  /** One more than the highest that has come. */
  get next(): bigint {
    return this.#next;
  }

  /** Those that are missing, and still waited for. */
  get gaps(): readonly SequenceGap[] {
    return this.#gaps;
  }

  /** How many are missing, and no longer waited for. */
  get givenUp(): bigint {
    return this.#givenUp;
  }

  /** Whether a sequence has come, or was given up. */
  has(sequence: bigint): boolean {
    if (sequence >= this.#next) return false;
    const gap = this.#gaps[this.#gapAt(sequence)];
    return !gap || sequence < gap.from;
  }

  /** Takes a sequence; whether it is new. */
  take(sequence: bigint): boolean {
    if (sequence >= this.#next) {
      if (sequence > this.#next) this.#gaps.push({ from: this.#next, to: sequence - 1n });
      this.#next = sequence + 1n;
      return true;
    }
    const index = this.#gapAt(sequence);
    const gap = this.#gaps[index];
    if (!gap || sequence < gap.from) return false;
    const left: SequenceGap[] = [];
    if (gap.from < sequence) left.push({ from: gap.from, to: sequence - 1n });
    if (sequence < gap.to) left.push({ from: sequence + 1n, to: gap.to });
    this.#gaps.splice(index, 1, ...left);
    return true;
  }

  /** Takes all of a range, of which some may have come. */
  takeRange({ from, to }: SequenceGap): void {
    if (from > this.#next) this.#gaps.push({ from: this.#next, to: from - 1n });
    if (to >= this.#next) this.#next = to + 1n;
    const index = this.#gapAt(from);
    const left: SequenceGap[] = [];
    let count = 0;
    for (let gap = this.#gaps[index]; gap && gap.from <= to; gap = this.#gaps[index + ++count]) {
      if (gap.from < from) left.push({ from: gap.from, to: from - 1n });
      if (gap.to > to) left.push({ from: to + 1n, to: gap.to });
    }
    this.#gaps.splice(index, count, ...left);
  }

  /** Gives the oldest gaps up until no more than so many are left. */
  keepGaps(most: number): readonly SequenceGap[] {
    return this.#gaps.length > most ? this.#giveUp(this.#gaps.splice(0, this.#gaps.length - most)) : [];
  }

  /** Gives up what is missing below a sequence. */
  giveUpBelow(sequence: bigint): readonly SequenceGap[] {
    const given: SequenceGap[] = [];
    if (sequence > this.#next) this.#gaps.push({ from: this.#next, to: sequence - 1n });
    if (sequence > this.#next) this.#next = sequence;
    for (let first = this.#gaps[0]; first && first.from < sequence; first = this.#gaps[0]) {
      this.#gaps.shift();
      given.push(first.to < sequence ? first : { from: first.from, to: sequence - 1n });
      if (first.to < sequence) continue;
      this.#gaps.unshift({ from: sequence, to: first.to });
      break;
    }
    return this.#giveUp(given);
  }

  #giveUp(gaps: readonly SequenceGap[]): readonly SequenceGap[] {
    for (const { from, to } of gaps) this.#givenUp += to - from + 1n;
    return gaps;
  }

  /** The first gap that does not end before a sequence. */
  #gapAt(sequence: bigint): number {
    let low = 0;
    let high = this.#gaps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#gaps[middle] as SequenceGap).to < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
