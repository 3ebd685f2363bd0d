import { basketHeader } from "../basket-header.ts";
import { damaged } from "./failure.ts";
import type { BasketBytes } from "./protocol.ts";
import { type UnzipOther, unzip } from "./unzip.ts";

/** The values of a basket, decompressed, and where each entry begins. */
export interface OpenBasket {
  /** The values alone. */
  readonly values: Uint8Array<ArrayBuffer>;
  /** First byte of each entry in `values`, and their end; undefined where the basket does not tell. */
  readonly offsets: Int32Array | undefined;
  readonly entries: number;
}

/** A basket decompresses to no more than this; ROOT's own limit is 1 GB. */
const MAX_BASKET_BYTES = 2 ** 30;

/** @throws When the basket is damaged, or not the one that was looked for. */
export async function openBasket(bytes: Uint8Array, wanted: BasketBytes, unzipOther: UnzipOther): Promise<OpenBasket> {
  const { embedded, entries, name } = wanted;
  if (embedded) {
    const { keyBytes, last, offsets } = embedded;
    const values = new Uint8Array(bytes.subarray(0, last - keyBytes));
    if (values.length !== last - keyBytes) throw damaged("a basket in the tree is cut short");
    return { values, offsets: offsets && entryOffsets(offsets, entries, keyBytes, values.length), entries };
  }
  const header = basketHeader(bytes);
  const { keyBytes, objectBytes, last } = header;
  if (header.className !== "TBasket" || header.bytes !== bytes.length || header.name !== name) {
    throw damaged(`there is no basket of it where one should be (${header.className || "nothing"} "${header.name}")`);
  }
  if (header.entries !== entries) throw damaged(`a basket has ${header.entries} entries, and should have ${entries}`);
  const border = last - keyBytes;
  if (keyBytes < 0 || keyBytes > bytes.length || border < 0 || border > objectBytes || objectBytes > MAX_BASKET_BYTES) {
    throw damaged("the header of a basket contradicts itself");
  }
  const packed = bytes.subarray(keyBytes);
  const whole = objectBytes === packed.length ? new Uint8Array(packed) : await unzip(packed, objectBytes, unzipOther);
  return { values: whole.subarray(0, border), offsets: storedOffsets(whole, border, entries, keyBytes), entries };
}

/** After the values: the number of the offsets, and the offsets, counted from the beginning of the key. */
function storedOffsets(
  whole: Uint8Array<ArrayBuffer>,
  border: number,
  entries: number,
  keyBytes: number,
): Int32Array | undefined {
  const rest = whole.length - border;
  if (rest < 4 + 4 * entries) return undefined;
  const count = new DataView(whole.buffer, whole.byteOffset + border, 4).getInt32(0);
  if (count < entries || 4 + 4 * count > rest) return undefined;
  // A copy, in this machine's order.
  const stored = whole.slice(border + 4, border + 4 + 4 * entries);
  Buffer.from(stored.buffer).swap32();
  return entryOffsets(new Int32Array(stored.buffer), entries, keyBytes, border);
}

function entryOffsets(stored: Int32Array, entries: number, keyBytes: number, end: number): Int32Array {
  if (stored.length < entries) throw damaged(`a basket of ${entries} entries tells where ${stored.length} begin`);
  const offsets = new Int32Array(entries + 1);
  let before = 0;
  for (let i = 0; i < entries; i++) {
    const offset = (stored[i] as number) - keyBytes;
    if (offset < before || offset > end) throw damaged("the entries of a basket are out of order");
    offsets[i] = offset;
    before = offset;
  }
  if (entries > 0 && offsets[0] !== 0) throw damaged("a basket does not begin with its first entry");
  offsets[entries] = end;
  return offsets;
}

/** Where the entries begin; one entry needs no telling. */
export function offsetsOf({ offsets, entries, values }: OpenBasket): Int32Array {
  if (offsets) return offsets;
  if (entries === 0) return Int32Array.of(0);
  if (entries === 1) return Int32Array.of(0, values.length);
  throw damaged("a basket does not tell where its entries begin; such are not read");
}
