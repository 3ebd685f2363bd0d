import type { DataOf } from "../data/dtype.ts";
import { toLittleEndian } from "../data/little-endian.ts";
import { findNonZero } from "../data/non-zero.ts";
import type { SparseAllowance } from "./check-tensor.ts";
import type { EventDType, EventTensor } from "./event.ts";
import { gather } from "./sparse-elements.ts";
import { tensorTypeOf } from "./tensor-types.ts";
import { LENGTH, VARINT } from "./wire-reader.ts";
import { bytesFieldBytes, textFieldBytes, varintBytes, type WireWriter } from "./wire-writer.ts";

/** Places that are kept for the next tensor. */
const KEPT = 0x10000;

/** Places of what is not zero in a tensor; used again. */
let scratch: Uint32Array = new Uint32Array(1024);

/** An array, and how it is written shortest. */
interface Written {
  readonly elements: DataOf<EventDType>;
  /** Of what is not zero, where it is written sparse. */
  readonly places?: Uint32Array;
  /** Of the places, as varints. */
  readonly placesBytes: number;
}

/** Writes a tensor of an event. */
export function encodeTensor(
  writer: WireWriter,
  tensor: { readonly name: string; readonly array: EventTensor; readonly allowance: SparseAllowance },
): void {
  const { name, array, allowance } = tensor;
  const type = tensorTypeOf(array.dtype);
  // The event was checked.
  if (!type) return;
  const written = chooseForm(array.values(), type.bytes, allowance);
  const valuesBytes = type.bytes * (written.places ?? written.elements).length;
  const sparseBytes = fieldBytes(written.placesBytes) + fieldBytes(valuesBytes);
  const shapeBytes = array.shape.reduce((sum, length) => sum + varintBytes(length), 0);
  const elementsBytes = bytesFieldBytes(written.places ? sparseBytes : valuesBytes);
  writer.tag(7, LENGTH);
  writer.number(textFieldBytes(name) + 2 + fieldBytes(shapeBytes) + elementsBytes);
  writer.textField(1, name);
  writer.tag(2, VARINT);
  writer.number(type.number);
  if (shapeBytes > 0) {
    writer.tag(3, LENGTH);
    writer.number(shapeBytes);
    for (const length of array.shape) writer.number(length);
  }
  if (!written.places) {
    writer.tag(4, LENGTH);
    writer.number(valuesBytes);
    writer.bytes(toLittleEndian(written.elements));
    return;
  }
  writer.tag(5, LENGTH);
  writer.number(sparseBytes);
  if (valuesBytes === 0) return;
  writer.tag(1, LENGTH);
  writer.number(written.placesBytes);
  writer.numbers(written.places, written.placesBytes);
  writer.tag(2, LENGTH);
  writer.number(valuesBytes);
  const { view, at } = writer.reserve(valuesBytes);
  gather({ places: written.places, data: written.elements, view, at });
}

/** Dense, or what is not zero, whichever is shorter; dense when they are as long, or when there is no more room for sparse ones. */
export function chooseForm(elements: DataOf<EventDType>, bytes: number, allowance: SparseAllowance): Written {
  const dense = { elements, placesBytes: 0 };
  if (!allowance.hasRoomFor(elements.length)) return dense;
  if (scratch.length <= elements.length) scratch = new Uint32Array(2 * elements.length);
  const places = scratch.subarray(0, findNonZero(elements, scratch));
  if (scratch.length > KEPT) scratch = new Uint32Array(KEPT);
  const placesBytes = bytesOfAscending(places);
  const sparseBytes = fieldBytes(placesBytes) + fieldBytes(bytes * places.length);
  if (sparseBytes >= bytes * elements.length) return dense;
  allowance.take(elements.length);
  return { elements, places, placesBytes };
}

/** Bytes of a field of that many bytes, which is left out where it is empty. */
function fieldBytes(bytes: number): number {
  return bytes === 0 ? 0 : bytesFieldBytes(bytes);
}

/** Bytes of ascending numbers as varints. */
function bytesOfAscending(places: Uint32Array): number {
  let bytes = 0;
  let from = 0;
  // All numbers below 2^7 have one byte, those below 2^14 two, …
  for (let length = 1; from < places.length; length++) {
    const to = firstNotBelow(places, 128 ** length, from);
    bytes += (to - from) * length;
    from = to;
  }
  return bytes;
}

/** The first place at or after `from` whose number is not below `limit`. */
function firstNotBelow(places: Uint32Array, limit: number, from: number): number {
  let low = from;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as number) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
