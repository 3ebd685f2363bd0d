import { damaged } from "./failure.ts";

/**
 * Decompresses one LZ4 block (LZ4 block format, Yann Collet) into `target`, which it must fill exactly.
 *
 * @throws When the block is damaged; nothing is ever read or written outside the two arrays.
 */
export function unzipLz4(source: Uint8Array, target: Uint8Array): void {
  let at = 0;
  let to = 0;
  const end = source.length;
  const size = target.length;
  while (at < end) {
    const token = source[at++] as number;
    let literals = token >>> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) {
        if (at >= end) throw damaged("an LZ4 block ends in a length");
        more = source[at++] as number;
        literals += more;
      }
    }
    if (at + literals > end || to + literals > size) throw damaged("an LZ4 block has more values than it says");
    if (literals <= 16) for (let i = 0; i < literals; i++) target[to + i] = source[at + i] as number;
    else target.set(source.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    if (at === end) break; // the last sequence has literals only
    if (at + 2 > end) throw damaged("an LZ4 block ends in an offset");
    const offset = (source[at] as number) | ((source[at + 1] as number) << 8);
    at += 2;
    let length = (token & 15) + 4;
    if (length === 19) {
      let more = 255;
      while (more === 255) {
        if (at >= end) throw damaged("an LZ4 block ends in a length");
        more = source[at++] as number;
        length += more;
      }
    }
    if (offset === 0 || offset > to || to + length > size) throw damaged("an LZ4 block refers to what is not there");
    const from = to - offset;
    if (offset >= length && length > 32) target.copyWithin(to, from, from + length);
    else for (let i = 0; i < length; i++) target[to + i] = target[from + i] as number;
    to += length;
  }
  if (to !== size) throw damaged(`an LZ4 block has ${to} bytes, and says ${size}`);
}
