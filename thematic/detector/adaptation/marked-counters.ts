import type { Marks } from "../../../core/index.ts";
import type { ReadingBins } from "./reading-bins.ts";

/** Counters of the events that are looked at; it grows, and is used again. No events are looked at while others are. */
let marked: Uint32Array = new Uint32Array(1 << 16);

/** The cells that read something, and the bins of small readings, event by event. */
export class MarkedCounters {
  readonly #bins: ReadingBins;
  readonly #firstBin: number;
  readonly #isRead: Uint8Array;
  readonly #offsets: Uint32Array;
  #events = 0;
  #count = 0;

  /** @param firstBin - Counter of the lowest bin: they come behind the cells. */
  constructor(events: number, { bins, firstBin }: { readonly bins: ReadingBins; readonly firstBin: number }) {
    [this.#bins, this.#firstBin] = [bins, firstBin];
    this.#isRead = new Uint8Array(bins.size);
    this.#offsets = new Uint32Array(events + 1);
  }

  /** @param places - Of the elements that are not 0, ascending. */
  add(places: Uint32Array, energies: Float32Array | Float64Array): void {
    const [bins, isRead] = [this.#bins, this.#isRead];
    const most = this.#count + places.length + isRead.length;
    if (most > marked.length) {
      const more = new Uint32Array(2 * most);
      more.set(marked);
      marked = more;
    }
    const counters = marked;
    const [from, to] = [bins.edgesMeV[0] as number, bins.edgesMeV[bins.size] as number];
    let count = this.#count;
    for (let i = 0; i < places.length; i++) {
      const energy = energies[i] as number;
      counters[count] = places[i] as number;
      // What is below 0, or no number, is no reading.
      count += energy > 0 ? 1 : 0;
      // Few are; beyond the last bin nothing is written.
      if (energy < to && energy >= from) isRead[bins.binOf(energy)] = 1;
    }
    for (let bin = 0; bin < isRead.length; bin++) {
      counters[count] = this.#firstBin + bin;
      count += isRead[bin] as number;
    }
    isRead.fill(0);
    this.#count = count;
    this.#offsets[++this.#events] = count;
  }

  get all(): Marks {
    return { offsets: this.#offsets, counters: marked.slice(0, this.#count) };
  }
}
