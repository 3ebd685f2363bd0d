import { InvalidArgumentError } from "../../core/index.ts";
import { normalDensity, normalProbability, normalQuantile } from "./normal-distribution.ts";

/** A value with at least this part of the sample is an atom: a distribution has a step there, not noise. */
const ATOM = 1 / 256;
/** Between knots, in scores; a straight line is within 1e-4 of a smooth distribution's scores. */
const SPACING = 1 / 32;

/** How values of one feature become scores: straight lines between knots. Plain JSON. */
export interface NormalScoreTable {
  /** Values of the reference sample that were there. */
  readonly size: number;
  /** Of the knots, strictly ascending; two at least. */
  readonly values: readonly number[];
  /** Of the knots, strictly ascending. */
  readonly scores: readonly number[];
}

/**
 * The table of a feature, from a reference sample. The score of a value is the standard normal distribution's quantile at
 * the value's rank. Where many values are one (zeros, counts), it is the mean of the normal distribution over their ranks.
 *
 * @param reference - In any order; what is not finite is missing, and does not count.
 * @throws `TWIN_INVALID_ARGUMENT` for a reference of less than two different values.
 * @see G. Blom, "Statistical Estimates and Transformed Beta-Variables", Wiley 1958: (rank - 3/8) / (n + 1/4), nearly the mean
 *   of a normal sample's value at that rank, so that scores of other values have a variance of 1.
 */
export function normalScoreTable(reference: ArrayLike<number>): NormalScoreTable {
  const sorted = Float64Array.from(reference).filter(Number.isFinite).sort();
  const size = sorted.length;
  if (size === 0 || sorted[0] === sorted[size - 1]) {
    throw new InvalidArgumentError(
      `A reference needs two different values for scores; it has ${size} values${size > 0 ? `, all ${sorted[0]}` : ""}. Leave the feature out.`,
    );
  }
  const values: number[] = [];
  const scores: number[] = [];
  let due = 0;
  let isAfterAtom = false;
  for (let from = 0, to = 0; from < size; from = to) {
    const value = sorted[from] as number;
    while (to < size && sorted[to] === value) to++;
    const isAtom = to - from > Math.max(1, size * ATOM);
    const isBeforeAtom = to < size && sorted[Math.min(size - 1, to + Math.floor(size * ATOM))] === sorted[to];
    if (isAtom || isAfterAtom || isBeforeAtom || from === 0 || to === size || (from + to) / 2 >= due) {
      const score = isAtom
        ? meanScore(from / size, to / size)
        : normalQuantile(((from + to) / 2 + 1 / 8) / (size + 1 / 4));
      values.push(value);
      scores.push(score);
      due = size * normalProbability(score + SPACING);
    }
    isAfterAtom = isAtom;
  }
  return { size, values, scores };
}

/** Of the normal distribution between two of its ranks. */
function meanScore(from: number, to: number): number {
  return (normalDensity(normalQuantile(from)) - normalDensity(normalQuantile(to))) / (to - from);
}
