import { CodecProblem } from "./codec-plan.ts";
import { parseJson } from "./json.ts";

/** Refuses what is no UTF-8; a leading U+FEFF is part of a text. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Texts by numcodecs' `vlen-utf8`: their number, then each with its length before it, uint32 little-endian. */
export function decodeTexts(bytes: Uint8Array, count: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint32(0, true) !== count) {
    throw new CodecProblem(`it does not hold ${count} texts`);
  }
  const texts = new Array<string>(count);
  let at = 4;
  for (let i = 0; i < count; i++) {
    const start = at + 4;
    const end = start <= bytes.length ? start + view.getUint32(at, true) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new CodecProblem(`its text ${i} ends behind the chunk`);
    texts[i] = UTF8.decode(bytes.subarray(start, end));
    at = end;
  }
  if (at !== bytes.length) throw new CodecProblem("bytes follow its last text");
  return texts;
}

/** As {@link decodeTexts} reads them. */
export function encodeTexts(texts: readonly string[]): Uint8Array {
  const size = texts.reduce((total, text) => total + 4 + Buffer.byteLength(text), 4);
  const bytes = Buffer.alloc(size);
  let at = bytes.writeUInt32LE(texts.length);
  for (const text of texts) {
    const written = bytes.write(text, at + 4);
    bytes.writeUInt32LE(written, at);
    at += 4 + written;
  }
  return bytes;
}

/** Texts by numcodecs' `json2`: a list of them, then the dtype and the shape. */
export function decodeJsonTexts(bytes: Uint8Array, count: number): string[] {
  const list = parseJson(UTF8.decode(bytes));
  const texts = Array.isArray(list) ? list.slice(0, -2) : [];
  if (texts.length !== count || !texts.every((text) => typeof text === "string")) {
    throw new CodecProblem(`it does not hold ${count} texts`);
  }
  return texts;
}

/** Texts of fixed length: UTF-32 (numpy's `U`) or UTF-8 bytes (numpy's `S`), padded by NUL. */
export function decodeFixedTexts(
  bytes: Uint8Array,
  count: number,
  { form, size, bigEndian }: { readonly form: "utf32" | "bytes"; readonly size: number; readonly bigEndian: boolean },
): string[] {
  return Array.from({ length: count }, (_, i) => {
    const text = bytes.subarray(i * size, (i + 1) * size);
    return form === "bytes" ? UTF8.decode(trimmed(text)) : utf32(text, bigEndian);
  });
}

function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

function utf32(bytes: Uint8Array, bigEndian: boolean): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) text += String.fromCodePoint(view.getUint32(at, !bigEndian));
  return text.replace(/\0+$/, "");
}
