/**
 * The normal distribution's quantile at `(word + 0.5) / 2^32`: a standard normal variate from 32 random bits, -6.34 to
 * 6.34. Nothing but IEEE 754 double +, -, ×, ÷ and √, so that any implementation that does not fuse multiplications with
 * additions gets the same bits.
 *
 * @see M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988)
 *   477, PPND16; its third interval (beyond 6.6) is never reached.
 */
export function normalQuantile(word: number): number {
  const q = (word + 0.5) * TWO_POW_MINUS_32 - 0.5;
  // In two functions, short enough for V8 to compile them into the loops that call this.
  return Math.abs(q) <= 0.425 ? centralQuantile(q) : tailQuantile(word, q);
}

/** Where `q`, the distance from a half, is at most 0.425. */
function centralQuantile(q: number): number {
  const r = 0.180625 - q * q;
  return (
    (q *
      (((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r +
        13731.69376550946) *
        r +
        1971.5909503065513) *
        r +
        133.14166789178438) *
        r +
        3.3871328727963665)) /
    (((((((5226.495278852854 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586597) * r +
      5394.196021424751) *
      r +
      687.1870074920579) *
      r +
      42.31333070160091) *
      r +
      1)
  );
}

/** Elsewhere. */
function tailQuantile(word: number, q: number): number {
  // The distance to the nearer end, (2k + 1) / 2^33.
  const odd = 2 * (q < 0 ? word : 0xffffffff - word) + 1;
  const r = Math.sqrt(-lnOfFraction(odd)) - 1.6;
  const magnitude = tailRatio(r);
  return q < 0 ? -magnitude : magnitude;
}

/** Magnitude beyond the centre, up to 6.6. */
function tailRatio(r: number): number {
  return (
    (((((((0.0007745450142783414 * r + 0.022723844989269184) * r + 0.2417807251774506) * r + 1.2704582524523684) * r +
      3.6478483247632045) *
      r +
      5.769497221460691) *
      r +
      4.630337846156546) *
      r +
      1.4234371107496835) /
    (((((((1.0507500716444169e-9 * r + 0.0005475938084995345) * r + 0.015198666563616457) * r + 0.14810397642748008) *
      r +
      0.6897673349851) *
      r +
      1.6763848301838038) *
      r +
      2.053191626637759) *
      r +
      1)
  );
}

const TWO_POW_MINUS_32 = 2 ** -32;

/** ln(odd / 2^33) for an integer below 2^31, by ln f = 2 artanh((f - 1) / (f + 1)) for f between √½ and √2. */
function lnOfFraction(odd: number): number {
  let exponent = 31 - Math.clz32(odd);
  let f = odd / (1 << exponent);
  if (f > Math.SQRT2) {
    f *= 0.5;
    exponent++;
  }
  const s = (f - 1) / (f + 1);
  const s2 = s * s;
  const series =
    (((((((s2 / 17 + 1 / 15) * s2 + 1 / 13) * s2 + 1 / 11) * s2 + 1 / 9) * s2 + 1 / 7) * s2 + 1 / 5) * s2 + 1 / 3) *
      s2 +
    1;
  return (exponent - 33) * Math.LN2 + 2 * s * series;
}

/**
 * The standard normal distribution's quantile: the number that a variate is below with a probability; -∞ at 0, ∞ at 1, NaN outside
 * [0, 1]. To about 1e-15 relative.
 *
 * @see M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988) 477, PPND16.
 */
export function standardNormalQuantile(probability: number): number {
  if (!(probability >= 0 && probability <= 1)) return Number.NaN;
  const q = probability - 0.5;
  if (Math.abs(q) <= 0.425) return centralQuantile(q);
  const tail = q < 0 ? probability : 1 - probability;
  if (tail === 0) return Math.sign(q) * Number.POSITIVE_INFINITY;
  const r = Math.sqrt(-Math.log(tail));
  return Math.sign(q) * (r <= 5 ? tailRatio(r - 1.6) : polynomial(FAR_ABOVE, r - 5) / polynomial(FAR_BELOW, r - 5));
}

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + (coefficients[i] as number);
  return sum;
}

const FAR_ABOVE = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const FAR_BELOW = [
  1, 0.5998322065558879, 0.1369298809227358, 0.014875361290850615, 7.868691311456133e-4, 1.846318317510055e-5,
  1.4215117583164459e-7, 2.04426310338994e-15,
];
