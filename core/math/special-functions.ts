import { InvalidArgumentError } from "../errors/invalid-argument.ts";

const HALF_LOG_TWO_PI = 0.9189385332046728;
/** B_2k / (2k (2k - 1)) for k = 1 … 8, the coefficients of Stirling's series (DLMF 5.11.1). */
const STIRLING: readonly number[] = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
];
const STIRLING_FROM = 10;
const MAX_ITERATIONS = 100_000;
const TINY = 1e-300;

/**
 * Natural logarithm of the gamma function for x > 0, to about 1e-15 (absolute below 1, relative above).
 *
 * @see DLMF 5.11.1 (Stirling's series) from 10 on, 5.5.1 (recurrence) to get there.
 * @throws `TWIN_INVALID_ARGUMENT` for x ≤ 0 or NaN.
 */
export function logGamma(x: number): number {
  if (!(x > 0)) throw new InvalidArgumentError(`logGamma takes x > 0; got ${x}.`);
  if (x === Number.POSITIVE_INFINITY) return x;
  let product = 1;
  let shifted = x;
  while (shifted < STIRLING_FROM) product *= shifted++;
  const inverse = 1 / shifted;
  const inverseSquare = inverse * inverse;
  let series = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) series = series * inverseSquare + (STIRLING[k] as number);
  return (shifted - 0.5) * Math.log(shifted) - shifted + HALF_LOG_TWO_PI + series * inverse - Math.log(product);
}

/**
 * Regularised lower incomplete gamma function P(a, x) for a > 0, x ≥ 0, to about 1e-13 of the smaller of P and 1 - P
 * for a up to 1e4.
 *
 * @param logGammaOfA - `logGamma(a)` where the caller has it already.
 * @see DLMF 8.7.1 (series) below x = a + 1, 8.9.2 (continued fraction, by Lentz's method) above.
 * @throws `TWIN_INVALID_ARGUMENT` outside that domain.
 */
export function regularizedGammaP(a: number, x: number, logGammaOfA: number = logGamma(a)): number {
  if (!(a > 0 && x >= 0)) throw new InvalidArgumentError(`P(a, x) takes a > 0 and x ≥ 0; got a = ${a}, x = ${x}.`);
  if (x === 0) return 0;
  if (x === Number.POSITIVE_INFINITY) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGammaOfA);
  return x < a + 1 ? front * lowerSeries(a, x) : 1 - front * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < MAX_ITERATIONS; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * 1e-17) return sum;
  }
  return sum;
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MAX_ITERATIONS; n++) {
    const numerator = -n * (n - a);
    b += 2;
    d = 1 / nonZero(numerator * d + b);
    c = nonZero(b + numerator / c);
    const change = c * d;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) return fraction;
  }
  return fraction;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/**
 * Error function, to about 1e-15 absolute.
 *
 * @see DLMF 7.11.1: erf(x) = P(1/2, x²) for x ≥ 0, odd.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  return Math.sign(x) * regularizedGammaP(0.5, x * x);
}
