import { WireError } from "../errors.ts";

type Scalar = "varint32" | "varint64" | "fixed32" | "fixed64" | "bytes";

/** What a field holds, and so how it must be written: a number, a length and bytes, or a length and another message. */
type Field = Scalar | Message;

interface Message {
  readonly [number: number]: Field;
}

/** The messages of a request by the numbers of their fields (protos/inference.proto); others are left out of it. */
const PARAMETER: Message = { 1: "varint32", 2: "varint64", 3: "bytes", 4: "fixed64", 5: "varint64" };
const PARAMETER_ENTRY: Message = { 1: "bytes", 2: PARAMETER };
const CONTENTS: Message = {
  1: "varint32",
  2: "varint32",
  3: "varint64",
  4: "varint32",
  5: "varint64",
  6: "fixed32",
  7: "fixed64",
  8: "bytes",
};
const INPUT: Message = { 1: "bytes", 2: "bytes", 3: "varint64", 4: PARAMETER_ENTRY, 5: CONTENTS };
const OUTPUT: Message = { 1: "bytes", 2: PARAMETER_ENTRY };
const REQUEST: Message = { 1: "bytes", 2: "bytes", 3: "bytes", 4: PARAMETER_ENTRY, 5: INPUT, 6: OUTPUT, 7: "bytes" };

/** The lists of a request that are limited, by the numbers of their fields. */
const LISTS: Readonly<Record<number, string>> = { 4: "parameters", 5: "inputs", 6: "outputs", 7: "raw_input_contents" };

/** Entries of each list that are taken. */
const MOST_ENTRIES = 1024;

/** Fields and typed elements of a whole request that are taken: each becomes an object, or several. */
const MOST_PARTS = 2 ** 18;

/** How each wire type is read. @see https://protobuf.dev/programming-guides/encoding/#structure */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const FIXED32 = 5;

const WIRE_TYPES: Readonly<Record<Scalar, number>> = {
  varint32: VARINT,
  varint64: VARINT,
  fixed32: FIXED32,
  fixed64: FIXED64,
  bytes: LENGTH,
};

/**
 * Checks that the bytes of a `ModelInferRequest` make no more objects than a request needs, and makes none itself: a few
 * kilobytes, compressed, may say 60 million empty entries. It is stricter than what reads the message then, so that both see
 * the same fields: no groups, no numbers longer than they need be, no field of another wire type.
 *
 * @throws `TWIN_WIRE_INVALID` beyond 1,024 inputs, outputs, raw contents or parameters, beyond 262,144 fields and typed
 *   elements altogether, or when the bytes are no message.
 */
export function checkWire(bytes: Uint8Array): void {
  new Walk(bytes).request();
}

class Walk {
  readonly #bytes: Uint8Array;
  #at = 0;
  #parts = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  request(): void {
    const entries: Record<number, number> = {};
    this.#message(REQUEST, this.#bytes.length, (number) => {
      const list = LISTS[number];
      if (list === undefined) return;
      const count = (entries[number] ?? 0) + 1;
      entries[number] = count;
      if (count > MOST_ENTRIES) throw new WireError(`A request has more than ${MOST_ENTRIES} ${list}, the most taken.`);
    });
  }

  #message(message: Message, end: number, onField?: (number: number) => void): void {
    while (this.#at < end) {
      const tag = this.#varint32(end);
      const number = tag >>> 3;
      if (number === 0) throw this.#malformed();
      onField?.(number);
      this.#count(1);
      this.#field(message[number], tag & 7, end);
    }
  }

  #field(field: Field | undefined, wireType: number, end: number): void {
    if (wireType !== LENGTH) {
      const isExpected = field === undefined || (typeof field !== "object" && WIRE_TYPES[field] === wireType);
      if (!isExpected) throw this.#malformed();
      this.#number(field, wireType, end);
      return;
    }
    const length = this.#varint32(end);
    const stop = this.#at + length;
    if (stop > end) throw this.#malformed();
    if (typeof field === "object") {
      this.#message(field, stop);
    } else if (field === undefined || field === "bytes") {
      this.#at = stop;
    } else {
      this.#packed(field, stop);
    }
  }

  /** Numbers one after the other. */
  #packed(field: Scalar, stop: number): void {
    const wireType = WIRE_TYPES[field];
    if (wireType === VARINT) {
      while (this.#at < stop) {
        this.#count(1);
        this.#number(field, wireType, stop);
      }
      return;
    }
    const size = wireType === FIXED32 ? 4 : 8;
    const count = (stop - this.#at) / size;
    if (!Number.isInteger(count)) throw this.#malformed();
    this.#count(count);
    this.#at = stop;
  }

  #number(field: Field | undefined, wireType: number, end: number): void {
    switch (wireType) {
      case VARINT:
        this.#varint(field, end);
        return;
      case FIXED32:
        this.#at += 4;
        break;
      case FIXED64:
        this.#at += 8;
        break;
      default:
        throw this.#malformed();
    }
    if (this.#at > end) throw this.#malformed();
  }

  #varint(field: Field | undefined, end: number): void {
    const start = this.#at;
    while (this.#at < end && (this.#bytes[this.#at] as number) > 127) this.#at++;
    this.#at++;
    const length = this.#at - start;
    // Readers of 32 bits take 10 bytes wherever there are more than 5.
    const isOdd = field === "varint32" && length > 5 && length < 10;
    if (this.#at > end || length > 10 || isOdd) throw this.#malformed();
  }

  /** A tag or a length. */
  #varint32(end: number): number {
    let value = 0;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || this.#at > end) throw this.#malformed();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128 && value < 2 ** 32) return value;
    }
    throw this.#malformed();
  }

  #count(parts: number): void {
    this.#parts += parts;
    if (this.#parts <= MOST_PARTS) return;
    throw new WireError(
      `A request has more than ${MOST_PARTS} fields and typed elements, the most taken. Send tensors in the raw contents, which are not limited.`,
    );
  }

  #malformed(): WireError {
    return new WireError(`The bytes of a request are no message of inference.proto at byte ${this.#at}.`);
  }
}
