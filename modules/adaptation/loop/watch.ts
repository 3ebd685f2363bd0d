import type { Adaptable, Expectation, Features } from "../../../core/index.ts";
import { CusumBank, type CusumBankState } from "../cusum-bank.ts";
import { type NormalScoreTable, normalScoreTable } from "../normal-score-table.ts";
import { NormalScores } from "../normal-scores.ts";
import type { AdaptationAlarm } from "./decision.ts";
import { sliceOf } from "./feature-window.ts";
import type { NormalDeviance } from "./left-over.ts";
import { sum } from "./linearisation.ts";
import type { AdaptationSettings } from "./options.ts";

/** Scores are computed for so many events at once: an alarm among them wastes what is behind it. */
const BATCH = 256;

/** What is normal under certain conditions; plain JSON. */
export interface NormalTables {
  /** Indices of conditions that events have a bearing on; each has a table. */
  readonly watched: readonly number[];
  readonly tables: readonly NormalScoreTable[];
  readonly deviance: NormalDeviance;
}

/** What scores and deviances of events are under conditions that are right for them. */
export function normalOf(expectation: Expectation, features: Features, conditions: Float64Array): NormalTables {
  const rows = expectation.scores(features, conditions);
  const deviances = expectation.deviance(features, conditions);
  const size = conditions.length;
  const column = new Float64Array(features.count);
  const [watched, tables]: [number[], NormalScoreTable[]] = [[], []];
  for (let condition = 0; condition < size; condition++) {
    for (let event = 0; event < column.length; event++) column[event] = rows[event * size + condition] as number;
    if (column.every((score) => score === column[0])) continue;
    watched.push(condition);
    tables.push(normalScoreTable(column));
  }
  return {
    watched,
    tables,
    deviance: { mean: sum(deviances) / features.count, table: normalScoreTable(deviances) },
  };
}

/** How near the watch is to an alarm. */
export interface NearestAlarm {
  /** As in {@link AdaptationAlarm}. */
  readonly condition: string | null;
  readonly direction: "up" | "down";
  /** The sum, as a part of its threshold. */
  readonly share: number;
}

/** Whose events they are. */
interface Watched {
  readonly twin: Pick<Adaptable, "conditions">;
  readonly expectation: Pick<Expectation, "scores" | "deviance">;
  readonly conditions: Float64Array;
  /** Number of the first event, from 0. */
  readonly first: number;
}

/** Looks at scores of conditions and at deviances, by their ranks among normal ones, for shifts of their means. */
export class Watch {
  readonly normal: NormalTables;
  readonly #scores: NormalScores;
  readonly #bank: CusumBank;
  readonly #normalised: Float64Array;

  constructor(normal: NormalTables, { shifts, averageRunLength }: AdaptationSettings) {
    this.normal = normal;
    this.#scores = new NormalScores([...normal.tables, normal.deviance.table]);
    const features = normal.tables.length + 1;
    this.#normalised = new Float64Array(features);
    const { referenceSizes } = this.#scores;
    this.#bank = new CusumBank({ features, shifts, averageRunLength, referenceSizes });
  }

  /**
   * Takes events up to the first that raises an alarm.
   *
   * @returns How many were taken, the one with the alarm included.
   */
  take(
    features: Features,
    { twin, expectation, conditions, first }: Watched,
  ): { readonly taken: number; readonly alarm?: AdaptationAlarm } {
    const { watched } = this.normal;
    const size = conditions.length;
    for (let from = 0; from < features.count; from += BATCH) {
      const batch = sliceOf(features, from, Math.min(features.count, from + BATCH));
      const rows = expectation.scores(batch, conditions);
      const deviances = expectation.deviance(batch, conditions);
      for (let event = 0; event < batch.count; event++) {
        const scores = this.#normalised;
        for (let i = 0; i < watched.length; i++) {
          scores[i] = this.#scores.scoreOf(rows[event * size + (watched[i] as number)] as number, i);
        }
        scores[watched.length] = this.#scores.scoreOf(deviances[event] as number, watched.length);
        const [found] = this.#bank.update(scores);
        if (!found) continue;
        const at = first + from + event;
        const condition = watched[found.feature];
        const alarm: AdaptationAlarm = {
          condition: condition === undefined ? null : (twin.conditions[condition]?.name ?? null),
          direction: found.direction === "up" ? "up" : "down",
          at,
          changedAt: at - (found.at - found.changedAt),
          value: found.value,
          threshold: found.threshold,
        };
        return { taken: from + event + 1, alarm };
      }
    }
    return { taken: features.count };
  }

  /** The sum that is nearest to its threshold. */
  nearest({ conditions }: Pick<Adaptable, "conditions">): NearestAlarm {
    const { up, down } = this.#bank.state();
    const { thresholds } = this.#bank;
    let [at, most, direction]: [number, number, NearestAlarm["direction"]] = [0, 0, "up"];
    for (let sum = 0; sum < thresholds.length; sum++) {
      for (const [values, name] of [
        [up, "up"],
        [down, "down"],
      ] as const) {
        const share = (values[sum] as number) / (thresholds[sum] as number);
        if (share > most) [at, most, direction] = [sum, share, name];
      }
    }
    const condition = this.normal.watched[Math.floor((at * (this.normal.watched.length + 1)) / thresholds.length)];
    const name = condition === undefined ? null : (conditions[condition]?.name ?? null);
    return { condition: name, direction, share: most };
  }

  /** After an alarm, all sums begin again: they may be about the same change. */
  reset(): void {
    this.#bank.reset();
  }

  state(): CusumBankState {
    return this.#bank.state();
  }

  restore(state: CusumBankState): void {
    this.#bank.restore(state);
  }
}
