import { InvalidArgumentError } from "../../core/index.ts";
import { type NormalScoreTable, normalScoreTable } from "./normal-score-table.ts";

/** Beyond the last score of a table: three times the mean excess of normal values. Wild ones count as this, so that one alone
 * cannot raise an alarm, and a long tail has no more false alarms. */
const BEYOND = 1;

/**
 * Makes the features of an event standard normal, whatever their distributions: log-normal energies, fractions, counts,
 * zeros. Detectors of shifts then have the false-alarm rate that they state.
 *
 * Between the knots of a table, and beyond its ends with the slope of the last unit of score, scores are linear in the
 * value, up to one more unit. A wild value so counts little more than the largest of the reference. A score of a
 * feature that has steps (many equal values) has a variance below 1, which makes false alarms rarer, never more frequent.
 *
 * A feature that an event does not have is NaN, and so is its score. Whether it is there may be a feature of its own.
 *
 * @example
 * const scores = NormalScores.fit(referenceRows, 45); // [event, feature] row-major
 * const alarms = bank.update(scores.score(event));
 */
export class NormalScores {
  readonly tables: readonly NormalScoreTable[];
  readonly #first: Int32Array;
  readonly #values: Float64Array;
  readonly #scores: Float64Array;
  /** Scores per unit of value beyond both ends, `[feature, end]`. */
  readonly #slopes: Float64Array;

  /**
   * @param tables - One for each feature, by {@link normalScoreTable} or from JSON.
   * @throws `TWIN_INVALID_ARGUMENT` for a table without two knots, or whose values or scores do not ascend.
   */
  constructor(tables: readonly NormalScoreTable[]) {
    this.tables = tables;
    tables.forEach(checkTable);
    this.#first = new Int32Array(tables.length + 1);
    tables.forEach(({ values }, feature) => {
      this.#first[feature + 1] = (this.#first[feature] as number) + values.length;
    });
    this.#values = Float64Array.from(tables.flatMap(({ values }) => values));
    this.#scores = Float64Array.from(tables.flatMap(({ scores }) => scores));
    this.#slopes = Float64Array.from(tables.flatMap(slopesAtEnds));
  }

  /**
   * From events of a reference sample.
   *
   * @param rows - `[event, feature]` row-major; what is not finite is missing.
   * @throws `TWIN_INVALID_ARGUMENT` for a feature without two different values, with its number.
   */
  static fit(rows: ArrayLike<number>, features: number): NormalScores {
    if (!(Number.isInteger(features) && features > 0 && rows.length % features === 0)) {
      throw new InvalidArgumentError(`${rows.length} values are no rows of ${features} features.`);
    }
    const column = new Float64Array(rows.length / features);
    return new NormalScores(
      Array.from({ length: features }, (_, feature) => {
        for (let event = 0; event < column.length; event++) column[event] = rows[event * features + feature] as number;
        try {
          return normalScoreTable(column);
        } catch (cause) {
          throw new InvalidArgumentError(`Feature ${feature}: ${(cause as Error).message}`, { cause });
        }
      }),
    );
  }

  /** Values of the reference for each feature: what a bank of detectors has to know. */
  get referenceSizes(): readonly number[] {
    return this.tables.map(({ size }) => size);
  }

  /**
   * Scores of an event.
   *
   * @param target - Filled and returned, if given.
   * @throws `TWIN_INVALID_ARGUMENT` for another number of features.
   */
  score(event: ArrayLike<number>, target: Float64Array = new Float64Array(this.tables.length)): Float64Array {
    const features = this.tables.length;
    if (event.length !== features || target.length !== features) {
      throw new InvalidArgumentError(`An event has ${features} features here; got ${event.length}.`);
    }
    for (let feature = 0; feature < features; feature++) {
      target[feature] = this.scoreOf(event[feature] as number, feature);
    }
    return target;
  }

  /** Of one value. */
  scoreOf(value: number, feature: number = 0): number {
    const lowest = (this.#scores[this.#first[feature] as number] as number) - BEYOND;
    const highest = (this.#scores[(this.#first[feature + 1] as number) - 1] as number) + BEYOND;
    return clamp(this.#unlimited(value, feature), lowest, highest);
  }

  #unlimited(value: number, feature: number): number {
    if (!Number.isFinite(value)) return Number.NaN;
    const values = this.#values;
    const scores = this.#scores;
    let low = this.#first[feature] as number;
    const last = (this.#first[feature + 1] as number) - 1;
    const below = (values[low] as number) - value;
    if (below >= 0) return (scores[low] as number) - below * (this.#slopes[2 * feature] as number);
    const above = value - (values[last] as number);
    if (above >= 0) return (scores[last] as number) + above * (this.#slopes[2 * feature + 1] as number);
    // Without a branch that depends on the value: half of them would be mispredicted.
    for (let knots = last - low; knots > 1; ) {
      const half = knots >>> 1;
      low += Number((values[low + half] as number) <= value) * half;
      knots -= half;
    }
    const high = low + 1;
    const start = values[low] as number;
    const fraction = (value - start) / ((values[high] as number) - start);
    return (scores[low] as number) + fraction * ((scores[high] as number) - (scores[low] as number));
  }
}

function checkTable({ values, scores, size }: NormalScoreTable, feature: number): void {
  const ascends = (numbers: readonly number[]) =>
    numbers.every((number, i) => Number.isFinite(number) && (i === 0 || number > (numbers[i - 1] as number)));
  if (values.length >= 2 && scores.length === values.length && size >= 2 && ascends(values) && ascends(scores)) return;
  throw new InvalidArgumentError(
    `The table of feature ${feature} needs two knots at least, with ascending values and as many ascending scores.`,
  );
}

/** Over the last unit of score at either end; over all, where there is less. */
function slopesAtEnds({ values, scores }: NormalScoreTable): readonly [number, number] {
  const last = values.length - 1;
  const isOneFrom = (end: number) => (score: number) => Math.abs(score - (scores[end] as number)) >= 1;
  const slope = (low: number, high: number) => {
    const rise = (scores[high] as number) - (scores[low] as number);
    // Neither 0 nor infinite: the product with a distance must be a number, however near or far the values are.
    return clamp(rise / ((values[high] as number) - (values[low] as number)), Number.MIN_VALUE, Number.MAX_VALUE);
  };
  const fromLow = scores.findIndex(isOneFrom(0));
  return [slope(0, fromLow < 0 ? last : fromLow), slope(Math.max(0, scores.findLastIndex(isOneFrom(last))), last)];
}

/** NaN stays NaN. */
function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
