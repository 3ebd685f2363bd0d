import {
  type Attributes,
  type AxisSelection,
  type DataChunk,
  NdArray,
  resolveSelection,
  type Selection,
  type Storage,
  type Variable,
} from "../../../core/index.ts";
import type { ShowerBatch, Showers } from "../contracts.ts";

/** The variable that tells which showers a fallback made. */
export const BY_FALLBACK = "by_fallback";

/** A shower that was not made yet: nobody knows who will. */
const UNKNOWN = 255;
const CHUNK_EVENTS = 65_536;

/**
 * Which showers a fallback made, as a variable: one byte per shower. It is known when a shower has been made, so it is read
 * after the showers, as they were made last; for those that were not, they are made.
 */
export class FallbackFlags implements Variable {
  readonly name = BY_FALLBACK;
  readonly path = `/${BY_FALLBACK}`;
  readonly dtype = "uint8";
  readonly dims: readonly string[] = ["event"];
  readonly shape: readonly number[];
  readonly unit = undefined;
  readonly attributes: Attributes;
  readonly storage: Storage;
  readonly #showers: Showers;
  readonly #flags: Uint8Array;

  constructor(showers: Showers) {
    this.#showers = showers;
    this.#flags = new Uint8Array(showers.count).fill(UNKNOWN);
    this.shape = [showers.count];
    this.attributes = {
      long_name: `1 for each shower that ${showers.fallback} made in place of ${showers.label}`,
      flag_values: new NdArray(Uint8Array.of(0, 1), { dtype: "uint8", shape: [2] }),
      flag_meanings: "model fallback_model",
    };
    this.storage = { filters: [], chunkShape: [Math.max(1, Math.min(CHUNK_EVENTS, showers.count))] };
  }

  /** Notes what a batch tells. */
  note({ start, count, byFallback }: Omit<ShowerBatch, "energies">): void {
    if (byFallback) this.#flags.set(byFallback, start);
    else this.#flags.fill(0, start, start + count);
  }

  async read(selection: Selection = {}, options: { readonly signal?: AbortSignal } = {}): Promise<NdArray> {
    const [events] = (await resolveSelection(this, selection, async () => undefined)) as [AxisSelection];
    const { start, count, step } = events;
    const stop = count === 0 ? start : start + (count - 1) * step + 1;
    // What was made is known as it was made; it might be made otherwise now.
    for (let from = this.#nextUnknown(start); from < stop; from = this.#nextUnknown(from)) {
      const known = this.#flags.subarray(from, stop).findIndex((flag) => flag !== UNKNOWN);
      const to = known < 0 ? stop : from + known;
      for await (const batch of this.#showers.batches({ start: from, stop: to, ...options })) this.note(batch);
      from = to;
    }
    const data = Uint8Array.from({ length: count }, (_, event) => this.#flags[start + event * step] as number);
    const kept = [events].filter((axis) => !axis.drop);
    return new NdArray(data, {
      dtype: "uint8",
      shape: kept.map((axis) => axis.count),
      dims: kept.map((axis) => axis.dim),
    });
  }

  #nextUnknown(from: number): number {
    const at = this.#flags.indexOf(UNKNOWN, from);
    return at < 0 ? this.#flags.length : at;
  }

  async readMany(
    selections: readonly Selection[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly NdArray[]> {
    const arrays: NdArray[] = [];
    for (const selection of selections) arrays.push(await this.read(selection, options));
    return arrays;
  }

  async *chunks(options: { readonly signal?: AbortSignal } = {}): AsyncGenerator<DataChunk> {
    const [count] = this.shape as [number];
    for (let start = 0; start < count; start += CHUNK_EVENTS) {
      const selection = { event: { start, stop: Math.min(start + CHUNK_EVENTS, count) } };
      yield { selection, array: await this.read(selection, options) };
    }
  }
}
