import { promisify } from "node:util";
import { deflate, inflate } from "node:zlib";

const compress = promisify(deflate);
const expand = promisify(inflate);

/** Applies shuffle and gzip. @param level - 0 leaves the bytes as they are. */
export async function applyFilters(bytes: Buffer, elementBytes: number, level: number): Promise<Buffer> {
  return level === 0 ? bytes : await compress(shuffle(bytes, elementBytes), { level });
}

/** Undoes {@link applyFilters}. */
export async function undoFilters(bytes: Buffer, elementBytes: number, level: number): Promise<Buffer> {
  return level === 0 ? bytes : unshuffle(await expand(bytes), elementBytes);
}

/** Puts the first bytes of all elements first, then the second ones, and so on. */
function shuffle(bytes: Buffer, size: number): Buffer {
  if (size <= 1) return bytes;
  const count = bytes.length / size;
  const shuffled = Buffer.allocUnsafe(bytes.length);
  for (let byte = 0, to = 0; byte < size; byte++) {
    for (let i = 0, from = byte; i < count; i++, from += size) shuffled[to++] = bytes[from] as number;
  }
  return shuffled;
}

function unshuffle(bytes: Buffer, size: number): Buffer {
  if (size <= 1) return bytes;
  const count = bytes.length / size;
  const plain = Buffer.allocUnsafe(bytes.length);
  for (let byte = 0, from = 0; byte < size; byte++) {
    for (let i = 0, to = byte; i < count; i++, to += size) plain[to] = bytes[from++] as number;
  }
  return plain;
}
