import { type DType, encodeHalves, type NdArray } from "../../../core/index.ts";
import type { GlobalHeap } from "./global-heap.ts";

/** Values as they are stored: little-endian, strings by their places in the heap. Numbers may share memory. */
export function encodeValues(values: NdArray["data"], dtype: DType, heap: GlobalHeap): Buffer {
  if (Array.isArray(values)) {
    return Buffer.concat(
      values.map((text) => {
        const bytes = Buffer.from(text, "utf8");
        return heap.add(bytes, bytes.length);
      }),
    );
  }
  const stored = dtype === "float16" ? encodeHalves(values as Float32Array) : values;
  return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
}
