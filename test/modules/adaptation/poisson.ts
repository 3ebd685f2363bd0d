import { regularizedGammaP } from "../../../core/index.ts";

/** Counts of a Poisson variable with this mean, of which each end is beyond 1 in a thousand. */
export function poissonInterval(mean: number): readonly [low: number, high: number] {
  // P(count <= k) = 1 - P(k + 1, mean).
  let low = 0;
  while (1 - regularizedGammaP(low + 1, mean) < 1e-3) low++;
  let high = Math.ceil(mean);
  while (regularizedGammaP(high + 1, mean) > 1e-3) high++;
  return [low, high];
}
