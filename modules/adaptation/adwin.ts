import { InvalidArgumentError } from "../../core/index.ts";
import {
  checkedValue,
  checkRunLength,
  checkState,
  type DetectorState,
  type DriftAlarm,
  type SequentialDetector,
} from "./detector.ts";

/** Buckets of one size before the two oldest become one of twice the size. */
const BUCKETS = 5;
/** Values from one look for a change to the next: 32, as in the authors' own program. */
const STRIDE = 32;

/** Options of {@link Adwin}. */
export interface AdwinOptions {
  /** What values lie between; what is beyond counts as the end of it. */
  readonly range: readonly [low: number, high: number];
  /** Values between false alarms on average, at least. */
  readonly averageRunLength: number;
}

/** Buckets of one size, oldest first. */
export interface AdwinRow {
  /** Of values taken as fractions of the range. */
  readonly sums: readonly number[];
  readonly squares: readonly number[];
}

/** What an {@link Adwin} remembers. */
export interface AdwinState extends DetectorState {
  /** The row with index k has buckets of 2ᵏ values. */
  readonly rows: readonly AdwinRow[];
}

interface Row {
  readonly sums: number[];
  readonly squares: number[];
}

/** Where a window falls apart. */
interface Cut {
  /** Buckets before it. */
  readonly buckets: number;
  readonly difference: number;
  readonly allowed: number;
}

const STATISTIC = "adwin";

/**
 * ADWIN, a window that adapts: as long as possible while no two parts of it have different means. It needs no reference
 * sample, no size of shift and no standard deviation, only a range; and it knows the mean of now. In exchange it is the
 * slowest here to alarm: the bound behind it is for any distribution in the range.
 *
 * Memory grows with the logarithm of the window: 5 buckets for each power of 2. The window may be cut between buckets.
 *
 * A change is looked for at every 32nd value, in all cuts between buckets, with δ = 32 / averageRunLength divided among
 * the cuts. After an alarm, the values since the change stay.
 *
 * @see A. Bifet, R. Gavaldà, "Learning from time-changing data with adaptive windowing", SIAM Conf. on Data Mining 2007,
 *   443: ADWIN2 with the bound of its equation 3.1, which uses the window's variance in place of the true one: nearly a bound, not
 *   quite; it is far from reached. There δ is divided by the logarithm
 *   of the window's length; here by the number of cuts, which is what the union bound asks for.
 */
export class Adwin implements SequentialDetector<AdwinState> {
  readonly averageRunLength: number;
  readonly #low: number;
  readonly #width: number;
  #rows: Row[] = [];
  #count = 0;

  /** @throws `TWIN_INVALID_ARGUMENT` for an empty range, or a run length not above 32. */
  constructor({ range: [low, high], averageRunLength }: AdwinOptions) {
    if (!(high > low && Number.isFinite(high - low))) {
      throw new InvalidArgumentError(`A range goes from a number up to a larger one; got ${low} to ${high}.`);
    }
    checkRunLength(averageRunLength, STRIDE);
    this.averageRunLength = averageRunLength;
    this.#low = low;
    this.#width = high - low;
  }

  get count(): number {
    return this.#count;
  }

  /** Values in the window. */
  get windowLength(): number {
    return this.#total().length;
  }

  /** Of the window, in the unit of the values; NaN for an empty one. */
  get mean(): number {
    const { length, sum } = this.#total();
    return this.#low + (this.#width * sum) / length;
  }

