import { type DataOf, type DType, decodeHalves, type HdfNumberType } from "../../core/index.ts";
import type { LeafType, TypeColumn } from "./columns.ts";
import { decodeText } from "./text.ts";
import type { RawValues } from "./worker/protocol.ts";

/** The dtype in which a leaf is shown; of a sequence, its elements. */
export function dtypeOf(leaf: LeafType): DType {
  switch (leaf.class) {
    case "integer":
    case "bitfield":
    case "float":
      return numberDType(leaf);
    case "enum":
      return isBoolean(leaf) ? "bool" : numberDType(leaf.base);
    case "string":
    case "reference":
      return "string";
    case "sequence":
      return dtypeOf(leaf.base as LeafType);
    default:
      return "uint8";
  }
}

/** Whether an enum is h5py's boolean. */
function isBoolean(leaf: LeafType & { readonly class: "enum" }): boolean {
  const { FALSE, TRUE, ...others } = leaf.members as Record<string, number> & { FALSE?: number; TRUE?: number };
  return leaf.size === 1 && FALSE === 0 && TRUE === 1 && Object.keys(others).length === 0;
}

function numberDType({ class: kind, size, signed }: HdfNumberType): DType {
  if (kind === "float") return `float${(size * 8) as 16 | 32 | 64}`;
  // Odd sizes are widened to the next one.
  const bits = size <= 2 ? ((size * 8) as 8 | 16) : size <= 4 ? 32 : 64;
  return `${signed ? "int" : "uint"}${bits}`;
}

/** Values of a column as they come from the worker, decoded. For sequences: their elements. */
export function decodeColumn({ leaf, bigEndian }: TypeColumn, raw: RawValues): DataOf<DType> {
  if (raw.kind === "strings") return raw.strings;
  return decodeBytes(leaf.class === "sequence" ? (leaf.base as LeafType) : leaf, bigEndian, raw.bytes);
}

function decodeBytes(leaf: LeafType, bigEndian: boolean, bytes: Uint8Array<ArrayBuffer>): DataOf<DType> {
  switch (leaf.class) {
    case "integer":
    case "bitfield":
    case "float":
      return decodeNumbers(leaf, bigEndian, bytes);
    case "enum":
      return isBoolean(leaf) ? bytes.map((byte) => (byte === 0 ? 0 : 1)) : decodeNumbers(leaf.base, bigEndian, bytes);
    case "string":
      return fixedStrings(leaf, bytes);
    default:
      return bytes;
  }
}

/** Numbers from bytes, which are swapped in place. */
function decodeNumbers(
  type: HdfNumberType,
  bigEndian: boolean,
  bytes: Uint8Array<ArrayBuffer>,
): Exclude<DataOf<DType>, string[]> {
  const { size } = type;
  const dtype = numberDType(type);
  const plain = bigEndian && size > 1 ? swapped(bytes, size) : bytes;
  const wide = [1, 2, 4, 8].includes(size) ? plain : widened(type, plain);
  const { buffer, byteOffset, byteLength } = wide;
  switch (dtype) {
    case "float16":
      return decodeHalves(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case "float32":
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case "float64":
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    case "int8":
      return new Int8Array(buffer, byteOffset, byteLength);
    case "int16":
      return new Int16Array(buffer, byteOffset, byteLength / 2);
    case "uint16":
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case "int32":
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case "uint32":
      return new Uint32Array(buffer, byteOffset, byteLength / 4);
    case "int64":
      return new BigInt64Array(buffer, byteOffset, byteLength / 8);
    case "uint64":
      return new BigUint64Array(buffer, byteOffset, byteLength / 8);
    default:
      return wide;
  }
}

function swapped(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) view.swap16();
  else if (size === 4) view.swap32();
  else if (size === 8) view.swap64();
  else for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse();
  return bytes;
}

/** Little-endian integers of 3, 5, 6 or 7 bytes, in 4 or 8. */
function widened({ size, signed }: HdfNumberType, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const wideSize = size < 4 ? 4 : 8;
  const count = bytes.length / size;
  const wide = new Uint8Array(count * wideSize);
  for (let i = 0; i < count; i++) {
    const last = bytes[i * size + size - 1] as number;
    wide.fill(signed && last >= 0x80 ? 0xff : 0, i * wideSize, (i + 1) * wideSize);
    wide.set(bytes.subarray(i * size, (i + 1) * size), i * wideSize);
  }
  return wide;
}

const NUL = 0;
const SPACE = 0x20;

function fixedStrings({ size, padding }: LeafType & { readonly class: "string" }, bytes: Uint8Array): string[] {
  const strings: string[] = [];
  for (let start = 0; start + size <= bytes.length; start += size) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, size);
    strings.push(decodeText(text.subarray(0, textLength(text, padding))));
  }
  return strings;
}

function textLength(text: Uint8Array, padding: (LeafType & { readonly class: "string" })["padding"]): number {
  if (padding === "null-terminated") {
    const end = text.indexOf(NUL);
    return end < 0 ? text.length : end;
  }
  let length = text.length;
  const isPadding = (byte: number | undefined): boolean => byte === NUL || (padding === "space" && byte === SPACE);
  while (length > 0 && isPadding(text[length - 1])) length--;
  return length;
}
