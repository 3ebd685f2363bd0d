import { readSync } from "node:fs";
import { oddType } from "./odd-type.ts";

/** A stretch of the file. */
export interface ValuesAt {
  readonly position: number;
  readonly bytes: number;
}

/** What an object header tells that h5wasm does not. */
export interface StoredHeader {
  /** Why values of its type would be read wrongly, if they would. */
  readonly oddType?: string;
  /** Where the values of a contiguous dataset are. */
  readonly valuesAt?: ValuesAt;
  /** Where the version 1 B-tree of a chunked dataset is. */
  readonly chunkIndex?: { readonly base: number; readonly address: number };
  /** Whether a fill value is stated. */
  readonly hasFillValue?: boolean;
}

const DATATYPE = 0x03;
const FILL_VALUE = 0x05;
const EXTERNAL_FILES = 0x07;
const LAYOUT = 0x08;
const FILTERS = 0x0b;
const CONTINUATION = 0x10;

/** Flag of a message that lies elsewhere. */
const SHARED = 0x02;

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly data: Buffer;
}

/** More than any sound header has. */
const MAX_PIECES = 1000;
const MAX_PIECE_BYTES = 2 ** 26;

/**
 * Reads object headers straight from a file.
 *
 * @see Source: HDF5 File Format Specification 3.0, II and IV.A.
 */
export class HeaderReader {
  readonly #descriptor: number;
  readonly #base: number;
  readonly #offsetBytes: number;
  readonly #lengthBytes: number;

  private constructor(
    descriptor: number,
    layout: { readonly base: number; readonly offsetBytes: number; readonly lengthBytes: number },
  ) {
    this.#descriptor = descriptor;
    this.#base = layout.base;
    this.#offsetBytes = layout.offsetBytes;
    this.#lengthBytes = layout.lengthBytes;
  }

  /** @returns `undefined` where there is no superblock that it knows. */
  static open(descriptor: number, fileBytes: number): HeaderReader | undefined {
    const signature = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
    for (let base = 0; base + 16 <= fileBytes; base = base === 0 ? 512 : base * 2) {
      const head = readAt(descriptor, base, 16);
      if (!head.subarray(0, 8).equals(signature)) continue;
      const version = head[8] as number;
      const at = version < 2 ? 13 : 9;
      const layout = { base, offsetBytes: head[at] as number, lengthBytes: head[at + 1] as number };
      const isKnown = version <= 3 && [2, 4, 8].includes(layout.offsetBytes) && [2, 4, 8].includes(layout.lengthBytes);
      return isKnown ? new HeaderReader(descriptor, layout) : undefined;
    }
    return undefined;
  }

  /** @param address - Address of a dataset's header, relative to the superblock. @throws on anything unexpected. */
  read(address: number): StoredHeader {
    const messages = this.#messages(address);
    const type = messages.find((message) => message.type === DATATYPE);
    const odd = type && this.#oddType(type);
    const valuesAt = this.#valuesAt(messages);
    const chunkIndex = this.#chunkIndex(messages);
    const hasFillValue = statesFillValue(messages);
    return {
      ...(odd !== undefined && { oddType: odd }),
      ...(valuesAt && { valuesAt }),
      ...(chunkIndex && { chunkIndex }),
      ...(hasFillValue !== undefined && { hasFillValue }),
    };
  }

