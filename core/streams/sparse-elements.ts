import type { DataOf } from "../data/dtype.ts";
import type { EventDType } from "./event.ts";

type Elements = DataOf<EventDType>;

/**
 * Puts elements at their places. As integers: a float that passes through a register may lose what its NaN carries.
 *
 * @param from - Where in `view` the first element lies, little-endian.
 * @returns The first index that is not above the one before it or outside of the array; -1 when there is none.
 */
export function scatter(entries: {
  readonly places: Uint32Array;
  readonly view: DataView;
  readonly from: number;
  readonly data: Elements;
}): number {
  const { places, view, from, data } = entries;
  const size = data.length;
  let last = -1;
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    if (place <= last || place >= size) return i;
    last = place;
  }
  const { buffer, byteOffset } = data;
  switch (data.BYTES_PER_ELEMENT) {
    case 4: {
      const words = new Int32Array(buffer, byteOffset, size);
      for (let i = 0; i < places.length; i++) words[places[i] as number] = view.getInt32(from + 4 * i, true);
      break;
    }
    case 8: {
      const words = new BigInt64Array(buffer, byteOffset, size);
      for (let i = 0; i < places.length; i++) words[places[i] as number] = view.getBigInt64(from + 8 * i, true);
      break;
    }
    case 2: {
      const words = new Int16Array(buffer, byteOffset, size);
      for (let i = 0; i < places.length; i++) words[places[i] as number] = view.getInt16(from + 2 * i, true);
      break;
    }
    default: {
      const words = new Int8Array(buffer, byteOffset, size);
      for (let i = 0; i < places.length; i++) words[places[i] as number] = view.getInt8(from + i);
    }
  }
  return -1;
}

/** What is wrong with the index that {@link scatter} stopped at. */
export function indexProblem(places: ArrayLike<number>, wrong: number, size: number): string {
  const place = places[wrong];
  return place !== undefined && place >= size
    ? `is ${place}; the tensor has ${size} elements`
    : `is ${place} after ${places[wrong - 1]}; indices must ascend, each once`;
}

/** Writes the elements at some places one after the other, little-endian, as {@link scatter} reads them. */
export function gather(entries: {
  readonly places: Uint32Array;
  readonly data: Elements;
  readonly view: DataView;
  readonly at: number;
}): void {
  const { places, data, view, at } = entries;
  const { buffer, byteOffset, length } = data;
  switch (data.BYTES_PER_ELEMENT) {
    case 4: {
      const words = new Int32Array(buffer, byteOffset, length);
      for (let i = 0; i < places.length; i++) view.setInt32(at + 4 * i, words[places[i] as number] as number, true);
      return;
    }
    case 8: {
      const words = new BigInt64Array(buffer, byteOffset, length);
      for (let i = 0; i < places.length; i++) view.setBigInt64(at + 8 * i, words[places[i] as number] as bigint, true);
      return;
    }
    case 2: {
      const words = new Int16Array(buffer, byteOffset, length);
      for (let i = 0; i < places.length; i++) view.setInt16(at + 2 * i, words[places[i] as number] as number, true);
      return;
    }
    default: {
      const words = new Int8Array(buffer, byteOffset, length);
      for (let i = 0; i < places.length; i++) view.setInt8(at + i, words[places[i] as number] as number);
    }
  }
}

/**
 * Finds the elements that have any bit set, -0 and NaN with them, so that {@link scatter} gives the same bits back.
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
