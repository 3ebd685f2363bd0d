import type { DType } from "../../../core/index.ts";
import { decodeText, decodeTexts } from "./decode-text.ts";
import { damaged } from "./failure.ts";
import { checkObject } from "./object-header.ts";
import { type OpenBasket, offsetsOf } from "./open-basket.ts";
import { unpackFloats } from "./packed-float.ts";
import type { ColumnLayout, DecodedBasket, TypedArray } from "./protocol.ts";

/** The values of a basket, and how many each entry has. */
export function decodeBasket(basket: OpenBasket, layout: ColumnLayout): DecodedBasket {
  switch (layout.kind) {
    case "flat":
      return { values: flatValues(basket, layout), counts: undefined, innerCounts: undefined };
    case "jagged":
      return jaggedValues(basket, layout);
    case "nested":
      return nestedValues(basket, layout);
    case "text":
      return { values: decodeText(basket, layout), counts: undefined, innerCounts: undefined };
    case "texts":
      return decodeTexts(basket);
  }
}

function flatValues({ values, entries }: OpenBasket, layout: ColumnLayout): TypedArray {
  const { itemBytes, perRow, record } = layout;
  const rowBytes = itemBytes * perRow;
  const entryBytes = record?.bytes ?? rowBytes;
  if (values.length !== entries * entryBytes) {
    throw damaged(`a basket of ${entries} entries of ${entryBytes} bytes has ${values.length}`);
  }
  if (record === undefined) return valuesOf(values, layout);
  const picked = new Uint8Array(entries * rowBytes);
  for (let i = 0; i < entries; i++) {
    const from = i * entryBytes + record.offset;
    for (let k = 0; k < rowBytes; k++) picked[i * rowBytes + k] = values[from + k] as number;
  }
  return valuesOf(picked, layout);
}

function jaggedValues(basket: OpenBasket, layout: ColumnLayout): DecodedBasket {
  const { itemBytes, perRow, headerBytes } = layout;
  const { values, entries } = basket;
  const offsets = offsetsOf(basket);
  const rowBytes = itemBytes * perRow;
  if (headerBytes === 0)
    return { values: valuesOf(values, layout), counts: countsOf(offsets, rowBytes), innerCounts: undefined };
  const counts = new Uint32Array(entries);
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const packed = new Uint8Array(values.length - headerLength(offsets, headerBytes));
  let to = 0;
  for (let i = 0; i < entries; i++) {
    const start = offsets[i] as number;
    const end = offsets[i + 1] as number;
    // An empty array behind a pointer has no flag either, in some files.
    const header = headerBytes === 1 && end === start ? 0 : headerBytes;
    const length = end - start - header;
    const count = length / rowBytes;
    if (length < 0 || !Number.isInteger(count)) throw damaged(`an entry has ${length} bytes for values of ${rowBytes}`);
    counts[i] = count;
    if (headerBytes === 10) checkVector(view, start, end, count);
    copyBytes(values, start + header, packed, to, length);
    to += length;
  }
  return { values: valuesOf(packed, layout), counts, innerCounts: undefined };
}

/** Of values that follow each other without headers. */
function countsOf(offsets: Int32Array, rowBytes: number): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(offsets.length - 1);
  let start = 0;
  for (let i = 0; i < counts.length; i++) {
    const end = offsets[i + 1] as number;
    const count = ((end - start) / rowBytes) | 0;
    if (count * rowBytes !== end - start) throw damaged(`an entry has ${end - start} bytes for values of ${rowBytes}`);
    counts[i] = count;
    start = end;
  }
  return counts;
}

/** Bytes of all headers. */
function headerLength(offsets: Int32Array, headerBytes: number): number {
  let length = 0;
  for (let i = 0; i + 1 < offsets.length; i++) {
    if (headerBytes !== 1 || (offsets[i + 1] as number) > (offsets[i] as number)) length += headerBytes;
  }
  return length;
}

function copyBytes(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  if (length > 48) to.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i] as number;
}

/** A vector begins with its bytes after that (4 bytes, flagged), the version of its class (2), its elements (4). */
function checkVector(view: DataView, start: number, end: number, count: number): void {
  if (end - start < 10) throw damaged("a vector is too short for its header");
  checkObject(view, start, end);
  if (view.getUint32(start + 6) !== count)
    throw damaged(`a vector of ${view.getUint32(start + 6)} has bytes for ${count}`);
}

function nestedValues(basket: OpenBasket, { itemBytes, dtype }: ColumnLayout): DecodedBasket {
  const { values, entries } = basket;
  const offsets = offsetsOf(basket);
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const counts = new Uint32Array(entries);
  const inner: number[] = [];
  const packed = new Uint8Array(values.length);
  let to = 0;
  for (let i = 0; i < entries; i++) {
    let at = offsets[i] as number;
    const end = offsets[i + 1] as number;
    if (end - at < 10) throw damaged("a vector is too short for its header");
    checkObject(view, at, end);
    const count = view.getUint32(at + 6);
    at += 10;
    for (let k = 0; k < count; k++) {
      if (at + 4 > end) throw damaged("a vector has fewer vectors than it says");
      const length = view.getUint32(at);
      at += 4;
      if (length * itemBytes > end - at) throw damaged("a vector has fewer values than it says");
      copyBytes(values, at, packed, to, length * itemBytes);
      inner.push(length);
      to += length * itemBytes;
      at += length * itemBytes;
    }
    if (at !== end) throw damaged("a vector has more values than it says");
    counts[i] = count;
  }
  return { values: typedValues(packed.subarray(0, to), dtype), counts, innerCounts: Uint32Array.from(inner) };
}

function valuesOf(bytes: Uint8Array<ArrayBuffer>, { dtype, packed }: ColumnLayout): TypedArray {
  if (packed === undefined) return typedValues(bytes, dtype);
  return unpackFloats(bytes, packed, dtype === "float32" ? "float32" : "float64");
}

/** Big-endian values as an array in this machine's order; the bytes are changed in place where they can be. */
function typedValues(bytes: Uint8Array<ArrayBuffer>, dtype: DType): TypedArray {
  const size = BYTES[dtype] ?? 1;
  const aligned =
    bytes.byteOffset % size === 0 && bytes.length * 2 > bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
  const words = Buffer.from(aligned.buffer, aligned.byteOffset, aligned.byteLength);
  if (size === 2) words.swap16();
  else if (size === 4) words.swap32();
  else if (size === 8) words.swap64();
  const { buffer, byteOffset } = aligned;
  const length = aligned.byteLength / size;
  switch (dtype) {
    case "int8":
      return new Int8Array(buffer, byteOffset, length);
    case "bool":
      // Anything but zero is true.
      for (let i = 0; i < aligned.length; i++) if ((aligned[i] as number) > 1) aligned[i] = 1;
      return new Uint8Array(buffer, byteOffset, length);
    case "uint8":
      return new Uint8Array(buffer, byteOffset, length);
    case "int16":
      return new Int16Array(buffer, byteOffset, length);
    case "uint16":
      return new Uint16Array(buffer, byteOffset, length);
    case "int32":
      return new Int32Array(buffer, byteOffset, length);
    case "uint32":
      return new Uint32Array(buffer, byteOffset, length);
    case "int64":
      return new BigInt64Array(buffer, byteOffset, length);
    case "uint64":
      return new BigUint64Array(buffer, byteOffset, length);
    case "float32":
      return new Float32Array(buffer, byteOffset, length);
    default:
      return new Float64Array(buffer, byteOffset, length);
  }
}

const BYTES: Readonly<Partial<Record<DType, number>>> = {
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
};
