import { type Expectation, type Features, InvalidArgumentError } from "../../../core/index.ts";

/** Two sets of conditions on the same events; plain JSON. */
export interface Comparison {
  readonly events: number;
  /** Mean over events of the deviance under the old conditions less that under the new ones: above 0, the new ones are better. */
  readonly meanDifference: number;
  /** Standard error of the mean. */
  readonly error: number;
  /** How many standard errors the mean had to be away from 0. */
  readonly sigmas: number;
  /** What is said of the new conditions. */
  readonly verdict: "better" | "worse" | "undecided";
}

/** What to compare. */
export interface ComparisonOptions {
  readonly before: Float64Array;
  readonly after: Float64Array;
  /** How many standard errors make a verdict; 3 by default. */
  readonly sigmas?: number | undefined;
}

/**
 * Whether new conditions describe events better than old ones. The events must be others than those which the new conditions
 * come from. Differences are formed event by event, so what is common to both does not count as noise.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than two events.
 * @see Q. H. Vuong, "Likelihood ratio tests for model selection and non-nested hypotheses", Econometrica 57 (1989) 307.
 */
export function compareConditions(
  expectation: Expectation,
  features: Features,
  { before, after, sigmas = 3 }: ComparisonOptions,
): Comparison {
  const events = features.count;
  if (events < 2) throw new InvalidArgumentError(`A comparison needs at least 2 events; got ${events}.`);
  const old = expectation.deviance(features, before);
  const differences = expectation.deviance(features, after).map((deviance, i) => (old[i] as number) - deviance);
  const meanDifference = differences.reduce((total, difference) => total + difference, 0) / events;
  const squares = differences.reduce((total, difference) => total + (difference - meanDifference) ** 2, 0);
  const error = Math.sqrt(squares / (events - 1) / events);
  const isAway = Math.abs(meanDifference) > sigmas * error;
  const verdict = !isAway ? "undecided" : meanDifference > 0 ? "better" : "worse";
  return { events, meanDifference, error, sigmas, verdict };
}
