import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/**
 * Which observations correct which elements of a state, and how much; made by {@link localise}. Pairs of weight 0 are not
 * stored. It depends on places alone: make it once and use it in every cycle.
 */
export interface Localisation {
  /** Number of observations that it was made for. */
  readonly observationCount: number;
  /** `[element + 1]`: the observations of element i are the entries `starts[i]` to `starts[i + 1]` of the other two. */
  readonly starts: Uint32Array;
  /** Indices of observations, ascending within an element. */
  readonly observations: Uint32Array;
  /** Above 0, up to 1. */
  readonly weights: Float64Array;
}

/**
 * Evaluates the weight of every observation for every element of a state, most often {@link gaspariCohn} of the distance
 * between the two.
 *
 * @param weight - From 0 (the observation says nothing of the element) to 1.
 * @throws `TWIN_INVALID_ARGUMENT` for a weight that is not in 0 to 1.
 *
 * @example
 * // 100 places on a ring, stations at every tenth
 * const around = (a: number, b: number) => Math.min(Math.abs(a - b), 100 - Math.abs(a - b));
 * localise({ elements: 100, observations: 10 }, (element, station) => gaspariCohn(around(element, 10 * station), 5));
 */
export function localise(
  counts: { readonly elements: number; readonly observations: number },
  weight: (element: number, observation: number) => number,
): Localisation {
  const starts = new Uint32Array(counts.elements + 1);
  const observations: number[] = [];
  const weights: number[] = [];
  for (let element = 0; element < counts.elements; element++) {
    for (let observation = 0; observation < counts.observations; observation++) {
      const value = weight(element, observation);
      if (!(value >= 0 && value <= 1)) {
        throw new InvalidArgumentError(
          `The weight of observation ${observation} for element ${element} of the state is ${value}; it must be in 0 to 1.`,
        );
      }
      if (value === 0) continue;
      observations.push(observation);
      weights.push(value);
    }
    starts[element + 1] = weights.length;
  }
  return {
    observationCount: counts.observations,
    starts,
    observations: Uint32Array.from(observations),
    weights: Float64Array.from(weights),
  };
}

/**
 * A correlation function like the normal density's bell that is 0 from twice the half-width on.
 *
 * @param distance - In any unit, 0 or more.
 * @param halfWidth - In the same unit; the function is 5/24 there.
 * @returns 1 at distance 0, falling to 0.
 * @throws `TWIN_INVALID_ARGUMENT` for a negative distance, or a half-width that is not above 0.
 * @see G. Gaspari, S. E. Cohn, "Construction of correlation functions in two and three dimensions", Quarterly Journal of
 *   the Royal Meteorological Society 125 (1999) 723, equation 4.10. Its outer branch is factored here, which keeps it from
 *   being negative by rounding.
 */
export function gaspariCohn(distance: number, halfWidth: number): number {
  if (!(distance >= 0)) throw new InvalidArgumentError(`A distance is 0 or more; got ${distance}.`);
  if (!(halfWidth > 0)) throw new InvalidArgumentError(`A half-width is above 0; got ${halfWidth}.`);
  const z = distance / halfWidth;
  if (z <= 1) return 1 + z * z * (-5 / 3 + z * (5 / 8 + z * (1 / 2 - z / 4)));
  return z < 2 ? ((2 - z) ** 4 * (z * (z + 2) - 1 / 2)) / (12 * z) : 0;
}
