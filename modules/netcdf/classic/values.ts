import { endianness } from "node:os";
import type { DataOf, DType } from "../../../core/index.ts";

const IS_BIG_ENDIAN = endianness() === "BE";

/** Turns big-endian elements into the machine's own, in place. */
export function swapInPlace(bytes: Uint8Array<ArrayBuffer>, elementBytes: number): void {
  if (IS_BIG_ENDIAN) return;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (elementBytes === 2) view.swap16();
  else if (elementBytes === 4) view.swap32();
  else if (elementBytes === 8) view.swap64();
}

/** Elements of the machine's byte order as an array of their dtype, which shares the memory. */
export function arrayOf(buffer: ArrayBuffer, dtype: DType): Exclude<DataOf<DType>, string[]> {
  switch (dtype) {
    case "float32":
      return new Float32Array(buffer);
    case "float64":
      return new Float64Array(buffer);
    case "int8":
      return new Int8Array(buffer);
    case "int16":
      return new Int16Array(buffer);
    case "uint16":
      return new Uint16Array(buffer);
    case "int32":
      return new Int32Array(buffer);
    case "uint32":
      return new Uint32Array(buffer);
    case "int64":
      return new BigInt64Array(buffer);
    case "uint64":
      return new BigUint64Array(buffer);
    default:
      return new Uint8Array(buffer);
  }
}
