import { RandomStream } from "../../../core/index.ts";

/** Logarithms are taken of MeV; a voxel without energy stands for so much. */
const EMPTY_LOG10 = -1;
const FIRST_CAPACITY = 1 << 16;

/**
 * log10(voxel / MeV) of some showers, 0.1 MeV for voxels without energy, less the value of those: what is not stored is 0.
 * Distances do not see the shift.
 */
export class SparseShowers {
  /** Row of each event that is kept. */
  readonly #rows: ReadonlyMap<number, number>;
  #voxels = new Uint32Array(FIRST_CAPACITY);
  #values = new Float32Array(FIRST_CAPACITY);
  #used = 0;
  readonly #starts: Float64Array;
  readonly #stops: Float64Array;
  readonly #norms: Float64Array;

  /** @param events - Those to keep, each once. */
  constructor(events: Uint32Array) {
    this.#rows = new Map(Array.from(events, (event, row) => [event, row]));
    this.#starts = new Float64Array(events.length);
    this.#stops = new Float64Array(events.length);
    this.#norms = new Float64Array(events.length);
  }

  get count(): number {
    return this.#norms.length;
  }

  /** Takes a voxel of an event; all those of one event after each other. */
  add(event: number, energyMeV: number, voxel: number): void {
    const row = this.#rows.get(event);
    if (row === undefined) return;
    if (this.#used === this.#voxels.length) this.#grow();
    if (this.#stops[row] === 0) this.#starts[row] = this.#used;
    const value = Math.fround(Math.log10(energyMeV) - EMPTY_LOG10);
    this.#voxels[this.#used] = voxel;
    this.#values[this.#used++] = value;
    this.#stops[row] = this.#used;
    this.#norms[row] = (this.#norms[row] as number) + value * value;
  }

  /** Writes a row among zeros; call it again with `clear` to make them zeros again. */
  scatter(row: number, dense: Float64Array, clear: boolean = false): void {
    for (let k = this.#starts[row] as number; k < (this.#stops[row] as number); k++) {
      dense[this.#voxels[k] as number] = clear ? 0 : (this.#values[k] as number);
    }
  }

  /** Squared distance of a row to one that was scattered. */
  squaredDistance(row: number, dense: Float64Array, denseNorm: number): number {
    const voxels = this.#voxels;
    const values = this.#values;
    const stop = this.#stops[row] as number;
    let product = 0;
    for (let k = this.#starts[row] as number; k < stop; k++) {
      product += (dense[voxels[k] as number] as number) * (values[k] as number);
    }
    return Math.max(0, denseNorm + (this.#norms[row] as number) - 2 * product);
  }

  /** Squared length of a row. */
  norm(row: number): number {
    return this.#norms[row] as number;
  }

  #grow(): void {
    const voxels = new Uint32Array(2 * this.#voxels.length);
    voxels.set(this.#voxels);
    this.#voxels = voxels;
    const values = new Float32Array(voxels.length);
    values.set(this.#values);
    this.#values = values;
  }
}

/** `wanted` different numbers below `count`, in random order. */
export function chooseEvents(count: number, wanted: number, seed: bigint, purpose: number): Uint32Array {
  const stream = new RandomStream({ seed, id: 0n, purpose });
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = 0; i < wanted; i++) {
    const other = i + Math.floor(stream.uniform() * (count - i));
    const event = all[other] as number;
    all[other] = all[i] as number;
    all[i] = event;
  }
  return all.slice(0, wanted);
}
