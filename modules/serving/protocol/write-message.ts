import { WireError } from "../errors.ts";
import type { ParameterValue } from "./parameters.ts";
import type { SentTensor } from "./tensors.ts";

/** A request or response as it is sent: only raw contents go with it. */
export interface SentMessage {
  readonly model_name?: string | undefined;
  readonly model_version?: string | undefined;
  readonly id?: string | undefined;
  readonly parameters?: Readonly<Record<string, ParameterValue>> | undefined;
  readonly tensors?: readonly SentTensor[] | undefined;
  /** Elements of each tensor. */
  readonly raw?: readonly Uint8Array[] | undefined;
}

/** How a field is written: its number, and with which wire type. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;

/** Fields of `ModelInferRequest` and `ModelInferResponse`; of the raw contents they have one of their own. */
const MODEL_NAME = 1;
const MODEL_VERSION = 2;
const ID = 3;
const PARAMETERS = 4;
const TENSORS = 5;
export const RAW_INPUT_CONTENTS = 7;
export const RAW_OUTPUT_CONTENTS = 6;

/** Most bytes that a character of JavaScript takes, and that a number does. */
const BYTES_OF_CHARACTER = 3;
const BYTES_OF_NUMBER = 10;

/**
 * A message for the wire, its tensors where they are: fields may come in any order, and these come last.
 *
 * @param rawField - The number of its raw contents.
 * @throws `TWIN_WIRE_INVALID` when an integer needs more than 64 bits.
 */
export function writeMessage(message: SentMessage, rawField: number): Uint8Array[] {
  writer.begin();
  writer.head(message);
  const pieces: Uint8Array[] = [writer.end()];
  for (const bytes of message.raw ?? []) pieces.push(lengthHeader(rawField, bytes.byteLength), bytes);
  return pieces;
}

/** What comes before bytes, or another message, of a field. */
export function lengthHeader(field: number, length: number): Buffer {
  writer.begin();
  writer.tag(field, LENGTH);
  writer.number(length);
  return writer.end();
}

/** A field of text. */
export function textField(field: number, text: string): Buffer {
  writer.begin();
  writer.text(field, text);
  return writer.end();
}

/** Memory that is kept from one message to the next, bytes. */
const KEPT = 64 * 1024;

class WireWriter {
  #bytes = Buffer.allocUnsafeSlow(1024);
  #at = 0;

  begin(): void {
    this.#at = 0;
  }

  /** What was written, as a copy. */
  end(): Buffer {
    const written = Buffer.allocUnsafe(this.#at);
    this.#bytes.copy(written, 0, 0, this.#at);
    if (this.#bytes.length > KEPT) this.#bytes = Buffer.allocUnsafeSlow(KEPT);
    return written;
  }

  head({ model_name, model_version, id, parameters, tensors }: SentMessage): void {
    if (model_name !== undefined) this.text(MODEL_NAME, model_name);
    if (model_version !== undefined) this.text(MODEL_VERSION, model_version);
    if (id !== undefined) this.text(ID, id);
    for (const name in parameters) this.#parameter(name, parameters[name] as ParameterValue);
    for (const tensor of tensors ?? []) this.#tensor(tensor);
  }

  tag(field: number, wireType: number): void {
    this.number((field << 3) | wireType);
  }

  /** An integer of 0 or more, in groups of seven bits, the lowest first. */
  number(value: number): void {
    this.#reserve(BYTES_OF_NUMBER);
    let left = value;
    for (; left > 127; left = Math.floor(left / 128)) this.#bytes[this.#at++] = (left & 127) | 128;
    this.#bytes[this.#at++] = left;
  }

  text(field: number, text: string): void {
    const start = this.#open(field);
    this.#reserve(text.length * BYTES_OF_CHARACTER);
    this.#at += this.#bytes.write(text, this.#at);
    this.#close(start);
  }

  #tensor({ name, datatype, shape }: SentTensor): void {
    const start = this.#open(TENSORS);
    this.text(1, name);
    this.text(2, datatype);
    if (shape.length > 0) {
      const lengths = this.#open(3);
      for (const length of shape) this.number(length);
      this.#close(lengths);
    }
    this.#close(start);
  }

  #parameter(name: string, value: ParameterValue): void {
    const entry = this.#open(PARAMETERS);
    this.text(1, name);
    const start = this.#open(2);
    if (typeof value === "boolean") {
      this.tag(1, VARINT);
      this.number(value ? 1 : 0);
    } else if (typeof value === "string") this.text(3, value);
    else if (typeof value === "number") {
      this.tag(4, FIXED64);
      this.#reserve(8);
      this.#at = this.#bytes.writeDoubleLE(value, this.#at);
    } else this.#integer(name, value);
    this.#close(start);
    this.#close(entry);
  }

  #integer(name: string, value: bigint): void {
    const isSigned = BigInt.asIntN(64, value) === value;
    if (!isSigned && BigInt.asUintN(64, value) !== value) {
      throw new WireError(`Parameter "${name}" is ${value}; integers must be of 64 bits, -2^63 to 2^64 - 1.`);
    }
    this.tag(isSigned ? 2 : 5, VARINT);
    this.#reserve(BYTES_OF_NUMBER);
    let left = BigInt.asUintN(64, value);
    for (; left > 127n; left >>= 7n) this.#bytes[this.#at++] = Number(left & 127n) | 128;
    this.#bytes[this.#at++] = Number(left);
  }

  /** Begins what stands after its length, for which a byte is left. @returns Where it begins. */
  #open(field: number): number {
    this.tag(field, LENGTH);
    this.#reserve(1);
    this.#at++;
    return this.#at;
  }

  #close(start: number): void {
    const stop = this.#at;
    const length = stop - start;
    let more = 0;
    for (let left = length; left > 127; left = Math.floor(left / 128)) more++;
    if (more > 0) {
      this.#reserve(more);
      this.#bytes.copyWithin(start + more, start, stop);
    }
    this.#at = start - 1;
    this.number(length);
    this.#at = stop + more;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** One for all: what is written is written at once. */
const writer: WireWriter = new WireWriter();
