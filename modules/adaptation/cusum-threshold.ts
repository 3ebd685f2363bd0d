import { InvalidArgumentError } from "../../core/index.ts";
import { checkRunLength } from "./detector.ts";

/**
 * Mean overshoot of a Gaussian random walk over a boundary for a small drift: -ζ(1/2) / √(2π) and, times the square of the
 * drift, ζ(-1/2) / (6 √(2π)).
 *
 * @see J. T. Chang, Y. Peres, Annals of Probability 25 (1997) 787, theorem 1.1; its first term is Siegmund's 0.583.
 */
const OVERSHOOT: readonly [number, number] = [0.5825971579390107, -0.01382243];
/** Steps of the sums over the errors of a reference, in standard deviations: spectrally accurate for a Gaussian. */
const STEP = 0.5;
const STEPS = 14;

/** Which cumulative sum; values are independent, Gaussian, with mean 0 and standard deviation 1 before the change. */
export interface CusumDesign {
  /** The shift of the mean to detect fastest, in standard deviations; the allowance is half of it. */
  readonly shift: number;
  /**
   * Events of the reference sample from which the values were standardised: its mean is wrong by 1/√n and its standard
   * deviation by 1/√(2n), which makes false alarms. Infinite by default: the distribution is known.
   */
  readonly referenceSize?: number;
}

/**
 * False alarms per value of the two-sided cumulative sum with this threshold, on average over reference samples.
 *
 * @param threshold - In standard deviations of a value.
 * @see D. Siegmund, "Sequential Analysis", Springer 1985, equation 2.56: the run length of one side is
 *   (exp(2kb) - 2kb - 1) / (2k²), b the threshold and twice the overshoot. Within 0.3 % of the exact one for shifts up to 2
 *   and run lengths from 1000 on, 2 % from 100 on; otherwise there are up to 4 % more alarms than stated,
 *   or, as for shifts from 6 on, fewer. D. M. Hawkins, D. H. Olwell, "Cumulative Sum Charts", Springer 1998, section 7.1, on the effect of the
 *   reference.
 */
export function cusumFalseAlarmRate(threshold: number, design: CusumDesign): number {
  const allowance = design.shift / 2;
  const size = design.referenceSize ?? Number.POSITIVE_INFINITY;
  if (size === Number.POSITIVE_INFINITY) return 2 / runLength(allowance, threshold);
  let [sum, weights] = [0, 0];
  for (let i = -STEPS; i <= STEPS; i++) {
    const bias = (i * STEP) / Math.sqrt(size);
    for (let j = -STEPS; j <= STEPS; j++) {
      // A standard deviation is positive, so its logarithm is what errs on both sides alike.
      const scale = Math.exp((j * STEP) / Math.sqrt(2 * size));
      const weight = Math.exp(-0.5 * STEP * STEP * (i * i + j * j));
      // By symmetry of the bias, one side's rate is half of both.
      sum += (2 * weight) / runLength((allowance - bias) / scale, threshold / scale);
      weights += weight;
    }
  }
  return sum / weights;
}

/**
 * The threshold at which the two-sided cumulative sum has this average run length without a change, in standard
 * deviations of a value.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for a shift that is not positive, a run length not above 2, or a reference of less than
 *   2 events.
 */
export function cusumThreshold(design: CusumDesign, averageRunLength: number): number {
  const { shift, referenceSize = Number.POSITIVE_INFINITY } = design;
  if (!(shift > 0 && shift < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`The shift to detect must be above 0 standard deviations; got ${shift}.`);
  }
  if (!(referenceSize >= 2)) {
    throw new InvalidArgumentError(`A reference sample has at least 2 events; got ${referenceSize}.`);
  }
  checkRunLength(averageRunLength, 2);
  let [low, high] = [0, 1];
  while (cusumFalseAlarmRate(high, design) > 1 / averageRunLength) high *= 2;
  // To the last bit: a threshold is made once, and must be the same wherever it is made.
  for (let middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2) {
    if (cusumFalseAlarmRate(middle, design) > 1 / averageRunLength) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Values from a change to the alarm of a cumulative sum on average, if the sum was at 0: the longest there is.
 *
 * @param shift - Of the mean, in standard deviations; that of the design is what the sum was made for.
 * @see As {@link cusumFalseAlarmRate}.
 */
export function cusumDelay(threshold: number, design: CusumDesign, shift: number = design.shift): number {
  return runLength(design.shift / 2 - Math.abs(shift), threshold);
}

/**
 * Values from a change to the alarm, on average, in the worst case: the least that a detector with this run length can have.
 * It is the delay of the one-sided cumulative sum for just this shift, of known sign and size; the worst case is a change
 * at which that sum is 0. Changes at other moments are seen sooner, by this and by other detectors.
 *
 * Below the exact least by 0.1 % for a shift of 0.5, 0.4 % for 1, 3 % for 2, since the overshoot is approximated. The limit
 * 2 ln(averageRunLength) / shift² for long run lengths (Lorden) is no bound: for shifts up to 2 it is larger.
 *
 * @param shift - Of the mean of Gaussian values, in standard deviations, not 0; of several features together, √(δᵀΣ⁻¹δ).
 * @throws `TWIN_INVALID_ARGUMENT` for a shift that is 0 or not finite, or a run length not above 1.
 * @see G. V. Moustakides, "Optimal stopping times for detecting changes in distributions", Annals of Statistics 14 (1986)
 *   1379; the limit: G. Lorden, "Procedures for reacting to a change in distribution", Annals of Mathematical Statistics 42
 *   (1971) 1897.
 */
export function leastDetectionDelay(shift: number, averageRunLength: number): number {
  const information = (shift * shift) / 2;
  if (!(information > 0 && information < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`A delay is for a shift other than 0, whose square is finite; got ${shift}.`);
  }
  checkRunLength(averageRunLength, 1);
  // With x the threshold and its overshoot times the shift, run length and delay are (eˣ - x - 1) and (x - 1 + e⁻ˣ) over it.
  let [low, high] = [0, 1 + Math.log1p(averageRunLength * information) * 2];
  for (let x = (low + high) / 2; x > low && x < high; x = (low + high) / 2) {
    if (Math.expm1(x) - x < averageRunLength * information) low = x;
    else high = x;
  }
  // The first value after a change is the soonest.
  return Math.max(1, (high + Math.expm1(-high)) / information);
}

/** Of one side, started at 0; `drift` is what each value loses on average, negative after a change. */
function runLength(drift: number, threshold: number): number {
  const [first, second] = OVERSHOOT;
  const boundary = threshold + 2 * (first + second * drift * drift);
  const x = 2 * drift * boundary;
  // (eˣ - x - 1) / (2 drift²) cancels near 0.
  if (Math.abs(x) < 1e-3) return boundary * boundary * (1 + x / 3 + (x * x) / 12);
  return Math.max(1, (Math.expm1(x) - x) / (2 * drift * drift));
}
