import { WireError } from "../errors.ts";
import type { ElementsHeader } from "./raw-contents.ts";

/** Bytes that say how long a string is, before each. */
const PREFIX = 4;

// A byte order mark is part of the text here.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The strings of a BYTES tensor: each its length in bytes (unsigned, 32 bits) and its UTF-8. */
export function decodeStrings(bytes: Uint8Array, header: Pick<ElementsHeader, "what" | "shape" | "size">): string[] {
  const { what, shape, size } = header;
  const wrong = (problem: string): WireError =>
    new WireError(
      `${what} (BYTES, shape [${shape}]) ${problem}; each element is its length in 4 bytes, little-endian, and its text in UTF-8.`,
    );
  // Before anything is allocated for elements that cannot be there.
  if (size * PREFIX > bytes.byteLength) {
    throw wrong(`has ${bytes.byteLength} bytes, too few for ${size} elements`);
  }
  const lengths = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: string[] = [];
  let at = 0;
  for (let index = 0; index < size; index++) {
    if (at + PREFIX > bytes.byteLength) throw wrong(`ends before element ${index}`);
    const start = at + PREFIX;
    at = start + lengths.getUint32(at, true);
    if (at > bytes.byteLength) throw wrong(`ends inside element ${index}`);
    strings.push(decodeString(bytes.subarray(start, at), { what, index }));
  }
  if (at < bytes.byteLength) throw wrong(`has ${bytes.byteLength - at} bytes after its last element`);
  return strings;
}

/** One element's text. */
export function decodeString(
  bytes: Uint8Array,
  { what, index }: { readonly what: string; readonly index: number },
): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new WireError(`${what} (BYTES): element ${index} is no UTF-8; only texts are taken.`, { cause });
  }
}

/** The bytes of a BYTES tensor. */
export function encodeStrings(strings: readonly string[], what: string): Buffer {
  const lone = strings.findIndex((text) => !text.isWellFormed());
  if (lone >= 0) {
    throw new WireError(`${what}: element ${lone} has a lone surrogate, which UTF-8 cannot carry. Correct the text.`);
  }
  const lengths = strings.map((text) => Buffer.byteLength(text));
  const bytes = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + PREFIX + length, 0));
  let at = 0;
  strings.forEach((text, index) => {
    at = bytes.writeUInt32LE(lengths[index] as number, at);
    at += bytes.write(text, at);
  });
  return bytes;
}
