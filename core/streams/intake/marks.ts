import type { Marks } from "../../contracts/counters.ts";

const SEVEN_BITS = 0x7f;
const MORE = 0x80;
const WRONG_LENGTH = "it has marks of a wrong length";

/** Where marks are written; used again. */
let scratch: Buffer = Buffer.alloc(1 << 16);

/**
 * Marks as bytes, up to the next call: of each event the number of its bytes (4), then for each mark by how much its counter exceeds the one
 * before (or -1), less 1, as LEB128. Neighbours take one byte.
 */
export function encodeMarks({ offsets, counters }: Marks): Uint8Array {
  const events = offsets.length - 1;
  // No gap of 32 bits needs more than 5.
  const most = 4 * events + 5 * counters.length;
  if (scratch.length < most) scratch = Buffer.alloc(2 * most);
  const bytes = scratch;
  let at = 4 * events;
  for (let event = 0; event < events; event++) {
    const begin = at;
    let next = 0;
    for (let mark = offsets[event] as number; mark < (offsets[event + 1] as number); mark++) {
      const counter = counters[mark] as number;
      let gap = counter - next;
      for (; gap > SEVEN_BITS; gap >>>= 7) bytes[at++] = (gap & SEVEN_BITS) | MORE;
      bytes[at++] = gap;
      next = counter + 1;
    }
    bytes.writeUInt32LE(at - begin, 4 * event);
  }
  return bytes.subarray(0, at);
}

/** @throws RangeError for what {@link encodeMarks} did not write. */
export function decodeMarks(bytes: Uint8Array, events: number): Marks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets = new Uint32Array(events + 1);
  // Each mark ends with a byte below 128.
  let marks = 0;
  for (let at = 4 * events; at < bytes.length; at++) if ((bytes[at] as number) < MORE) marks++;
  const counters = new Uint32Array(marks);
  let [at, mark] = [4 * events, 0];
  for (let event = 0; event < events; event++) {
    const end = at + view.getUint32(4 * event, true);
    if (end > bytes.length) throw new RangeError(WRONG_LENGTH);
    let next = 0;
    while (at < end) {
      let gap = bytes[at++] as number;
      if (gap >= MORE) {
        gap -= MORE;
        for (let scale = MORE; at < end; scale *= MORE) {
          const byte = bytes[at++] as number;
          gap += (byte & SEVEN_BITS) * scale;
          if (byte < MORE) break;
        }
      }
      counters[mark++] = next + gap;
      next += gap + 1;
    }
    offsets[event + 1] = mark;
  }
  if (at !== bytes.length || mark !== marks) throw new RangeError(WRONG_LENGTH);
  return { offsets, counters };
}

/** The marks of some events, in the order in which they are asked for. */
export function gatherMarks(rows: readonly { readonly marks: Marks; readonly row: number }[]): Marks {
  const offsets = new Uint32Array(rows.length + 1);
  rows.forEach(({ marks, row }, i) => {
    const length = (marks.offsets[row + 1] as number) - (marks.offsets[row] as number);
    offsets[i + 1] = (offsets[i] as number) + length;
  });
  const counters = new Uint32Array(offsets[rows.length] as number);
  rows.forEach(({ marks, row }, i) => {
    const own = marks.counters.subarray(marks.offsets[row], marks.offsets[row + 1]);
    counters.set(own, offsets[i] as number);
  });
  return { offsets, counters };
}
