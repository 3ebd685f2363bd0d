import type { DataOf } from "../data/dtype.ts";
import type { EventDType } from "./event.ts";

/** The first index that is not above the one before it or outside of an array of that size; -1 when there is none. */
export function findWrongIndex(places: Uint32Array, size: number): number {
  let last = -1;
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number;
    if (place <= last || place >= size) return i;
    last = place;
  }
  return -1;
}

/** What is wrong with the index that {@link findWrongIndex} found. */
export function indexProblem(places: ArrayLike<number>, wrong: number, size: number): string {
  const place = places[wrong];
  return place !== undefined && place >= size
    ? `is ${place}; the tensor has ${size} elements`
    : `is ${place} after ${places[wrong - 1]}; indices must ascend, each once`;
}

/** Writes the elements at some places one after the other, little-endian. As integers: a float that passes through a register may lose what its NaN carries. */
export function gather(entries: {
  readonly places: Uint32Array;
  readonly data: DataOf<EventDType>;
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
