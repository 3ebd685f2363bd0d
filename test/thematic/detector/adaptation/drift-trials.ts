import type { Adaptable, AdaptableCondition, Expectation, Features, RandomStream } from "../../../../core/index.ts";
import {
  AdaptationOptionsSchema,
  type AdaptationSettings,
  type BankAlarm,
  CusumBank,
  NormalScores,
} from "../../../../modules/adaptation/index.ts";
import { type NormalTables, normalOf } from "../../../../modules/adaptation/loop/watch.ts";
import { drawn, taken } from "./shower-features.ts";

/** What a loop of adaptation does if it is told nothing: thresholds follow from these alone. */
export const SETTINGS: AdaptationSettings = AdaptationOptionsSchema.parse({});
/** What a loop makes of the first events of its stream. */
export interface Reference {
  readonly twin: Adaptable;
  readonly conditions: Float64Array;
  readonly expectation: Expectation;
  readonly normal: NormalTables;
}

/** From as many events of the stream as a loop takes for it, drawn with replacement. */
export function referenceFrom(twin: Adaptable, pool: Features, random: RandomStream): Promise<Reference> {
  return referenceOf(twin, taken(pool, drawn(random, pool.count, SETTINGS.referenceEvents)));
}

/** Of just these events. */
export async function referenceOf(twin: Adaptable, events: Features): Promise<Reference> {
  const conditions = twin.current;
  const expectation = await twin.expect(events, conditions);
  return { twin, conditions, expectation, normal: normalOf(expectation, events, conditions) };
}

/**
 * Normal scores of events as a watch computes them, once for all events of a pool: they are pure functions of the event, so sums find
 * the same numbers here as from the events themselves, in a hundredth of the time.
 */
export class NormalPool {
  readonly count: number;
  readonly #size: number;
  readonly #rows: Float64Array;

  constructor({ expectation, conditions, normal }: Reference, pool: Features) {
    const { watched, tables, deviance } = normal;
    const normalScores = new NormalScores([...tables, deviance.table]);
    const scores = expectation.scores(pool, conditions);
    const deviances = expectation.deviance(pool, conditions);
    const size = watched.length + 1;
    this.count = pool.count;
    this.#size = size;
    this.#rows = new Float64Array(pool.count * size);
    for (let event = 0; event < pool.count; event++) {
      watched.forEach((condition, i) => {
        this.#rows[event * size + i] = normalScores.scoreOf(scores[event * conditions.length + condition] as number, i);
      });
      this.#rows[event * size + watched.length] = normalScores.scoreOf(deviances[event] as number, watched.length);
    }
  }

  /** Scores of conditions that are watched, then of the deviance. */
  row(event: number): Float64Array {
    return this.#rows.subarray(event * this.#size, (event + 1) * this.#size);
  }
}

/** The sums of a watch, for events whose normal scores are known. */
export class PoolWatch {
  readonly #bank: CusumBank;
  readonly #watched: readonly AdaptableCondition[];

  constructor({ twin, normal }: Reference, averageRunLength: number = SETTINGS.averageRunLength) {
    const sizes = [...normal.tables, normal.deviance.table].map(({ size }) => size);
    const { shifts } = SETTINGS;
    this.#bank = new CusumBank({ features: sizes.length, shifts, averageRunLength, referenceSizes: sizes });
    this.#watched = normal.watched.map((index) => twin.conditions[index] as AdaptableCondition);
  }

  /**
   * From sums of 0, until an alarm, or for so many events.
   *
   * @param next - The number of the next event in the pool.
   */
  untilAlarm(pool: NormalPool, next: () => number, most: number): PoolAlarm {
    this.#bank.reset();
    for (let events = 1; events <= most; events++) {
      const [alarm] = this.#bank.update(pool.row(next()));
      if (alarm) return { events, alarm, condition: this.#watched[alarm.feature]?.name ?? null };
    }
    return { events: most };
  }

  /** Alarms of so many more events; all sums begin again after each, as in the loop. */
  alarms(pool: NormalPool, next: () => number, events: number): number {
    let found = 0;
    for (let event = 0; event < events; event++) {
      if (this.#bank.update(pool.row(next())).length === 0) continue;
      found++;
      this.#bank.reset();
    }
    return found;
  }
}

/** How it went on from sums of 0. */
export interface PoolAlarm {
  /** Until the alarm, the one with the alarm included. */
  readonly events: number;
  readonly alarm?: BankAlarm;
  /** That the alarm names; null for the deviance. */
  readonly condition?: string | null;
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
