import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** Exponent of the smallest float64 above 0: every finite one is a multiple of 2^-1074. */
const UNIT = -1074;
/** Bits of a limb. */
const BITS = 32;
const BASE = 2 ** BITS;
/** Limbs for the 2,098 bits of a float64's range, and for the carries of more numbers than can be added. */
const LIMBS = 68;
/** Numbers that may be added before limbs must carry: each changes a limb by less than 2^32, and one holds 2^53. */
const UNCARRIED = 2 ** 20;

const float = new DataView(new ArrayBuffer(8));

/**
 * A sum without rounding: the same for the same numbers, in whatever order and in whatever parts they were added. Only
 * {@link value} is rounded, once. For sums over events that several workers share.
 *
 * A float64 is an integer times a power of two, so the sum is held as an integer of 2,176 bits. An addition takes some
 * nanoseconds.
 *
 * @see Source: the idea of a fixed-point accumulator for all floats is Kulisch's; this form, with limbs that carry late, is
 *   the small superaccumulator of R. M. Neal, arXiv:1505.05571. Deviations: limbs of 32 bits in float64.
 */
export class ExactSum {
  /** Limb `k` counts multiples of 2^(32 k - 1074); of either sign until they carry, then only the last. */
  readonly #limbs: Float64Array = new Float64Array(LIMBS);
  #uncarried = 0;
  /** Sum of what is not finite. */
  #special = 0;

  /** Takes one more number. */
  add(value: number): void {
    float.setFloat64(0, value);
    const high = float.getUint32(0);
    const low = float.getUint32(4);
    const exponent = (high >>> 20) & 0x7ff;
    if (exponent === 0x7ff) {
      this.#special += value;
      return;
    }
    if (this.#uncarried === UNCARRIED) this.#carry();
    this.#uncarried++;
    // Below 2^-1022 the leading bit is not implied, and the exponent is that of the next.
    const fraction = (high & 0xfffff) | (exponent === 0 ? 0 : 0x100000);
    const position = exponent === 0 ? 0 : exponent - 1;
    const limb = position >>> 5;
    const shift = position & 31;
    // 53 bits, shifted by up to 31, lie in three limbs. A shift by 32 would be one by 0 here.
    const first = (low << shift) >>> 0;
    const second = (shift === 0 ? fraction : (low >>> (BITS - shift)) | (fraction << shift)) >>> 0;
    const third = shift === 0 ? 0 : fraction >>> (BITS - shift);
    const sign = high >>> 31 === 0 ? 1 : -1;
    this.#addTo(limb, sign * first);
    this.#addTo(limb + 1, sign * second);
    this.#addTo(limb + 2, sign * third);
  }

  /** Takes another sum. */
  merge(other: ExactSum): void {
    other.#carry();
    if (this.#uncarried === UNCARRIED) this.#carry();
    this.#uncarried++;
    for (let limb = 0; limb < LIMBS; limb++) this.#addTo(limb, other.#limbs[limb] as number);
    this.#special += other.#special;
  }

  /** The float64 nearest to the sum, ties to even; infinite or NaN as what was added makes it. 0 of nothing. */
  get value(): number {
    return this.#special === 0 ? nearestFloat(this.#integer()) : this.#special;
  }

  /**
   * The sum itself, as a text: `"3p-2"` is 3 · 2^-2. Equal sums have equal texts: the integer is odd, or the text is `"0p0"`.
   */
  toJSON(): string {
    if (this.#special !== 0) return String(this.#special);
    let integer = this.#integer();
    if (integer === 0n) return "0p0";
    let exponent = UNIT;
    // By limbs first: most sums are far from the smallest number.
    for (; BigInt.asUintN(BITS, integer) === 0n; exponent += BITS) integer >>= BigInt(BITS);
    for (; (integer & 1n) === 0n; exponent++) integer >>= 1n;
    return `${integer}p${exponent}`;
  }

  /** The sum of a text that {@link toJSON} gave. @throws `TWIN_INVALID_ARGUMENT` when it is none. */
  static fromJSON(text: string): ExactSum {
    const sum = new ExactSum();
    if (text === "NaN" || text === "Infinity" || text === "-Infinity") {
      sum.#special = Number(text);
      return sum;
    }
    const [, digits, power] = /^(-?\d{1,660})p(-?\d{1,4})$/.exec(text) ?? [];
    const shift = Number(power) - UNIT;
    const integer = shift >= 0 && shift < LIMBS * BITS ? BigInt(digits ?? 0) << BigInt(shift) : undefined;
    if (integer === undefined || BigInt.asIntN(LIMBS * BITS, integer) !== integer) {
      throw new InvalidArgumentError(
        `"${text.slice(0, 40)}" is no exact sum; one is an integer, "p" and a power of two: "3p-2".`,
      );
    }
    let rest = integer;
    for (let limb = 0; limb < LIMBS - 1; limb++, rest >>= BigInt(BITS)) {
      sum.#limbs[limb] = Number(BigInt.asUintN(BITS, rest));
    }
    sum.#limbs[LIMBS - 1] = Number(rest);
    return sum;
  }

  #addTo(limb: number, value: number): void {
    this.#limbs[limb] = (this.#limbs[limb] as number) + value;
  }

  /** Brings all limbs but the last to 0 … 2^32 - 1. */
  #carry(): void {
    for (let limb = 0; limb < LIMBS - 1; limb++) {
      const value = this.#limbs[limb] as number;
      const carried = Math.floor(value / BASE);
      this.#limbs[limb] = value - carried * BASE;
      this.#addTo(limb + 1, carried);
    }
    this.#uncarried = 0;
  }

  /** The sum in units of 2^-1074. */
  #integer(): bigint {
    this.#carry();
    let integer = 0n;
    for (let limb = LIMBS - 1; limb >= 0; limb--) {
      const value = this.#limbs[limb] as number;
      integer = (integer << BigInt(BITS)) + BigInt(value);
    }
    return integer;
  }
}

/** The float64 nearest to so many units of 2^-1074. */
function nearestFloat(integer: bigint): number {
  const magnitude = integer < 0n ? -integer : integer;
  // At least 61 bits are left, more than a float64 has; what was cut off only tells a tie from what is above it.
  const cut = Math.max(0, 4 * magnitude.toString(16).length - 64);
  const kept = magnitude >> BigInt(cut);
  const isExact = kept << BigInt(cut) === magnitude;
  const rounded = Number(isExact ? kept : kept | 1n) * 2 ** (cut + UNIT);
  return integer < 0n ? -rounded : rounded;
}
