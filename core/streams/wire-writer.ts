import { LENGTH } from "./wire-reader.ts";

/** Memory that is kept from one message to the next, bytes. */
const KEPT = 2 ** 20;

/** Room for any varint. */
const LONGEST_VARINT = 10;

/** Writes a protocol buffer message from its beginning to its end, into memory that is used again. */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafeSlow(4096);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;

  /** Begins a message, and drops what one before it left that failed. */
  begin(): void {
    this.#at = 0;
  }

  /** Number of a field below 16, and how it is written. */
  tag(field: number, wireType: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = (field << 3) | wireType;
  }

  /** A varint of up to 2^53 - 1. */
  number(value: number): void {
    this.#room(LONGEST_VARINT);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128;
    this.#bytes[this.#at++] = rest;
  }

  /** A varint of 64 bits. */
  uint64(value: bigint): void {
    if (value <= Number.MAX_SAFE_INTEGER) {
      this.number(Number(value));
      return;
    }
    this.#room(LONGEST_VARINT);
    let rest = value;
    for (; rest > 127n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 128;
    this.#bytes[this.#at++] = Number(rest);
  }

  /** 64 bits of either sign. */
  fixed64(value: bigint): void {
    this.#room(8);
    this.#at = this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at);
  }

  double(value: number): void {
    this.#room(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** A field with a text. */
  textField(field: number, text: string): void {
    const bytes = Buffer.byteLength(text);
    this.tag(field, LENGTH);
    this.number(bytes);
    this.#room(bytes);
    // As many bytes as UTF-16 units: it is ASCII.
    this.#at += this.#bytes.write(text, this.#at, bytes === text.length ? "latin1" : "utf8");
  }

  /** Bytes as they are. */
  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Varints below 2^32, so many bytes altogether. */
  numbers(values: Uint32Array, bytes: number): void {
    this.#room(bytes);
    const target = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < values.length; i++) {
      let rest = values[i] as number;
      for (; rest > 127; rest >>>= 7) target[at++] = rest | 128;
      target[at++] = rest;
    }
    this.#at = at;
  }

  /** Room for so many bytes, which the caller fills before it calls again. */
  reserve(bytes: number): { readonly view: DataView; readonly at: number } {
    this.#room(bytes);
    const at = this.#at;
    this.#at += bytes;
    return { view: this.#view, at };
  }

  /** The message, in memory of its own. */
  end(): Uint8Array {
    const message = new Uint8Array(this.#bytes.subarray(0, this.#at));
    if (this.#bytes.length > KEPT) this.#use(Buffer.allocUnsafeSlow(KEPT));
    return message;
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(needed)));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#use(larger);
  }

  #use(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Bytes of a number as a varint. */
export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Bytes of a field below 16 that has so many bytes. */
export function bytesFieldBytes(bytes: number): number {
  return 1 + varintBytes(bytes) + bytes;
}

/** Bytes of a field below 16 that has a text. */
export function textFieldBytes(text: string): number {
  return bytesFieldBytes(Buffer.byteLength(text));
}
