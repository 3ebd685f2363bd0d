import { type BufferPool, type DataOf, type DType, decodeHalves, encodeHalves, NdArray } from "../../core/index.ts";
import type { WireData, WireTensor } from "./worker/protocol.ts";

/** Copies an array for the other thread, into memory of the pool where it can; the caller may then change its own. */
export function toWire(array: NdArray, pool: BufferPool): WireTensor {
  const { dtype, shape } = array;
  return { dtype, shape: [...shape], data: copied(array, pool) };
}

function copied(array: NdArray, pool: BufferPool): WireData {
  const values = array.values();
  if (array.is("float16")) return encodeHalves(values as Float32Array) as Uint16Array<ArrayBuffer>;
  if (Array.isArray(values)) return [...values];
  // Anything but 0 is true, and a runtime may take it for more.
  if (array.is("bool")) return (values as Uint8Array).map((value) => (value === 0 ? 0 : 1)) as Uint8Array<ArrayBuffer>;
  // Memory of its own, also where the values are part of a larger buffer or of a shared one.
  const Numbers = values.constructor as Float32ArrayConstructor;
  const copy = new Numbers(pool.take(values.byteLength), 0, values.length);
  copy.set(values as Float32Array);
  return copy;
}

/** The memory that moves to the other thread with these tensors. */
export function buffersOf(tensors: Readonly<Record<string, WireTensor>>): ArrayBuffer[] {
  return Object.values(tensors).flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer]));
}

/** An array of what came back; copies nothing but float16. */
export function fromWire({ dtype, shape, data }: WireTensor): NdArray {
  const values = dtype === "float16" ? decodeHalves(data as Uint16Array) : data;
  return new NdArray<DType>(values as DataOf<DType>, { dtype, shape });
}
