import type { Adaptable, Expectation, Features, RandomStream } from "../../../../core/index.ts";
import {
  type AdaptationAlarm,
  AdaptationOptionsSchema,
  type AdaptationSettings,
} from "../../../../modules/adaptation/index.ts";
import { type NormalTables, normalOf, Watch } from "../../../../modules/adaptation/loop/watch.ts";
import { drawn, taken } from "./shower-features.ts";

/** What a loop of adaptation does if it is told nothing: thresholds follow from these alone. */
export const SETTINGS: AdaptationSettings = AdaptationOptionsSchema.parse({});
/** Events that a stream brings at once; decisions do not depend on it. */
const CHUNK = 4096;

/** What a loop makes of the first events of its stream. */
export interface Reference {
  readonly twin: Adaptable;
  readonly conditions: Float64Array;
  readonly expectation: Expectation;
  readonly normal: NormalTables;
}

/** From as many events of the stream as a loop takes for it. */
export async function referenceFrom(twin: Adaptable, pool: Features, random: RandomStream): Promise<Reference> {
  const conditions = twin.current;
  const events = taken(pool, drawn(random, pool.count, SETTINGS.referenceEvents));
  const expectation = await twin.expect(events, conditions);
  return { twin, conditions, expectation, normal: normalOf(expectation, events, conditions) };
}

/**
 * A pool of events, of which scores and deviances are computed once: the features of an event drawn from it are its number. They
 * are pure functions of the event, so a watch finds the same numbers here as from the events themselves.
 */
export class ScoredPool implements Pick<Expectation, "scores" | "deviance"> {
  readonly count: number;
  readonly #size: number;
  readonly #scores: Float64Array;
  readonly #deviances: Float64Array;

  constructor({ expectation, conditions }: Reference, pool: Features) {
    this.count = pool.count;
    this.#size = conditions.length;
    this.#scores = expectation.scores(pool, conditions);
    this.#deviances = expectation.deviance(pool, conditions);
  }

  scores({ values }: Features): Float64Array {
    const size = this.#size;
    const rows = new Float64Array(values.length * size);
    for (const [i, event] of values.entries()) {
      rows.set(this.#scores.subarray(event * size, (event + 1) * size), i * size);
    }
    return rows;
  }

  deviance({ values }: Features): Float64Array {
    return values.map((event) => this.#deviances[event] as number);
  }
}

/** A watch that is given events of a pool, drawn with replacement. */
export class PoolWatch {
  readonly #watch: Watch;
  readonly #reference: Reference;
  readonly #pool: ScoredPool;

  constructor(reference: Reference, pool: ScoredPool, averageRunLength: number = SETTINGS.averageRunLength) {
    this.#watch = new Watch(reference.normal, { ...SETTINGS, averageRunLength });
    this.#reference = reference;
    this.#pool = pool;
  }

  /** From sums of 0, until an alarm, or for so many events. */
  untilAlarm(most: number, random: RandomStream): { readonly events: number; readonly alarm?: AdaptationAlarm } {
    this.#watch.reset();
    for (let first = 0; first < most; first += CHUNK) {
      const { alarm } = this.take(drawn(random, this.#pool.count, Math.min(CHUNK, most - first)), first);
      if (alarm) return { events: alarm.at + 1, alarm };
    }
    return { events: most };
  }

  /** Alarms in a run of so many events; all sums begin again after each, as in the loop. */
  alarms(events: number, random: RandomStream): AdaptationAlarm[] {
    const found: AdaptationAlarm[] = [];
    for (let from = 0; from < events; ) {
      const { events: passed, alarm } = this.untilAlarm(events - from, random);
      if (alarm) found.push(alarm);
      from += passed;
    }
    return found;
  }

  /** Events with these numbers. */
  take(numbers: Float64Array, first: number): ReturnType<Watch["take"]> {
    const features = { count: numbers.length, values: numbers, timesNs: new BigInt64Array(numbers.length) };
    const { twin, conditions } = this.#reference;
    return this.#watch.take(features, { twin, expectation: this.#pool, conditions, first });
  }
}

/**
 * By how many of its standard deviations a condition's score moves for a change of 1 in that condition, `[condition]`: the mean
 * derivative over the spread. Infinite or not a number for conditions that events have no bearing on.
 */
export function shiftsOf({ expectation, conditions }: Reference, pool: Features): Float64Array {
  const size = conditions.length;
  const information = expectation.information(pool, conditions);
  const rows = expectation.scores(pool, conditions);
  return conditions.map((_, condition) => {
    let [sum, squares] = [0, 0];
    for (let at = condition; at < rows.length; at += size) {
      sum += rows[at] as number;
      squares += (rows[at] as number) ** 2;
    }
    const variance = squares / pool.count - (sum / pool.count) ** 2;
    return (information[condition * size + condition] as number) / pool.count / Math.sqrt(variance);
  });
}
