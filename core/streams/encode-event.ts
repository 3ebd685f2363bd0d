import { checkEvent } from "./check-event.ts";
import { SparseAllowance } from "./check-tensor.ts";
import { encodeTensor } from "./encode-tensor.ts";
import type { StreamEvent } from "./event.ts";
import { sortedNames } from "./sorted-names.ts";
import { FIXED64, LENGTH, VARINT } from "./wire-reader.ts";
import { textFieldBytes, WireWriter } from "./wire-writer.ts";

/** One for all: an event is written in one go. */
const writer = new WireWriter();

/**
 * Writes an event in its binary form, `twinloom.stream.v1.Event`: equal events as equal bytes. A tensor is written sparse
 * where that is shorter. Names of axes, units and fill values are not written.
 *
 * @returns One message, in memory of its own.
 * @throws `TWIN_EVENT_INVALID` with the field, when the event cannot be written: an empty source, a number outside of its
 *   range, an infinite condition, a tensor of texts, halves or booleans, more than the limits allow.
 */
export function encodeEvent(event: StreamEvent): Uint8Array {
  checkEvent(event);
  writer.begin();
  // As protocol buffers have it, what is 0 or empty is left out.
  if (event.sequence !== 0n) {
    writer.tag(1, VARINT);
    writer.uint64(event.sequence);
  }
  writer.textField(2, event.source);
  if (event.id !== 0n) {
    writer.tag(3, FIXED64);
    writer.fixed64(event.id);
  }
  if (event.run !== "") writer.textField(4, event.run);
  if (event.timeNs !== 0n) {
    writer.tag(5, FIXED64);
    writer.fixed64(event.timeNs);
  }
  for (const name of sortedNames(event.conditions)) {
    writer.tag(6, LENGTH);
    // A tag and 8 bytes of the value.
    writer.number(textFieldBytes(name) + 9);
    writer.textField(1, name);
    writer.tag(2, FIXED64);
    writer.double(event.conditions[name] as number);
  }
  const allowance = new SparseAllowance();
  for (const name of sortedNames(event.tensors)) {
    const array = event.tensors[name];
    if (array) encodeTensor(writer, { name, array, allowance });
  }
  return writer.end();
}
