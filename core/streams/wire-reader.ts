import { EventInvalidError } from "./errors.ts";

/** How a field is written. @see https://protobuf.dev/programming-guides/encoding/#structure */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
const FIXED32 = 5;

/** Longest varint, bytes. */
const LONGEST_VARINT = 10;
/** Bytes of a varint that a float64 holds exactly. */
const EXACT_BYTES = 7;

// A byte order mark is part of the text here.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads a protocol buffer message from its beginning to its end. Makes nothing but what it returns. */
export class WireReader {
  /** Of the next byte. */
  at = 0;
  /** Of what is read now: the message, or one within it. */
  end: number;
  readonly view: DataView;
  readonly #bytes: Buffer;
  readonly #path: () => string;

  /** @param path - The field that is being read, for errors. */
  constructor(bytes: Uint8Array, path: () => string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.end = bytes.byteLength;
    this.#path = path;
  }

  /** Number and wire type of the next field, as they are written: `number * 8 + type`. */
  tag(): number {
    const start = this.at;
    const tag = this.number();
    if (tag > 0xffffffff || tag < 8) this.fail("has a field whose number is not of 1 to 536870911", start);
    return tag;
  }

  /** A varint up to 2^53 - 1. */
  number(): number {
    const start = this.at;
    let value = 0;
    let scale = 1;
    for (let length = 0; length < LONGEST_VARINT; length++, scale *= 128) {
      const byte = this.#next();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) this.fail("is a number beyond 2^53 - 1", start);
        return value;
      }
    }
    return this.fail(`is a number of more than ${LONGEST_VARINT} bytes`, start);
  }

  /**
   * Packed varints, up to one of more than two bytes, or where there is no more room. Most indices are so short.
   *
   * @param count - How many numbers are in `into`; the new ones come behind them.
   * @param stop - Where the varints end, not behind the message.
   * @returns How many are in it then.
   */
  shortNumbers(into: Uint32Array, count: number, stop: number): number {
    const bytes = this.#bytes;
    let at = this.at;
    let filled = count;
    while (at + 1 < stop && filled < into.length) {
      const low = bytes[at] as number;
      const high = bytes[at + 1] as number;
      if (low < 128) at++;
      else if (high < 128) at += 2;
      else break;
      into[filled++] = low < 128 ? low : (low & 127) | (high << 7);
    }
    this.at = at;
    return filled;
  }

  /** A varint of 64 bits. */
  uint64(): bigint {
    const start = this.at;
    let low = 0;
    let high = 0;
    for (let length = 0; length < LONGEST_VARINT; length++) {
      const byte = this.#next();
      if (length < EXACT_BYTES) low += (byte & 127) * 128 ** length;
      else high += (byte & 127) * 128 ** (length - EXACT_BYTES);
      if (byte > 127) continue;
      if (length < EXACT_BYTES) return BigInt(low);
      if (length === LONGEST_VARINT - 1 && byte > 1) this.fail("is a number of more than 64 bits", start);
      return (BigInt(high) << 49n) | BigInt(low);
    }
    return this.fail(`is a number of more than ${LONGEST_VARINT} bytes`, start);
  }

  /** Goes past 8 bytes; returns where they begin. */
  fixed64(): number {
    return this.#past(8);
  }

  /** Reads how many bytes follow, which are all there. */
  length(): number {
    const start = this.at;
    const length = this.number();
    if (length > this.end - this.at) {
      this.fail(`should be ${length} bytes long, and ${this.end - this.at} are left`, start);
    }
    return length;
  }

  /** A text of at most so many bytes. */
  text(most: number): string {
    const start = this.at;
    const length = this.length();
    if (length > most) this.fail(`has ${length} bytes; ${most} are the most`, start);
    const from = this.at;
    this.at += length;
    for (let at = from; at < this.at; at++) {
      if ((this.#bytes[at] as number) > 127) return this.#unicode(from, this.at);
    }
    return this.#bytes.toString("latin1", from, this.at);
  }

  /** Copies as many bytes of the message as `target` has. */
  copy(from: number, target: Uint8Array): void {
    target.set(this.#bytes.subarray(from, from + target.length));
  }

  /** Goes past a field that nobody knows. */
  skip(tag: number): void {
    const start = this.at;
    switch (tag & 7) {
      case VARINT:
        for (let length = 1; this.#next() > 127; length++) {
          if (length === LONGEST_VARINT) this.fail(`is a number of more than ${LONGEST_VARINT} bytes`, start);
        }
        return;
      case FIXED64:
        this.#past(8);
        return;
      case LENGTH:
        this.#past(this.length());
        return;
      case FIXED32:
        this.#past(4);
        return;
      default:
        this.fail(
          `has field ${tag >>> 3} of wire type ${tag & 7}; groups are not taken, and 6 and 7 are not defined`,
          start,
        );
    }
  }

  /** Throws `TWIN_EVENT_INVALID`. */
  fail(problem: string, offset: number = this.at, cause?: unknown): never {
    throw new EventInvalidError(problem, { path: this.#path(), offset }, cause === undefined ? undefined : { cause });
  }

  #next(): number {
    if (this.at >= this.end) this.fail("ends within a number");
    return this.#bytes[this.at++] as number;
  }

  #past(length: number): number {
    const start = this.at;
    if (length > this.end - start) this.fail(`should have ${length} bytes, and ${this.end - start} are left`, start);
    this.at += length;
    return start;
  }

  #unicode(from: number, to: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(from, to));
    } catch (cause) {
      return this.fail("is no UTF-8", from, cause);
    }
  }
}
