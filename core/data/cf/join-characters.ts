import { Buffer, isUtf8 } from "node:buffer";
import type { AttributeValue } from "../dataset.ts";
import type { DataOf, DType } from "../dtype.ts";

/** Turns bytes into text. */
export type TextOf = (bytes: Buffer) => string;

/** UTF-8 where the bytes are that, else Latin-1: the attribute `_Encoding` is younger than most files. */
export const guessedText: TextOf = (bytes) => bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");

/** The decoder that an attribute `_Encoding` names; `undefined` where it names none that there is. */
export function textDecoder(encoding: AttributeValue | undefined): TextOf | undefined {
  if (encoding === undefined) return guessedText;
  const label = String(encoding).trim().toLowerCase();
  // Not by TextDecoder, for which Latin-1 is windows-1252.
  if (/^(iso[-_]?8859[-_]?1|latin[-_]?1)$/.test(label)) return (bytes) => bytes.toString("latin1");
  try {
    const decoder = new TextDecoder(label);
    return (bytes) => decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Joins characters, `length` at a time, into texts without the NULs, then spaces, that pad them.
 *
 * @param characters - Byte codes, or texts of one character each.
 */
export function joinCharacters(characters: DataOf<DType>, length: number, textOf: TextOf): string[] {
  if (length === 0) return [];
  const texts: string[] = [];
  if (Array.isArray(characters)) {
    for (let start = 0; start < characters.length; start += length) {
      // A NUL that was read as no character would let those after it move up.
      const text = characters.slice(start, start + length).map((character) => character || "\0");
      texts.push(unpadded(text.join("")));
    }
    return texts;
  }
  const bytes = Buffer.from(characters.buffer, characters.byteOffset, characters.byteLength);
  for (let start = 0; start < bytes.length; start += length) {
    let end = Math.min(start + length, bytes.length);
    while (end > start && bytes[end - 1] === 0) end--;
    texts.push(unpadded(textOf(bytes.subarray(start, end))));
  }
  return texts;
}

function unpadded(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "\0") end--;
  while (end > 0 && text[end - 1] === " ") end--;
  return text.slice(0, end);
}
