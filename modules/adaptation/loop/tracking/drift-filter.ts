import { LinearEstimate, type LinearEstimateState } from "../../linear-estimate.ts";
import type { Tracked } from "./drift-model.ts";

/** How long a rate lasts, s: half of it is forgotten after 21 s. */
const RATE_S = 30;
/** A direction that others determine to this part of its information is taken for determined. */
const SINGULAR = 1e-10;

/** What a block of events says of the tracked conditions. */
export interface BlockEvidence {
  /** The conditions that it is said at. */
  readonly at: Float64Array;
  /** Sum of the scores there. */
  readonly score: Float64Array;
  /** `[tracked, tracked]`: inverse of the covariance of {@link score} times (information)². */
  readonly information: Float64Array;
  /** Of each, whether it must not learn from it. */
  readonly held: readonly boolean[];
}

interface Observation {
  readonly row: Float64Array;
  readonly value: number;
  readonly variance: number;
}

/**
 * Kalman filter of conditions that drift: each walks by itself, and has a rate that comes and goes (Ornstein and Uhlenbeck's
 * process), so that a ramp is followed without lag.
 *
 * @see R. E. Kalman, J. Basic Engineering 82 (1960) 35; G. E. Uhlenbeck, L. S. Ornstein, Phys. Rev. 36 (1930) 823; coefficients
 *   that are considered but not learned: S. F. Schmidt, Advances in Control Systems 3 (1966) 293.
 */
export class DriftFilter {
  readonly #tracked: readonly Tracked[];
  /** Values, then rates. */
  #estimate: LinearEstimate;

