import { InvalidArgumentError } from "../../core/index.ts";
import { cusumThreshold } from "./cusum-threshold.ts";
import { checkState, type DetectorState, type DriftAlarm } from "./detector.ts";

/** Options of {@link CusumBank}. */
export interface CusumBankOptions {
  /** Numbers per event. */
  readonly features: number;
  /** Shifts of the mean to look for, in standard deviations; one or two, a factor of 4 apart, cover a decade. */
  readonly shifts: readonly number[];
  /** Events between false alarms of the whole bank on average, at least. */
  readonly averageRunLength: number;
  /** For each feature, events of the reference that it was standardised with; infinite by default. */
  readonly referenceSizes?: readonly number[];
}

/** An alarm of one feature. */
export interface BankAlarm extends DriftAlarm {
  readonly feature: number;
  /** The shift that the sum looked for, in standard deviations: of those in the options. */
  readonly shift: number;
}

/** What a {@link CusumBank} remembers; arrays are `[feature, shift]`. */
export interface CusumBankState extends DetectorState {
  readonly up: readonly number[];
  readonly upSince: readonly number[];
  readonly down: readonly number[];
  readonly downSince: readonly number[];
}

const STATISTIC = "cusum-bank";
const NONE: readonly BankAlarm[] = [];

/**
 * Two-sided cumulative sums of many features at once, for one or more shifts each.
 *
 * The false-alarm rate is of all together: each sum gets its equal part (Bonferroni). Rates add up whatever the features'
 * correlation, so `events / averageRunLength` bounds the expected number of false alarms; of features that are correlated
 * it is less. A feature that an event lacks (NaN) leaves its sums as they are.
 *
 * A sum that raises an alarm starts again; the others go on, for they may be about another change. `reset` starts all.
 *
 * @see `Cusum`, which this is many times; {@link cusumThreshold} for the thresholds.
 */
export class CusumBank {
  readonly averageRunLength: number;
  /** `[feature, shift]`, in standard deviations of a value. */
  readonly thresholds: Float64Array;
  readonly #features: number;
  readonly #shifts: Float64Array;
  readonly #up: Float64Array;
  readonly #upSince: Float64Array;
  readonly #down: Float64Array;
  readonly #downSince: Float64Array;
  #count = 0;

  /** @throws `TWIN_INVALID_ARGUMENT` for no features or shifts, another number of sizes, or as {@link cusumThreshold} does. */
  constructor({ features, shifts, averageRunLength, referenceSizes }: CusumBankOptions) {
    if (!(Number.isInteger(features) && features > 0) || shifts.length === 0) {
      throw new InvalidArgumentError(`A bank has 1 or more features and shifts; got ${features} and ${shifts.length}.`);
    }
    if (referenceSizes && referenceSizes.length !== features) {
      throw new InvalidArgumentError(`${features} features, but ${referenceSizes.length} sizes of references.`);
    }
    this.averageRunLength = averageRunLength;
    this.#features = features;
    this.#shifts = Float64Array.from(shifts);
    const sums = features * shifts.length;
    const known = new Map<string, number>();
    this.thresholds = Float64Array.from({ length: sums }, (_, sum) => {
      const shift = shifts[sum % shifts.length] as number;
      const referenceSize = referenceSizes?.[Math.floor(sum / shifts.length)] ?? Number.POSITIVE_INFINITY;
      const key = `${shift} ${referenceSize}`;
      const threshold = known.get(key) ?? cusumThreshold({ shift, referenceSize }, averageRunLength * sums);
      known.set(key, threshold);
      return threshold;
    });
    this.#up = new Float64Array(sums);
    this.#upSince = new Float64Array(sums);
    this.#down = new Float64Array(sums);
    this.#downSince = new Float64Array(sums);
  }

  /** Events taken so far; a reset does not change it. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes the next event.
   *
   * @param scores - A number for each feature, standardised as for `Cusum`; what is not finite is missing.
   * @returns The alarms, most decisive first; mostly none.
   * @throws `TWIN_INVALID_ARGUMENT` for another number of features; nothing has changed then.
   */
  update(scores: ArrayLike<number>): readonly BankAlarm[] {
    if (scores.length !== this.#features) {
      throw new InvalidArgumentError(`This bank has ${this.#features} features; got ${scores.length}.`);
    }
    const [up, down, thresholds, shifts] = [this.#up, this.#down, this.thresholds, this.#shifts];
    const next = this.#count + 1;
    let alarms: BankAlarm[] | undefined;
    for (let feature = 0, sum = 0; feature < this.#features; feature++) {
      const score = scores[feature] as number;
      if (!Number.isFinite(score)) {
        sum += shifts.length;
        continue;
      }
      for (let i = 0; i < shifts.length; i++, sum++) {
        const allowance = (shifts[i] as number) / 2;
        const above = (up[sum] as number) + (score - allowance);
        const below = (down[sum] as number) + (-score - allowance);
        if (above > 0) up[sum] = above;
        else {
          up[sum] = 0;
          this.#upSince[sum] = next;
        }
        if (below > 0) down[sum] = below;
        else {
          down[sum] = 0;
          this.#downSince[sum] = next;
        }
        if (above >= (thresholds[sum] as number) || below >= (thresholds[sum] as number)) {
          alarms ??= [];
          alarms.push(this.#alarm(feature, i));
        }
      }
    }
    this.#count = next;
    if (alarms === undefined) return NONE;
    return alarms.sort((a, b) => b.value / b.threshold - a.value / a.threshold);
  }

  /** All sums start again, as after the stream's description was adapted. */
  reset(): void {
    this.#up.fill(0);
    this.#down.fill(0);
    this.#upSince.fill(this.#count);
    this.#downSince.fill(this.#count);
  }

  /** Plain JSON, from which a bank with the same options goes on bit for bit. */
  state(): CusumBankState {
    return {
      statistic: STATISTIC,
      count: this.#count,
      up: Array.from(this.#up),
      upSince: Array.from(this.#upSince),
      down: Array.from(this.#down),
      downSince: Array.from(this.#downSince),
    };
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for the state of another statistic, or of a bank of another size. */
  restore(state: CusumBankState): void {
    const { up, upSince, down, downSince } = state;
    const arrays = [up, upSince, down, downSince].map((array) => (Array.isArray(array) ? array : [Number.NaN]));
    checkState(STATISTIC, state, arrays.flat());
    if (arrays.some(({ length }) => length !== this.#up.length)) {
      throw new InvalidArgumentError(`This bank has ${this.#up.length} sums; the state has ${up.length}.`);
    }
    this.#up.set(up);
    this.#upSince.set(upSince);
    this.#down.set(down);
    this.#downSince.set(downSince);
    this.#count = state.count;
  }

  #alarm(feature: number, i: number): BankAlarm {
    const sum = feature * this.#shifts.length + i;
    const isUp = (this.#up[sum] as number) >= (this.#down[sum] as number);
    const alarm: BankAlarm = {
      statistic: STATISTIC,
      at: this.#count,
      changedAt: (isUp ? this.#upSince : this.#downSince)[sum] as number,
      direction: isUp ? "up" : "down",
      value: (isUp ? this.#up : this.#down)[sum] as number,
      threshold: this.thresholds[sum] as number,
      feature,
      shift: this.#shifts[i] as number,
    };
    this.#up[sum] = 0;
    this.#down[sum] = 0;
    this.#upSince[sum] = this.#count + 1;
    this.#downSince[sum] = this.#count + 1;
    return alarm;
  }
}
