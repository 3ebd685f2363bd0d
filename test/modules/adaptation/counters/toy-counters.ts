import { type Counters, type Features, RandomStream } from "../../../../core/index.ts";
import { adaptationSettings } from "../../../../modules/adaptation/loop/options.ts";

const MEMBERS = 16;

/** Groups of 16 counters; all of a group count with the same probability, which depends on the energy of the event. */
export function toyCounters(groups: number): Counters {
  const size = groups * MEMBERS;
  return {
    size,
    name: (counter) => `counter ${counter}`,
    groups: Uint32Array.from({ length: size }, (_, counter) => Math.floor(counter / MEMBERS)),
    faults: { silent: [], noisy: [] },
  };
}

/** What happens to counters. */
export interface ToyConditions {
  readonly silent?: readonly number[];
  /** By counter, the probability that it counts by itself. */
  readonly noisy?: ReadonlyMap<number, number>;
  /** Factor on the energy, from 0 to 1 for a beam of less. */
  readonly energy?: number;
}

/** Events of a beam; a group counts the less often the later it is. */
export class ToyEvents {
  readonly #random: RandomStream;
  readonly #size: number;
  #next = 0n;

  constructor({ size }: Counters, seed: bigint) {
    this.#size = size;
    this.#random = new RandomStream({ seed, id: 0n });
  }

  /** The next events. */
  make(count: number, { silent = [], noisy = new Map(), energy = 1 }: ToyConditions = {}): Features {
    const offsets = new Uint32Array(count + 1);
    const counters: number[] = [];
    const timesNs = new BigInt64Array(count);
    for (let event = 0; event < count; event++) {
      const size = energy * (0.2 + 0.8 * this.#random.uniform());
      for (let counter = 0; counter < this.#size; counter++) {
        const mean = size * rateOf(Math.floor(counter / MEMBERS));
        const isHit = this.#random.uniform() < 1 - Math.exp(-mean) && !silent.includes(counter);
        const rate = noisy.get(counter);
        if (isHit || (rate !== undefined && this.#random.uniform() < rate)) counters.push(counter);
      }
      offsets[event + 1] = counters.length;
      timesNs[event] = 500_000n * this.#next++;
    }
    return { count, values: new Float64Array(0), timesNs, marks: { offsets, counters: Uint32Array.from(counters) } };
  }
}

/** Mean number of readings in an event of full size: 5 in the middle, then ever fewer. */
function rateOf(group: number): number {
  return 5 * 0.4 ** group;
}

export const SETTINGS = adaptationSettings({ referenceEvents: 10_000, windowEvents: 1000, acceptIntervalS: 0 });
