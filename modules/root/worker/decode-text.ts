import { damaged } from "./failure.ts";
import { checkObject } from "./object-header.ts";
import { type OpenBasket, offsetsOf } from "./open-basket.ts";
import type { ColumnLayout, DecodedBasket } from "./protocol.ts";

/** One string per entry. */
export function decodeText(basket: OpenBasket, { headerBytes }: ColumnLayout): string[] {
  const { values, offsets, entries } = basket;
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const texts: string[] = [];
  let at = 0;
  for (let i = 0; i < entries; i++) {
    const end = offsets?.[i + 1];
    if (headerBytes === 6) {
      // Strings of fewer than 255 bytes tell their end themselves; the object's length is checked below all the same.
      if (at + 6 > values.length) throw damaged("a string is cut short");
      checkObject(view, at, end ?? at + 4 + (view.getUint32(at) & 0x3fffffff));
      at += 6;
    }
    // An empty C string may have no bytes at all.
    if (end === at && headerBytes === 0) {
      texts.push("");
      continue;
    }
    const text = textAt(values, view, at);
    at = text.end;
    texts.push(text.value);
    if (end !== undefined && end !== at) throw damaged("a string has another length than it says");
  }
  if (at !== values.length) throw damaged("strings end before their basket");
  return texts;
}

/** A vector of strings per entry. */
export function decodeTexts(basket: OpenBasket): DecodedBasket {
  const { values, entries } = basket;
  const offsets = offsetsOf(basket);
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const counts = new Uint32Array(entries);
  const texts: string[] = [];
  for (let i = 0; i < entries; i++) {
    let at = offsets[i] as number;
    const end = offsets[i + 1] as number;
    if (end - at < 10) throw damaged("a vector is too short for its header");
    checkObject(view, at, end);
    const count = view.getUint32(at + 6);
    if (count > end - at) throw damaged("a vector has fewer strings than it says");
    at += 10;
    for (let k = 0; k < count; k++) {
      const text = textAt(values, view, at);
      texts.push(text.value);
      at = text.end;
    }
    if (at !== end) throw damaged("a vector of strings has another length than it says");
    counts[i] = count;
  }
  return { values: texts, counts, innerCounts: undefined };
}

/** A length of one byte, or 255 and a length of four; then the characters. */
function textAt(values: Uint8Array, view: DataView, start: number): { readonly value: string; readonly end: number } {
  if (start >= values.length) throw damaged("a string is cut short");
  let at = start + 1;
  let length = values[start] as number;
  if (length === 255) {
    if (at + 4 > values.length) throw damaged("a string is cut short");
    length = view.getUint32(at);
    at += 4;
  }
  if (at + length > values.length) throw damaged("a string is cut short");
  const end = at + length;
  return { value: Buffer.from(values.buffer, values.byteOffset + at, length).toString("utf8"), end };
}
