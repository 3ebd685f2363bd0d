import { CodecProblem } from "./codec-plan.ts";

/**
 * Undoes LZ4 into `size` bytes. zarrita's does not look whether it failed, and then gives what was in its memory.
 *
 * @see Source: LZ4 Block Format Description, version 1.5.1.
 */
export function decodeLz4(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  let to = 0;
  const longer = (length: number): number => {
    let total = length;
    if (length !== 15) return total;
    for (let byte = 255; byte === 255; total += byte) byte = byteAt(bytes, at++);
    return total;
  };
  while (at < bytes.length) {
    const token = bytes[at++] as number;
    const literals = longer(token >>> 4);
    if (at + literals > bytes.length || to + literals > size) throw damaged("lz4");
    for (let i = 0; i < literals; i++) out[to++] = bytes[at++] as number;
    if (at === bytes.length) break;
    const distance = byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8);
    at += 2;
    to = copyBack(out, to, { distance, length: longer(token & 15) + 4, codec: "lz4" });
  }
  if (to !== size) throw damaged("lz4");
  return out;
}

/** Farthest that a short reference of blosclz reaches. */
const NEAR = 8191;

/** Undoes blosclz into `size` bytes. @see Source: c-blosc 1.21, blosc/blosclz.c, whose format is that of FastLZ. */
export function decodeBlosclz(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  let to = 0;
  let control = byteAt(bytes, at++) & 31;
  for (;;) {
    if (control >= 32) {
      let length = (control >>> 5) - 1;
      const high = (control & 31) << 8;
      if (length === 6) {
        for (let byte = 255; byte === 255; length += byte) byte = byteAt(bytes, at++);
      }
      const low = byteAt(bytes, at++);
      let distance = high + low + 1;
      if (low === 255 && high === 31 << 8) {
        distance = (byteAt(bytes, at) << 8) + byteAt(bytes, at + 1) + NEAR + 1;
        at += 2;
      }
      to = copyBack(out, to, { distance, length: length + 3, codec: "blosclz" });
    } else {
      const literals = control + 1;
      if (at + literals > bytes.length || to + literals > size) throw damaged("blosclz");
      for (let i = 0; i < literals; i++) out[to++] = bytes[at++] as number;
    }
    if (at >= bytes.length) break;
    control = bytes[at++] as number;
  }
  if (to !== size) throw damaged("blosclz");
  return out;
}

/** Repeats what was written `distance` bytes before; the two may overlap. Gives the new end. */
function copyBack(
  out: Uint8Array,
  to: number,
  { distance, length, codec }: { readonly distance: number; readonly length: number; readonly codec: string },
): number {
  if (distance === 0 || distance > to || to + length > out.length) throw damaged(codec);
  for (let i = to; i < to + length; i++) out[i] = out[i - distance] as number;
  return to + length;
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw damaged("lz");
  return byte;
}

function damaged(codec: string): CodecProblem {
  return new CodecProblem(`the codec "${codec}" cannot undo it`);
}
