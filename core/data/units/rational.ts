/** An exact fraction in lowest terms; the denominator is positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export const ZERO: Rational = { numerator: 0n, denominator: 1n };
export const ONE: Rational = { numerator: 1n, denominator: 1n };

export function rational(numerator: bigint, denominator: bigint): Rational {
  const divisor = greatestDivisor(numerator, denominator) * (denominator < 0n ? -1n : 1n);
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}

/** A decimal number such as `-1.5e-3`, exactly. */
export function parseDecimal(text: string): Rational {
  const [digits = "", exponent = "0"] = text.toLowerCase().split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  const power = Number(exponent) - fraction.length;
  const numerator = BigInt(whole + fraction);
  return power < 0 ? rational(numerator, 10n ** BigInt(-power)) : rational(numerator * 10n ** BigInt(power), 1n);
}

export function times(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.numerator, a.denominator * b.denominator);
}

/** @param b - Not 0. */
export function over(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator, a.denominator * b.numerator);
}

export function plus(a: Rational, b: Rational): Rational {
  return rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}

export function minus(a: Rational, b: Rational): Rational {
  return plus(a, { numerator: -b.numerator, denominator: b.denominator });
}

/** @param base - Not 0 where the exponent is negative. */
export function toPower({ numerator, denominator }: Rational, exponent: number): Rational {
  const power = BigInt(Math.abs(exponent));
  const [top, bottom] = exponent < 0 ? [denominator, numerator] : [numerator, denominator];
  return rational(top ** power, bottom ** power);
}

/** The nearest float64, to within a rounding of 2^-64. */
export function toNumber({ numerator, denominator }: Rational): number {
  // A quotient of at least 64 bits, so that its rounding is that of a float64.
  const shift = 64 + bitLength(denominator) - bitLength(numerator);
  const quotient = shift > 0 ? (numerator << BigInt(shift)) / denominator : numerator / (denominator << BigInt(-shift));
  return Number(quotient) * 2 ** -shift;
}

export function bitLength(value: bigint): number {
  return (value < 0n ? -value : value).toString(16).length * 4;
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  let [high, low] = [a < 0n ? -a : a, b < 0n ? -b : b];
  while (low > 0n) [high, low] = [low, high % low];
  return high;
}
