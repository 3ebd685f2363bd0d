import { RandomStream } from "../../../core/index.ts";

/** Keeps the steps of random walks apart from other random numbers ("walk"). */
const PURPOSE = 0x7761_6c6b;
const HOUR = 3600;

/** What a walk is made of. */
interface GainWalkInit {
  readonly layers: readonly number[];
  /** Beginning and end, s. */
  readonly from: number;
  readonly to: number;
  /** Time between steps, s. */
  readonly everySeconds: number;
  /** Standard deviation of the logarithm after an hour. */
  readonly perRootHour: number;
  /** Number of the change in its script: each has random numbers of its own. */
  readonly place: number;
  readonly seed: bigint;
}

/**
 * Gains whose logarithms walk at random: normal steps at equal times, linear between them. Each layer walks on its own, from a
 * factor of 1.
 */
export class GainWalk {
  readonly #everySeconds: number;
  readonly #from: number;
  /** Logarithm of the factor at each step, by layer. */
  readonly #logs: ReadonlyMap<number, Float64Array>;

  constructor({ layers, from, to, everySeconds, perRootHour, place, seed }: GainWalkInit) {
    this.#from = from;
    this.#everySeconds = everySeconds;
    const steps = Math.max(1, Math.ceil((to - from) / everySeconds));
    const sigma = perRootHour * Math.sqrt(everySeconds / HOUR);
    const stream = new RandomStream({ seed, id: 0n, purpose: PURPOSE });
    this.#logs = new Map(
      layers.map((layer) => {
        stream.restart((BigInt(place) << 32n) | BigInt(layer));
        const logs = new Float64Array(steps + 1);
        for (let step = 1; step <= steps; step++) logs[step] = (logs[step - 1] as number) + sigma * stream.normal();
        return [layer, logs];
      }),
    );
  }

  /** Factor on the gain of a layer, so many seconds after the walk began. */
  factor(layer: number, seconds: number): number {
    const logs = this.#logs.get(layer) as Float64Array;
    const steps = seconds / this.#everySeconds;
    const step = Math.min(Math.floor(steps), logs.length - 1);
    const here = logs[step] as number;
    const next = logs[step + 1] ?? here;
    return Math.exp(here + (next - here) * (steps - step));
  }

  /** Seconds after the first event at which the walks of the layers are farthest up and down. */
  get extremes(): readonly number[] {
    const steps = [...this.#logs.values()].flatMap((logs) => {
      let [low, high] = [0, 0];
      for (let step = 1; step < logs.length; step++) {
        if ((logs[step] as number) < (logs[low] as number)) low = step;
        if ((logs[step] as number) > (logs[high] as number)) high = step;
      }
      return [low, high];
    });
    return [...new Set(steps)].map((step) => this.#from + step * this.#everySeconds);
  }
}