  #oddType({ flags, data }: Message): string | undefined {
    if ((flags & SHARED) === 0) return oddType(data).odd;
    const version = data[0] as number;
    // Version 3 with type 1 is a message in the file's heap of shared messages, which this does not read.
    if (version === 3 && data[1] !== 2) return undefined;
    const committed = this.#offset(data, version === 1 ? 8 : 2);
    const type = this.#messages(committed).find((message) => message.type === DATATYPE);
    return type && (type.flags & SHARED) === 0 ? oddType(type.data).odd : undefined;
  }

  #valuesAt(messages: readonly Message[]): ValuesAt | undefined {
    const layout = messages.find(({ type }) => type === LAYOUT)?.data;
    if (layout === undefined || messages.some(({ type }) => type === EXTERNAL_FILES || type === FILTERS))
      return undefined;
    const version = layout[0] as number;
    // Versions 3 and 4: contiguous is class 1, its address follows.
    if ((version !== 3 && version !== 4) || layout[1] !== 1) return undefined;
    const isUndefined = layout.subarray(2, 2 + this.#offsetBytes).every((byte) => byte === 0xff);
    if (isUndefined) return undefined;
    const bytes = unsigned(layout, 2 + this.#offsetBytes, this.#lengthBytes);
    return { position: this.#base + this.#offset(layout, 2), bytes };
  }

  #chunkIndex(messages: readonly Message[]): StoredHeader["chunkIndex"] {
    const layout = messages.find(({ type }) => type === LAYOUT)?.data;
    // Version 3, class 2: rank, then the address of the tree. Version 4 has indexes of other kinds.
    if (layout === undefined || layout[0] !== 3 || layout[1] !== 2 || this.#offsetBytes !== 8) return undefined;
    const isUndefined = layout.subarray(3, 11).every((byte) => byte === 0xff);
    return isUndefined ? undefined : { base: this.#base, address: this.#offset(layout, 3) };
  }

  #messages(address: number): Message[] {
    const start = readAt(this.#descriptor, this.#base + address, 64);
    return start.subarray(0, 4).toString("latin1") === "OHDR"
      ? this.#messagesOfVersion2(address, start)
      : this.#messagesOfVersion1(address, start);
  }

  #messagesOfVersion1(address: number, start: Buffer): Message[] {
    if (start[0] !== 1) throw new Error(`an object header of version ${start[0]}`);
    const pieces = [{ at: address + 16, bytes: start.readUInt32LE(8) }];
    const messages: Message[] = [];
    for (let i = 0; i < pieces.length && i < MAX_PIECES; i++) {
      const { at, bytes } = pieces[i] as (typeof pieces)[number];
      const piece = readAt(this.#descriptor, this.#base + at, bytes);
      for (let position = 0; position + 8 <= piece.length; ) {
        const size = piece.readUInt16LE(position + 2);
        const message = {
          type: piece.readUInt16LE(position),
          flags: piece[position + 4] as number,
          data: piece.subarray(position + 8, position + 8 + size),
        };
        this.#take(message, messages, pieces, 0);
        position += 8 + size;
      }
    }
    return messages;
  }

  #messagesOfVersion2(address: number, start: Buffer): Message[] {
    const flags = start[5] as number;
    const sizeAt = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
    const sizeBytes = 1 << (flags & 3);
    // With order of creation, each message has two bytes more.
    const headBytes = 4 + (flags & 0x04 ? 2 : 0);
    const pieces = [{ at: address + sizeAt + sizeBytes, bytes: unsigned(start, sizeAt, sizeBytes) }];
    const messages: Message[] = [];
    for (let i = 0; i < pieces.length && i < MAX_PIECES; i++) {
      const { at, bytes } = pieces[i] as (typeof pieces)[number];
      const piece = readAt(this.#descriptor, this.#base + at, bytes);
      for (let position = 0; position + headBytes <= piece.length; ) {
        const size = piece.readUInt16LE(position + 1);
        const from = position + headBytes;
        const message = {
          type: piece[position] as number,
          flags: piece[position + 3] as number,
          data: piece.subarray(from, from + size),
        };
        // A further piece begins with "OCHK" and ends with a checksum.
        this.#take(message, messages, pieces, 4);
        position = from + size;
      }
    }
    return messages;
  }

  #take(message: Message, messages: Message[], pieces: { at: number; bytes: number }[], frame: number): void {
    if (message.type !== CONTINUATION) {
      messages.push(message);
      return;
    }
    const at = this.#offset(message.data, 0) + frame;
    pieces.push({ at, bytes: unsigned(message.data, this.#offsetBytes, this.#lengthBytes) - 2 * frame });
  }

  #offset(bytes: Buffer, at: number): number {
    return unsigned(bytes, at, this.#offsetBytes);
  }
}

/** Whether a fill value message has a value; `undefined` where there is none, or it is of a version not known here. */
function statesFillValue(messages: readonly Message[]): boolean | undefined {
  const message = messages.find(({ type, flags }) => type === FILL_VALUE && (flags & SHARED) === 0)?.data;
  switch (message?.[0]) {
    case 1:
      return message.length >= 8 && message.readInt32LE(4) > 0;
    case 2:
      return message[3] === 1 && message.length >= 8 && message.readInt32LE(4) > 0;
    case 3:
      return ((message[1] as number) & 0x20) !== 0 && message.length >= 6 && message.readInt32LE(2) > 0;
    default:
      return undefined;
  }
}

function unsigned(bytes: Buffer, at: number, length: number): number {
  return length === 8 ? Number(bytes.readBigUInt64LE(at)) : bytes.readUIntLE(at, length);
}

/** Bytes of a file, fewer at its end. */
function readAt(descriptor: number, position: number, length: number): Buffer {
  if (!(length >= 0 && length <= MAX_PIECE_BYTES) || !Number.isSafeInteger(position)) {
    throw new Error(`${length} bytes at ${position} are beyond all reason`);
  }
  const bytes = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const more = readSync(descriptor, bytes, done, length - done, position + done);
    if (more === 0) break;
    done += more;
  }
  return bytes.subarray(0, done);
}