  update(value: number): DriftAlarm | undefined {
    const fraction = (checkedValue(STATISTIC, value) - this.#low) / this.#width;
    this.#insert(Math.max(0, Math.min(1, fraction)));
    const at = this.#count++;
    if (this.#count % STRIDE !== 0) return undefined;
    const first = this.#mostDecisiveCut();
    if (first === undefined) return undefined;
    for (let cut: Cut | undefined = first; cut; cut = this.#mostDecisiveCut()) this.#drop(cut.buckets);
    return {
      statistic: STATISTIC,
      at,
      changedAt: this.#count - this.windowLength,
      direction: first.difference > 0 ? "up" : "down",
      value: Math.abs(first.difference) * this.#width,
      threshold: first.allowed * this.#width,
    };
  }

  reset(): void {
    this.#rows = [];
  }

  state(): AdwinState {
    const rows = this.#rows.map(({ sums, squares }) => ({ sums: [...sums], squares: [...squares] }));
    return { statistic: STATISTIC, count: this.#count, rows };
  }

  restore(state: AdwinState): void {
    const numbersOf = (list: unknown): readonly number[] => (Array.isArray(list) ? list : [Number.NaN]);
    const rows = Array.isArray(state.rows) ? state.rows : [null];
    checkState(
      STATISTIC,
      state,
      rows.flatMap((row) => [...numbersOf(row?.sums), ...numbersOf(row?.squares)]),
    );
    if (rows.some(({ sums, squares }) => sums.length !== squares.length || sums.length > BUCKETS)) {
      throw new InvalidArgumentError(
        `A row of ADWIN has at most ${BUCKETS} buckets, each with a sum and a sum of squares.`,
      );
    }
    this.#rows = rows.map(({ sums, squares }) => ({ sums: [...sums], squares: [...squares] }));
    this.#count = state.count;
  }

  #insert(fraction: number): void {
    let [sum, square] = [fraction, fraction * fraction];
    for (let k = 0; ; k++) {
      const row = this.#rows[k] ?? { sums: [], squares: [] };
      this.#rows[k] = row;
      row.sums.push(sum);
      row.squares.push(square);
      if (row.sums.length <= BUCKETS) return;
      const [a = 0, b = 0] = row.sums.splice(0, 2);
      const [c = 0, d = 0] = row.squares.splice(0, 2);
      [sum, square] = [a + b, c + d];
    }
  }

  /** Forgets the oldest buckets. */
  #drop(buckets: number): void {
    let left = buckets;
    for (let k = this.#rows.length - 1; k >= 0; k--) {
      const { sums, squares } = this.#rows[k] as Row;
      const here = Math.min(left, sums.length);
      sums.splice(0, here);
      squares.splice(0, here);
      left -= here;
      if (sums.length === 0 && k === this.#rows.length - 1) this.#rows.length = k;
      if (left === 0) return;
    }
  }

  /** Of those that exceed what chance allows, the one that does most. */
  #mostDecisiveCut(): Cut | undefined {
    const { length, sum, square, buckets } = this.#total();
    const mean = sum / length;
    const variance = Math.max(0, square / length - mean * mean);
    const confidence = Math.log((2 * (buckets - 1) * this.averageRunLength) / STRIDE);
    let best: Cut | undefined;
    let [before, sumBefore, bucketsBefore] = [0, 0, 0];
    for (let k = this.#rows.length - 1; k >= 0; k--) {
      for (const bucket of (this.#rows[k] as Row).sums) {
        before += 2 ** k;
        sumBefore += bucket;
        bucketsBefore++;
        if (bucketsBefore === buckets) break;
        const after = length - before;
        const inverse = 1 / before + 1 / after;
        const difference = (sum - sumBefore) / after - sumBefore / before;
        const allowed = Math.sqrt(2 * inverse * variance * confidence) + (2 / 3) * inverse * confidence;
        if (Math.abs(difference) < allowed) continue;
        if (best === undefined || Math.abs(difference) * best.allowed > Math.abs(best.difference) * allowed) {
          best = { buckets: bucketsBefore, difference, allowed };
        }
      }
    }
    return best;
  }

  #total(): { readonly length: number; readonly sum: number; readonly square: number; readonly buckets: number } {
    let [length, sum, square, buckets] = [0, 0, 0, 0];
    this.#rows.forEach(({ sums, squares }, k) => {
      for (let i = 0; i < sums.length; i++) {
        sum += sums[i] as number;
        square += squares[i] as number;
      }
      length += sums.length * 2 ** k;
      buckets += sums.length;
    });
    return { length, sum, square, buckets };
  }
}
