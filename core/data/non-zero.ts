import type { DataOf, DType } from "./dtype.ts";

/** What an element that is 0 may be of: anything but a text. */
export type NumericDType = Exclude<DType, "string">;

/** Elements of an array that have any bit set: -0 and NaN are among them. */
export interface NonZero<D extends NumericDType = NumericDType> {
  /** Where they are in the flat row-major array, ascending. */
  readonly places: Uint32Array;
  /** One for each place. */
  readonly elements: DataOf<D>;
}

type Elements = DataOf<NumericDType>;
type Words = Int8Array | Int16Array | Int32Array | BigInt64Array;

/** Elements at some places, one after the other. */
export function elementsAt<E extends Elements>(values: E, places: Uint32Array): E {
  const elements = new (values.constructor as new (length: number) => E)(places.length);
  const [from, to] = [wordsOf(values), wordsOf(elements)];
  for (let i = 0; i < places.length; i++) to[i] = from[places[i] as number] as number & bigint;
  return elements;
}

/** Puts elements at their places. */
export function scatter({ places, elements }: NonZero, values: Elements): void {
  const [from, to] = [wordsOf(elements), wordsOf(values)];
  for (let i = 0; i < places.length; i++) to[places[i] as number] = from[i] as number & bigint;
}

/** As integers: a float that passes through a register may lose what its NaN carries. */
function wordsOf({ buffer, byteOffset, length, BYTES_PER_ELEMENT: bytes }: Elements): Words {
  if (bytes === 4) return new Int32Array(buffer, byteOffset, length);
  if (bytes === 8) return new BigInt64Array(buffer, byteOffset, length);
  return bytes === 2 ? new Int16Array(buffer, byteOffset, length) : new Int8Array(buffer, byteOffset, length);
}

/**
 * Finds the elements that have any bit set.
 *
 * @param places - Takes their places; one longer than the elements.
 * @returns How many there are.
 */
export function findNonZero(elements: Elements, places: Uint32Array): number {
  const { buffer, byteOffset, length } = elements;
  let found = 0;
  switch (elements.BYTES_PER_ELEMENT) {
    case 4:
      return findNonZeroWords(new Int32Array(buffer, byteOffset, length), places);
    case 8: {
      const words = new Int32Array(buffer, byteOffset, 2 * length);
      for (let i = 0; i < length; i++) {
        places[found] = i;
        found += isNonZero((words[2 * i] as number) | (words[2 * i + 1] as number));
      }
      break;
    }
    default: {
      const words = elements as Exclude<Elements, BigInt64Array | BigUint64Array>;
      for (let i = 0; i < length; i++) {
        places[found] = i;
        found += isNonZero(words[i] as number);
      }
    }
  }
  return found;
}

/** Four at once: most tensors are mostly zeros, and those of a shower lie together. */
function findNonZeroWords(words: Int32Array, places: Uint32Array): number {
  let found = 0;
  const whole = words.length - (words.length % 4);
  for (let i = 0; i < whole; i += 4) {
    const a = words[i] as number;
    const b = words[i + 1] as number;
    const c = words[i + 2] as number;
    const d = words[i + 3] as number;
    if ((a | b | c | d) === 0) continue;
    // A place is written before it is known to count: which of them are zero cannot be guessed, so there is no branch.
    places[found] = i;
    found += isNonZero(a);
    places[found] = i + 1;
    found += isNonZero(b);
    places[found] = i + 2;
    found += isNonZero(c);
    places[found] = i + 3;
    found += isNonZero(d);
  }
  for (let i = whole; i < words.length; i++) {
    places[found] = i;
    found += isNonZero(words[i] as number);
  }
  return found;
}

function isNonZero(word: number): number {
  return (word | (0 - word)) >>> 31;
}
