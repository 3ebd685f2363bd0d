import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { RandomStream } from "./random-stream.ts";
import { regularizedGammaP } from "./special-functions.ts";

/** How often observations stood at each place among the members of their ensemble. */
export interface RankHistogram {
  /** `[rank]`, members + 1 of them: rank 0 counts observations below all members. */
  readonly counts: Float64Array;
  /** Observations in all; missing ones are not among them. */
  readonly cases: number;
}

/** Whether ranks are spread evenly, as those of a calibrated ensemble are. */
export interface RankFlatness {
  /** Pearson's, against equal counts. */
  readonly chiSquare: number;
  readonly degreesOfFreedom: number;
  /**
   * Probability of as large a chi-square or a larger one where ranks are even and cases independent. Cases close in time or
   * space are not: take them far enough apart.
   */
  readonly pValue: number;
  /** Chi-square's part along a slope: the forecast is biased. One degree of freedom. */
  readonly slope: number;
  /** Chi-square's part along a U (too little spread) or a dome (too much). One degree of freedom. */
  readonly convexity: number;
}

/**
 * Ranks of observations among their ensembles. Where members equal the observation, the rank is drawn among their places, so
 * that ties do not look like a bias.
 *
 * @param members - `[case, member]` row-major.
 * @param observations - `[case]`; NaN where one is missing, which is left out.
 * @param options - `seed` of the draws at ties; `cases` i uses the stream with id i.
 * @throws `TWIN_INVALID_ARGUMENT` where the lengths do not fit, or a member beside an observation is NaN.
 * @see T. M. Hamill, Monthly Weather Review 129 (2001) 550.
 */
export function rankHistogram(
  members: ArrayLike<number>,
  observations: ArrayLike<number>,
  options: { readonly seed: bigint },
): RankHistogram {
  const cases = observations.length;
  const count = members.length / cases;
  if (!(Number.isInteger(count) && count >= 1)) {
    throw new InvalidArgumentError(
      `${members.length} members cannot be those of ${cases} observations; each has as many, one or more.`,
    );
  }
  const counts = new Float64Array(count + 1);
  const stream = new RandomStream({ seed: options.seed, id: 0n });
  let found = 0;
  for (let i = 0; i < cases; i++) {
    const value = observations[i] as number;
    if (Number.isNaN(value)) continue;
    let [below, equal] = [0, 0];
    for (let k = 0; k < count; k++) {
      const member = members[i * count + k] as number;
      if (member < value) below++;
      else if (member === value) equal++;
      else if (Number.isNaN(member)) throw new InvalidArgumentError(`Member ${k} of case ${i} is NaN.`);
    }
    if (equal > 0) {
      stream.restart(BigInt(i));
      below += Math.floor(stream.uniform() * (equal + 1));
    }
    counts[below] = (counts[below] as number) + 1;
    found++;
  }
  return { counts, cases: found };
}

/**
 * Tests a rank histogram for flatness.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than two ranks, or no cases.
 * @see I. T. Jolliffe, C. Primo, Monthly Weather Review 136 (2008) 2133, for the parts of chi-square.
 */
export function rankFlatness({ counts, cases }: RankHistogram): RankFlatness {
  const ranks = counts.length;
  if (ranks < 2 || !(cases > 0)) {
    throw new InvalidArgumentError(`Flatness needs two ranks and a case; got ${ranks} and ${cases}.`);
  }
  const expected = cases / ranks;
  const middle = (ranks - 1) / 2;
  // Of the U, less its mean.
  const meanSquare = (ranks * ranks - 1) / 12;
  let [chiSquare, alongSlope, alongU, slopeNorm, uNorm] = [0, 0, 0, 0, 0];
  for (let rank = 0; rank < ranks; rank++) {
    const residual = ((counts[rank] as number) - expected) / Math.sqrt(expected);
    const x = rank - middle;
    const u = x * x - meanSquare;
    chiSquare += residual * residual;
    alongSlope += residual * x;
    alongU += residual * u;
    slopeNorm += x * x;
    uNorm += u * u;
  }
  const degreesOfFreedom = ranks - 1;
  return {
    chiSquare,
    degreesOfFreedom,
    pValue: 1 - regularizedGammaP(degreesOfFreedom / 2, chiSquare / 2),
    slope: (alongSlope * alongSlope) / slopeNorm,
    convexity: uNorm > 0 ? (alongU * alongU) / uNorm : 0,
  };
}
