const HALVINGS = 60;

/**
 * Bounds on the mean of a count that is a sum of independent things which happen or do not, by Chernoff's bound on the tails of
 * a Poisson distribution (Annals of Mathematical Statistics 23 (1952) 493), which holds for such sums too: P(N ≥ n) is at
 * most exp(-(n ln(n/μ) - n + μ)) where μ < n, and P(N ≤ n) where μ > n.
 *
 * @param level - How probable it may be, for each bound, that the mean is beyond it; above 0, below 1.
 */
export function meanBounds(count: number, level: number): { readonly lower: number; readonly upper: number } {
  const limit = -Math.log(level);
  if (count === 0) return { lower: 0, upper: limit };
  const exponent = (mean: number): number => count * Math.log(count / mean) - count + mean;
  let lower = 0;
  for (let [high, i] = [count, 0]; i < HALVINGS; i++) {
    const middle = (lower + high) / 2;
    if (exponent(middle) > limit) lower = middle;
    else high = middle;
  }
  // There the exponent exceeds the limit: it is at least (√μ - √n)².
  let upper = (Math.sqrt(count) + Math.sqrt(limit)) ** 2;
  for (let [low, i] = [count, 0]; i < HALVINGS; i++) {
    const middle = (low + upper) / 2;
    if (exponent(middle) > limit) upper = middle;
    else low = middle;
  }
  return { lower, upper };
}