  /** @param errors - Standard errors of the values. */
  constructor(tracked: readonly Tracked[], values: ArrayLike<number>, errors: ArrayLike<number>) {
    this.#tracked = tracked;
    const rates = tracked.map(({ rate }) => rate);
    this.#estimate = new LinearEstimate(
      [...Array.from(values), ...rates.map(() => 0)],
      [...Array.from(errors), ...rates],
    );
  }

  /** A copy. */
  get values(): Float64Array {
    return this.#estimate.mean.slice(0, this.#tracked.length);
  }

  /** Of a condition with this place among those tracked. */
  error(place: number): number {
    return this.#estimate.error(place);
  }

  /** Of a sum of tracked conditions with these factors. */
  errorOf(factors: readonly number[]): number {
    return this.#estimate.predict(this.#row(factors)).error;
  }

  /**
   * Lets time pass.
   *
   * @param isMissing - Whether a coefficient is without slow control: what that does then is a drift of what it multiplies.
   */
  pass(seconds: number, isMissing: (place: number) => boolean): void {
    if (!(seconds > 0)) return;
    const rates = this.#tracked.map((_, place) => this.#rate(place, isMissing));
    const u = seconds / RATE_S;
    const kept = Math.exp(-u);
    const lost = -Math.expm1(-u);
    // 2u - 3 + 4e⁻ᵘ - e⁻²ᵘ; its digits cancel for small u.
    const spread = u < 1e-3 ? (2 / 3) * u ** 3 : 2 * u - 3 + 4 * kept - kept ** 2;
    const n = this.#tracked.length;
    this.#tracked.forEach(({ walk }, i) => {
      const rate = rates[i] as number;
      this.#estimate.mix(i, n + i, RATE_S * lost);
      this.#estimate.mean[n + i] = (this.#estimate.mean[n + i] as number) * kept;
      this.#estimate.scale(n + i, kept);
      this.#estimate.diffuse(i, walk ** 2 * seconds + (rate * RATE_S) ** 2 * spread);
      this.#estimate.diffuse(n + i, rate ** 2 * -Math.expm1(-2 * u));
      this.#estimate.correlate(i, n + i, rate ** 2 * RATE_S * lost ** 2);
    });
    this.#bound();
  }

  /**
   * Takes what a block of events says, unless it is farther from what was expected than so many standard deviations.
   *
   * @returns Whether it was taken.
   */
  observe({ at, score, information, held }: BlockEvidence, sigmas: number): boolean {
    const estimate = this.#estimate.copy();
    for (const { row, value, variance } of observationsOf(at, score, information)) {
      const { residual, error } = estimate.observe(this.#row(row), value, variance, (i) => held[i] ?? false);
      if (Math.abs(residual) > sigmas * error) return false;
    }
    this.#estimate = estimate;
    this.#bound();
    return true;
  }

  /** A condition may be anywhere within this distance. */
  widen(place: number, distance: number): void {
    this.#estimate.diffuse(place, distance ** 2);
  }

  /** It is somewhere else from now on. */
  move(place: number, by: number, error: number): void {
    this.#estimate.mean[place] = (this.#estimate.mean[place] as number) + by;
    this.#estimate.diffuse(place, error ** 2);
    this.#bound();
  }

  /**
   * Slow control goes from one value to another though the instrument did not change: what a coefficient and the condition that
   * it multiplies give together stays, and of its rate nothing is known.
   */
  handOver(coefficient: number, from: number, to: number): void {
    const { multiplies, reference } = this.#tracked[coefficient]?.slowControl ?? {};
    if (multiplies === undefined || reference === undefined) return;
    const { mean } = this.#estimate;
    const [value, perUnit] = [mean[multiplies] as number, mean[coefficient] as number];
    const [before, after] = [1 + perUnit * (from - reference), 1 + perUnit * (to - reference)];
    if (!(before > 0 && after > 0)) return;
    const ratio = before / after;
    mean[multiplies] = value * ratio;
    this.#estimate.scale(multiplies, ratio);
    this.#estimate.mix(multiplies, coefficient, (value * (from - to)) / after ** 2, { isDerivative: true });
    this.#estimate.diffuse(this.#tracked.length + multiplies, this.#rate(multiplies, () => true) ** 2);
    this.#bound();
  }

  state(): LinearEstimateState {
    return this.#estimate.state();
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for a state of another number of conditions. */
  restore(state: LinearEstimateState): void {
    this.#estimate.restore(state);
  }

  /** Standard deviation of a rate, with that of slow control which is missing. */
  #rate(place: number, isMissing: (place: number) => boolean): number {
    const { mean } = this.#estimate;
    let variance = (this.#tracked[place]?.rate ?? 0) ** 2;
    this.#tracked.forEach(({ slowControl }, i) => {
      if (slowControl?.multiplies !== place || !isMissing(i)) return;
      const perUnit = (mean[i] as number) ** 2 + this.#estimate.error(i) ** 2;
      variance += perUnit * ((mean[place] as number) * slowControl.usualPerSecond) ** 2;
    });
    return Math.sqrt(variance);
  }

  /** What is beyond its bounds stops there. */
  #bound(): void {
    const { mean } = this.#estimate;
    this.#tracked.forEach(({ min, max }, i) => {
      const value = mean[i] as number;
      if (value >= min && value <= max) return;
      mean[i] = Math.max(min, Math.min(max, value));
      mean[this.#tracked.length + i] = 0;
    });
  }

  #row(factors: ArrayLike<number>): Float64Array {
    const row = new Float64Array(this.#estimate.mean.length);
    row.set(factors);
    return row;
  }
}

/**
 * Scores and information as measurements that are independent of each other: with information L D Lᵀ, the sums of conditions
 * Lᵀθ have the variances 1/D.
 */
function* observationsOf(
  at: Float64Array,
  score: Float64Array,
  information: Float64Array,
): Generator<Observation, void, undefined> {
  const n = at.length;
  const lower = new Float64Array(n * n);
  const pivots = new Float64Array(n);
  const pulls = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    let pivot = information[j * n + j] as number;
    let pull = score[j] as number;
    for (let k = 0; k < j; k++) {
      pivot -= (lower[j * n + k] as number) ** 2 * (pivots[k] as number);
      pull -= (lower[j * n + k] as number) * (pulls[k] as number);
    }
    if (!(pivot > SINGULAR * (information[j * n + j] as number))) continue;
    pivots[j] = pivot;
    pulls[j] = pull;
    const row = new Float64Array(n);
    row[j] = 1;
    for (let i = j + 1; i < n; i++) {
      let element = information[i * n + j] as number;
      for (let k = 0; k < j; k++) {
        element -= (lower[i * n + k] as number) * (lower[j * n + k] as number) * (pivots[k] as number);
      }
      lower[i * n + j] = element / pivot;
      row[i] = element / pivot;
    }
    lower[j * n + j] = 1;
    const expected = row.reduce((sum, factor, i) => sum + factor * (at[i] as number), 0);
    yield { row, value: expected + pull / pivot, variance: 1 / pivot };
  }
}
