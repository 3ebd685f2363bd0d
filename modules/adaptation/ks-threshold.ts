import { InvalidArgumentError } from "../../core/index.ts";

/** How near to the allowed probability a threshold is sought; it is never above. */
const NEAR = 0.98;

/** Sizes of two samples, and what their distance is counted in. */
export interface KsLattice {
  readonly reference: number;
  readonly window: number;
  /** Steps of |F - G|: each value of the reference makes this many, and … */
  readonly perReference: number;
  /** … each value of the window this many; both samples whole make `steps`. */
  readonly perWindow: number;
  readonly steps: number;
}

/** The distance of two empirical distributions is a multiple of 1 / lcm(m, n), so it is counted in integers. */
export function ksLattice(reference: number, window: number): KsLattice {
  let [divisor, rest] = [reference, window];
  while (rest > 0) [divisor, rest] = [rest, divisor % rest];
  const steps = (reference / divisor) * window;
  return { reference, window, perReference: steps / reference, perWindow: steps / window, steps };
}

/**
 * Probability that the distance of two samples of one continuous distribution is `distance` steps or more; exact.
 *
 * The samples in order are a random path on a lattice; the probability to leave the band around its diagonal is summed
 * step by step, so that small ones have all their digits.
 *
 * @see J. L. Hodges, "The significance probability of the Smirnov two-sample test", Arkiv för Matematik 3 (1958) 469.
 */
export function ksProbability(lattice: KsLattice, distance: number): number {
  const { reference: m, window: n, perReference, perWindow } = lattice;
  const stay = new Float64Array(n + 2);
  stay[0] = 1;
  let left = 0;
  let from = 0;
  for (let i = 0; i <= m; i++) {
    const first = Math.max(0, Math.floor((i * perReference - distance) / perWindow) + 1);
    const last = Math.min(n, Math.ceil((i * perReference + distance) / perWindow) - 1);
    // From i - 1 values of the reference to i, of all that remain.
    const across = (j: number) => (i === 0 ? 1 : (m - i + 1) / (m - i + 1 + n - j));
    for (; from < first; from++) {
      left += (stay[from] as number) * across(from);
      stay[from] = 0;
    }
    for (let j = first; j <= last; j++) {
      const before = j > first ? ((stay[j - 1] as number) * (n - j + 1)) / (m - i + n - j + 1) : 0;
      stay[j] = (stay[j] as number) * across(j) + before;
    }
    if (last < n && last >= first) left += ((stay[last] as number) * (n - last)) / (m - i + n - last);
  }
  return left;
}

/**
 * The least distance, in steps, that two samples of one continuous distribution reach with at most this probability.
 *
 * @throws `TWIN_INVALID_ARGUMENT` when even samples that do not overlap are not as improbable.
 */
export function ksThreshold(lattice: KsLattice, probability: number): number {
  const { reference: m, window: n, steps } = lattice;
  let [low, high, atHigh] = [0, steps, ksProbability(lattice, steps)];
  if (atHigh > probability) {
    throw new InvalidArgumentError(
      `A window of ${n} values is too small: samples that do not overlap have a probability of ${atHigh}, above ${probability}. Take a larger window, or a smaller average run length.`,
    );
  }
  // Of the limit distribution, P = 2 exp(-2 d² mn / (m + n)): how P depends on d² is nearly right, its size less so.
  const slope = (2 * m * n) / (m + n) / (steps * steps);
  let guess = Math.sqrt(Math.max(0, Math.log(2 / probability)) / slope);
  while (high - low > 1 && atHigh < NEAR * probability) {
    const distance = Math.round(guess);
    const tried = distance > low && distance < high ? distance : Math.floor((low + high) / 2);
    const found = ksProbability(lattice, tried);
    if (found > probability) low = tried;
    else [high, atHigh] = [tried, found];
    guess = Math.sqrt(Math.max(0, tried * tried + Math.log(found / (0.99 * probability)) / slope));
  }
  return high;
}
