import { createHash } from "node:crypto";
import type { NdArray } from "../../core/index.ts";

/**
 * Names the values of an array, as peer.py does: little-endian bytes, every NaN the same; texts up to the first NUL,
 * without spaces at their end, by which formats fill them up.
 */
export function digest(array: NdArray): string {
  const hash = createHash("sha1");
  const values = array.values();
  if (Array.isArray(values)) {
    for (const text of values) hash.update(`${trimmed(text)}\0`);
  } else {
    if (values instanceof Float32Array || values instanceof Float64Array) {
      for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = Number.NaN;
    }
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest("hex").slice(0, 12);
}

function trimmed(text: string): string {
  return (text.split("\0")[0] ?? "").replace(/ +$/, "");
}
