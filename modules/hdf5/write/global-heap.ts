import { padded, u8, u16, u32, u64 } from "./bytes.ts";

/** Bytes of the first collection: no collection may be smaller, and most files have a few short texts alone. */
const LEAST_COLLECTION_BYTES = 4096;
/** Each is twice as large as the one before, up to this. */
const MOST_COLLECTION_BYTES = 1 << 18;
const MAX_OBJECTS = 0xffff;
const HEADER_BYTES = 16;

/** Where collections go: takes space at the end of the file. */
export interface HeapOutput {
  /** Address of so many new bytes. */
  allocate(bytes: number): number;
  write(address: number, bytes: Buffer): Promise<void>;
}

/**
 * Global heap: holds strings and sequences, each under the address of its collection and an index.
 *
 * @see Source: HDF5 File Format Specification 3.0, III.E.
 */
export class GlobalHeap {
  readonly #output: HeapOutput;
  #address: number | undefined;
  #objects: Buffer[] = [];
  #bytes = 0;
  #closing: { readonly address: number; readonly objects: readonly Buffer[]; readonly capacity: number }[] = [];
  #capacity = 0;
  #nextCapacity = LEAST_COLLECTION_BYTES;

  constructor(output: HeapOutput) {
    this.#output = output;
  }

  /** Adds an object. @returns The 16 bytes that stand for a sequence of `length` elements. */
  add(data: Buffer, length: number): Buffer {
    // A sequence of nothing has no object.
    if (length === 0) return Buffer.alloc(16);
    const needed = HEADER_BYTES + Math.ceil(data.length / 8) * 8;
    if (this.#bytes + needed > this.#capacity || this.#objects.length >= MAX_OBJECTS) this.#begin(needed);
    this.#objects.push(data);
    this.#bytes += needed;
    return Buffer.concat([u32(length), u64(this.#address ?? 0), u32(this.#objects.length)]);
  }

  /** Writes all collections that are complete, and with `all` the one that is not. */
  async flush(all: boolean): Promise<void> {
    if (all) this.#end();
    for (const { address, objects, capacity } of this.#closing.splice(0)) {
      await this.#output.write(address, collection(objects, capacity));
    }
  }

  #begin(needed: number): void {
    this.#end();
    this.#capacity = Math.max(this.#nextCapacity, needed + HEADER_BYTES);
    this.#nextCapacity = Math.min(2 * this.#nextCapacity, MOST_COLLECTION_BYTES);
    this.#address = this.#output.allocate(this.#capacity);
    this.#bytes = HEADER_BYTES;
  }

  #end(): void {
    if (this.#address === undefined) return;
    this.#closing.push({ address: this.#address, objects: this.#objects, capacity: this.#capacity });
    this.#address = undefined;
    this.#objects = [];
    this.#capacity = 0;
    this.#bytes = 0;
  }
}

function collection(objects: readonly Buffer[], capacity: number): Buffer {
  const parts = [Buffer.from("GCOL"), u8(1), Buffer.alloc(3), u64(capacity)];
  objects.forEach((object, i) => {
    parts.push(u16(i + 1), u16(0), u32(0), u64(object.length), padded(object, 8));
  });
  const used = parts.reduce((total, part) => total + part.length, 0);
  const rest = capacity - used;
  // Index 0 is the free space, its own header included.
  if (rest >= HEADER_BYTES) parts.push(u16(0), u16(0), u32(0), u64(rest), Buffer.alloc(rest - HEADER_BYTES));
  else parts.push(Buffer.alloc(rest));
  return Buffer.concat(parts);
}
