import {
  fitGamma,
  type GammaFitMethod,
  gammaProbability,
  InvalidArgumentError,
  logGamma,
  standardNormalQuantile,
} from "../../../../core/index.ts";

/** How a {@link standardizedIndex} is computed. */
export interface StandardizedIndexOptions {
  /** Months over which values are averaged, the last one included: 1, 3, 6, 12, … */
  readonly months: number;
  /** `[value]`, 1 to 12: each calendar month has a distribution of its own. */
  readonly calendarMonth: ArrayLike<number>;
  /** Of which values distributions are fitted: from `start` to before `stop`. All by default. */
  readonly calibration?: { readonly start: number; readonly stop: number } | undefined;
  /** `"thom"` by default. */
  readonly method?: GammaFitMethod | undefined;
  /** Results beyond it are this: 3.09 by default, a probability of 0.001. */
  readonly limit?: number | undefined;
}

/**
 * How far sums of precipitation (or of another amount that is not negative) lie from what is usual, in standard deviations of a normal
 * distribution: H(x) = q + (1 - q) G(x), with q the part of zeros and G a gamma distribution of the others, and z = Φ⁻¹(H). A zero has H = q.
 *
 * Values are of consecutive months. A value is missing where one that it is averaged over is, or where its calendar month has fewer than two
 * different amounts above 0 in the calibration.
 *
 * @param values - `[month]`, NaN where missing; the unit does not matter. Below 0 counts as 0.
 * @returns `[month]`.
 * @see T. B. McKee, N. J. Doesken and J. Kleist, "The relationship of drought frequency and duration to time scales" (1993); D. C. Edwards and
 *   T. B. McKee, "Characteristics of 20th century drought in the United States at multiple time scales" (1997), section 2.
 * @throws `TWIN_INVALID_ARGUMENT`.
 */
export function standardizedIndex(values: Float64Array, options: StandardizedIndexOptions): Float64Array {
  const output = new Float64Array(values.length);
  standardizer(values.length, options)(values, output);
  return output;
}

/** Makes what computes {@link standardizedIndex} of series of one length. */
export function standardizer(
  length: number,
  { months, calendarMonth, calibration = { start: 0, stop: length }, method, limit = 3.09 }: StandardizedIndexOptions,
): (values: Float64Array, output: Float64Array) => void {
  if (!(Number.isInteger(months) && months >= 1)) {
    throw new InvalidArgumentError(`A standardized index is over a number of months, 1 or more; got ${months}.`);
  }
  if (!(limit > 0)) throw new InvalidArgumentError(`The limit of a standardized index is ${limit}; give more than 0.`);
  if (calendarMonth.length !== length) {
    throw new InvalidArgumentError(
      `Give the calendar month of each value: there are ${length} values, ${calendarMonth.length} months.`,
    );
  }
  const steps = Array.from({ length: 12 }, (_, month) =>
    Array.from(calendarMonth, (each, i) => (each === month + 1 ? i : -1)).filter((i) => i >= 0),
  );
  const means = new Float64Array(length);
  const sample = new Float64Array(Math.max(1, ...steps.map((each) => each.length)));
  return (values, output) => {
    runningMeans(values, months, means);
    for (const ofMonth of steps) {
      let [positive, zeros] = [0, 0];
      for (const i of ofMonth) {
        const mean = means[i] as number;
        if (i < calibration.start || i >= calibration.stop || Number.isNaN(mean)) continue;
        if (mean > 0) sample[positive++] = mean;
        else zeros++;
      }
      const gamma = fitGamma(sample.subarray(0, positive), method);
      const dry = zeros / (zeros + positive);
      const logGammaOfShape = gamma ? logGamma(gamma.shape) : Number.NaN;
      for (const i of ofMonth) {
        const mean = means[i] as number;
        if (!gamma || Number.isNaN(mean)) {
          output[i] = Number.NaN;
          continue;
        }
        const probability = dry + (1 - dry) * gammaProbability(mean, gamma, logGammaOfShape);
        output[i] = Math.max(-limit, Math.min(limit, standardNormalQuantile(probability)));
      }
    }
  };
}

/** Means over windows that end at each value; NaN where one is missing, or the window begins before the first. */
function runningMeans(values: Float64Array, window: number, means: Float64Array): void {
  for (let i = 0; i < values.length; i++) {
    let sum = i + 1 < window ? Number.NaN : 0;
    for (let k = Math.max(0, i + 1 - window); k <= i; k++) sum += values[k] as number;
    means[i] = sum / window;
  }
}
