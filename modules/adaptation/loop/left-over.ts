import { type Expectation, type Features, regularizedGammaP, symmetricEigen } from "../../../core/index.ts";
import { normalProbability } from "../normal-distribution.ts";
import type { NormalScoreTable } from "../normal-score-table.ts";
import { NormalScores } from "../normal-scores.ts";
import type { Fitted } from "./fit-conditions.ts";
import { sum } from "./linearisation.ts";
import { inverseOf, product, subMatrix } from "./sub-matrix.ts";

/** Directions in which scores vary less than this, beside 1 for a condition by itself, are sums of others. */
const DETERMINED = 1e-6;

/** How deviances are distributed when nothing has changed; plain JSON. */
export interface NormalDeviance {
  readonly mean: number;
  readonly table: NormalScoreTable;
}

/** What a cause does not explain; plain JSON. */
export interface LeftOver {
  /** Scores of all conditions, with what moved taken out: a chi-square. */
  readonly scores: { readonly chiSquare: number; readonly degreesOfFreedom: number; readonly probability: number };
  /**
   * Deviances, by their ranks among normal ones: mean normal score with its standard error, and deviance above the normal
   * one, in all. Null where no normal ones were given.
   */
  readonly deviance: {
    readonly shift: number;
    readonly error: number;
    readonly excess: number;
    readonly probability: number;
  } | null;
}

/** What is looked at. */
export interface LeftOverOptions {
  readonly expectation: Expectation;
  readonly features: Features;
  readonly normalDeviance?: NormalDeviance | undefined;
}

export function leftOver(fit: Fitted, options: LeftOverOptions): LeftOver {
  return { scores: scoresLeft(fit), deviance: devianceLeft(fit, options) };
}

/**
 * Whether it is more than noise. Both tests have half of the level. A chi-square is in units of noise, as reductions divided by
 * their overdispersion are. Events that are described better than before leave nothing to explain, unless there is no other sign
 * that something has changed.
 */
export function isTooMuch(
  { scores, deviance }: LeftOver,
  {
    level,
    most,
    overdispersion,
    isExplained,
  }: {
    readonly level: number;
    /** Deviance that may be left, however significant. */
    readonly most: number;
    readonly overdispersion: number;
    readonly isExplained: boolean;
  },
): boolean {
  const above = (scores.chiSquare - scores.degreesOfFreedom) * overdispersion;
  const byScores = scores.probability < level / 2 && above > most;
  if (byScores || deviance === null) return byScores;
  const worse = isExplained ? deviance.excess : Math.abs(deviance.excess);
  return deviance.probability < level / 2 && worse > most;
}

/**
 * With c what moved and A = [-H_rc H_cc⁻¹, 1], the scores that are left are A s, and their covariance is A V Aᵀ (Neyman's
 * C(α): what was fitted takes away what it can).
 *
 * @see J. Neyman, "Optimal asymptotic tests of composite statistical hypotheses", in "Probability and Statistics: The Harald
 *   Cramér Volume", 1959, 213; D. D. Boos, "On generalized score tests", American Statistician 46 (1992) 327.
 */
function scoresLeft({ at, free, spread }: Fitted): LeftOver["scores"] {
  const size = at.score.length;
  const rest = Array.from({ length: size }, (_, i) => i).filter(
    (i) => !free.includes(i) && (spread[i * size + i] as number) > 0,
  );
  if (rest.length === 0) return { chiSquare: 0, degreesOfFreedom: 0, probability: 1 };
  const projection = new Float64Array(rest.length * size);
  const inverse = inverseOf(subMatrix(at.information, free));
  const taken = product(subMatrix(at.information, rest, free), inverse ?? new Float64Array(0), free.length);
  rest.forEach((index, row) => {
    projection[row * size + index] = 1;
    free.forEach((moved, column) => {
      projection[row * size + moved] = -(taken[row * free.length + column] as number);
    });
  });
  const scores = product(projection, at.score, size);
  const half = product(projection, spread, size);
  const covariance = new Float64Array(rest.length ** 2);
  for (let i = 0; i < rest.length; i++) {
    for (let j = 0; j < rest.length; j++) {
      let total = 0;
      for (let k = 0; k < size; k++) total += (half[i * size + k] as number) * (projection[j * size + k] as number);
      covariance[i * rest.length + j] = total;
    }
  }
  // As for conditions by themselves: what a cause has taken out nearly whole is nearly 0, and noise of rounding.
  const scales = Float64Array.from(rest, (index) => 1 / Math.sqrt(spread[index * size + index] as number));
  const scaled = covariance.map(
    (value, i) => value * (scales[Math.floor(i / rest.length)] as number) * (scales[i % rest.length] as number),
  );
  const { values, vectors } = symmetricEigen(scaled, rest.length);
  let [chiSquare, degreesOfFreedom] = [0, 0];
  values.forEach((value, k) => {
    if (value < DETERMINED) return;
    let along = 0;
    scores.forEach((score, i) => {
      along += score * (scales[i] as number) * (vectors[k * rest.length + i] as number);
    });
    chiSquare += (along * along) / value;
    degreesOfFreedom++;
  });
  const probability = degreesOfFreedom === 0 ? 1 : 1 - regularizedGammaP(degreesOfFreedom / 2, chiSquare / 2);
  return { chiSquare, degreesOfFreedom, probability };
}

/** By ranks, since the mean of deviances with heavy tails is a matter of single events. */
function devianceLeft(
  { at }: Fitted,
  { expectation, features, normalDeviance }: LeftOverOptions,
): LeftOver["deviance"] {
  if (!normalDeviance) return null;
  const { mean, table } = normalDeviance;
  const normal = new NormalScores([table]);
  // With the spread of before, a gain that grew would leave more than there was, and one that fell less.
  const around = expectation.around?.(at.conditions) ?? expectation;
  const deviances = around.deviance(features, at.conditions);
  const scores = deviances.map((deviance) => normal.scoreOf(deviance));
  const shift = scores.reduce((total, score) => total + score, 0) / at.events;
  const error = Math.sqrt(1 / at.events + 1 / table.size);
  return {
    shift,
    error,
    excess: sum(deviances) - at.events * mean,
    probability: 2 * normalProbability(-Math.abs(shift) / error),
  };
}
