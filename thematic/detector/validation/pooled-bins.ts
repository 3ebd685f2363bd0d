import { findBin } from "../../../core/index.ts";
import { type Pool, pick } from "./pool.ts";

/** Histograms of one observable for any choice of the showers of a pool. */
export interface PooledBins {
  readonly bins: number;
  /** Entries of some showers in each bin. */
  of(members: Uint32Array): Float64Array;
  /** Entries of the showers `[from, to)` of the pool, each taken as often as `weights` says. */
  weighted(weights: Uint8Array, from: number, to: number): Float64Array;
}

/** One value per shower: its bin is found once. */
export class BinnedValues implements PooledBins {
  readonly bins: number;
  /** Bin of each shower; `bins` for those outside. */
  readonly #codes: Uint16Array;

  constructor(values: Float64Array, edges: Float64Array) {
    const bins = edges.length - 1;
    this.bins = bins;
    this.#codes = Uint16Array.from(values, (value) => {
      const bin = findBin(edges, value);
      return bin >= 0 && bin < bins ? bin : bins;
    });
  }

  of(members: Uint32Array): Float64Array {
    const counts = new Float64Array(this.bins + 1);
    const codes = this.#codes;
    for (let i = 0; i < members.length; i++) {
      const code = codes[members[i] as number] as number;
      counts[code] = (counts[code] as number) + 1;
    }
    return counts.subarray(0, this.bins);
  }

  weighted(weights: Uint8Array, from: number, to: number): Float64Array {
    const counts = new Float64Array(this.bins + 1);
    const codes = this.#codes;
    for (let i = from; i < to; i++) {
      const code = codes[i] as number;
      counts[code] = (counts[code] as number) + (weights[i] as number);
    }
    return counts.subarray(0, this.bins);
  }
}

/** Many entries per shower, as counts in bins: those of a voxel spectrum. */
export class BinnedCounts implements PooledBins {
  readonly bins: number;
  readonly #rows: readonly Uint32Array[];

  /** @param countsOf - Row of counts of a shower, by source of the pool and event. */
  constructor(pool: Pool, bins: number, countsOf: (source: number, event: number) => Uint32Array) {
    this.bins = bins;
    this.#rows = pool.sources.flatMap(({ events }, source) => Array.from(events, (event) => countsOf(source, event)));
  }

  of(members: Uint32Array): Float64Array {
    const counts = new Float64Array(this.bins);
    for (const member of members) this.#add(counts, member, 1);
    return counts;
  }

  weighted(weights: Uint8Array, from: number, to: number): Float64Array {
    const counts = new Float64Array(this.bins);
    for (let i = from; i < to; i++) this.#add(counts, i, weights[i] as number);
    return counts;
  }

  #add(counts: Float64Array, member: number, weight: number): void {
    if (weight === 0) return;
    const row = this.#rows[member] as Uint32Array;
    for (let bin = 0; bin < counts.length; bin++) counts[bin] = (counts[bin] as number) + weight * (row[bin] as number);
  }
}

/** Largest of the values of some showers. */
export function largestOf(values: Float64Array, members: Uint32Array): number {
  return pick(values, members).reduce((most, value) => Math.max(most, value), 0);
}
