import type { FeatureRows } from "../../../core/index.ts";

/** What was taken of a source. Plain JSON: sequences are decimal numbers. */
export interface EventsTakenFrom {
  readonly source: string;
  readonly firstSequence: string;
  readonly lastSequence: string;
  /** Fewer than the sequences between where some are missing. */
  readonly events: number;
}

interface Range {
  first: bigint;
  last: bigint;
  events: number;
}

/** Keeps count of which events were taken, source by source. Memory: a few numbers for each source. */
export class EventsTaken {
  #ranges: Map<string, Range> = new Map();
  #rows: Pick<FeatureRows, "sources" | "sequences"> | undefined;
  #row = 0;

  /** Rows to count next, from one of them on. */
  next(rows: Pick<FeatureRows, "sources" | "sequences">, first: number): void {
    this.#rows = rows;
    this.#row = first;
  }

  /** Counts those that have not been counted, before a row. */
  takeUpTo(end: number): void {
    if (!this.#rows) return;
    const { sources, sequences } = this.#rows;
    for (; this.#row < end; this.#row++) {
      const [source, sequence] = [sources[this.#row] as string, sequences[this.#row] as bigint];
      const range = this.#ranges.get(source);
      if (!range) {
        this.#ranges.set(source, { first: sequence, last: sequence, events: 1 });
        continue;
      }
      if (sequence < range.first) range.first = sequence;
      if (sequence > range.last) range.last = sequence;
      range.events++;
    }
  }

  /** Begins anew. */
  clear(): void {
    this.#ranges = new Map();
  }

  /** By name. */
  get sources(): readonly EventsTakenFrom[] {
    const ranges = [...this.#ranges].sort(([a], [b]) => (a < b ? -1 : 1));
    return ranges.map(([source, { first, last, events }]) => {
      return { source, firstSequence: String(first), lastSequence: String(last), events };
    });
  }
}
