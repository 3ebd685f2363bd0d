import { nameText } from "./name-text.ts";

/** What the header of a basket says, of which its key is the first part. */
export interface BasketHeader {
  /** Bytes of the basket in the file, header included. */
  readonly bytes: number;
  /** Bytes of the values after decompression, with what follows them. */
  readonly objectBytes: number;
  readonly keyBytes: number;
  readonly className: string;
  /** Of the branch. */
  readonly name: string;
  readonly entries: number;
  /** End of the values, counted from the beginning of the key. */
  readonly last: number;
}

/** Bytes of a header beside the names in it, with 64-bit positions. */
const FIXED_BYTES = 4 + 2 + 4 + 4 + 2 + 2 + 8 + 8 + 3 + 2 + 4 * 4 + 1;

/** More bytes than the header of a basket of such a branch has, if its names are not cut. */
export function maxHeaderBytes(branchName: string, treeTitle: string): number {
  return FIXED_BYTES + 5 * 2 + "TBasket".length + Buffer.byteLength(branchName) + Buffer.byteLength(treeTitle);
}

/** Reads the header of a basket. @throws `RangeError` where the bytes end too early. */
export function basketHeader(bytes: Uint8Array): BasketHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getInt16(4);
  // Positions have 8 bytes beyond 2 GB.
  let at = version > 1000 ? 34 : 26;
  const text = (): string => {
    let length = view.getUint8(at++);
    if (length === 255) {
      length = view.getUint32(at);
      at += 4;
    }
    if (at + length > bytes.length) throw new RangeError("a name in the header of a basket is too long");
    at += length;
    return nameText(bytes.subarray(at - length, at));
  };
  const className = text();
  const name = text();
  text(); // the tree
  // Version of TBasket, size of its buffer, and of its offsets (negative: flags follow).
  const hasFlags = view.getInt32(at + 6) < 0;
  at += 10 + (hasFlags ? 1 : 0);
  return {
    bytes: view.getInt32(0),
    objectBytes: view.getInt32(6),
    keyBytes: view.getInt16(14),
    className,
    name,
    entries: view.getInt32(at),
    last: view.getInt32(at + 4),
  };
}
