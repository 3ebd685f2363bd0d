type Floats = Float32Array | Float64Array;

/**
 * A copy of floats in which NaN stands for one value, which is not NaN.
 *
 * By bits and without a branch: where missing values lie scattered, as over land and sea, a processor guesses a branch
 * wrong so often that it takes most of the time.
 */
export function withoutValue(values: Floats, value: number): Floats {
  // Zero has two forms, which are equal.
  if (value === 0) return values.map((each) => (each === 0 ? Number.NaN : each));
  return values instanceof Float32Array ? without32(values, value) : without64(values, value);
}

function without32(values: Float32Array, value: number): Float32Array {
  const filled = new Float32Array(values.length);
  const [from, to] = [wordsOf(values), wordsOf(filled)];
  const [wanted, nan] = wordsOf(Float32Array.of(value, Number.NaN)) as unknown as readonly [number, number];
  for (let i = 0; i < from.length; i++) {
    const word = from[i] as number;
    const keep = allOnesUnlessZero(word ^ wanted);
    to[i] = (word & keep) | (nan & ~keep);
  }
  return filled;
}

function without64(values: Float64Array, value: number): Float64Array {
  const filled = new Float64Array(values.length);
  const [from, to] = [wordsOf(values), wordsOf(filled)];
  const [wanted0, wanted1, nan0, nan1] = wordsOf(Float64Array.of(value, Number.NaN)) as unknown as readonly [
    ...[number, number],
    ...[number, number],
  ];
  for (let i = 0; i < from.length; i += 2) {
    const [word0, word1] = [from[i] as number, from[i + 1] as number];
    const keep = allOnesUnlessZero((word0 ^ wanted0) | (word1 ^ wanted1));
    to[i] = (word0 & keep) | (nan0 & ~keep);
    to[i + 1] = (word1 & keep) | (nan1 & ~keep);
  }
  return filled;
}

/** -1, which has all bits, for any number but 0: of a number and its negative one has the sign bit. */
function allOnesUnlessZero(bits: number): number {
  return (bits | (0 - bits)) >> 31;
}

function wordsOf({ buffer, byteOffset, byteLength }: Floats): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}
