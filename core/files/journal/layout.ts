import { randomBytes } from "node:crypto";
import { crc32c } from "./crc32c.ts";

/** Not ASCII, and with line ends of both kinds, so that a copy that takes it for a text is noticed. */
const MAGIC = Buffer.from([0x8a, 0x54, 0x57, 0x4a, 0x0d, 0x0a, 0x1a, 0x0a]);
const VERSION = 1;
const ID_BYTES = 16;
const FIXED_BYTES = 28;
/** Most bytes of a header: its kind has up to 255. */
export const MOST_HEADER_BYTES: number = FIXED_BYTES + 255 + 4;

/** Bytes before the payload of a record. */
export const FRAME_BYTES = 16;
/** Longest record [B]: what MQTT 5 can carry in one message. */
export const MOST_RECORD_BYTES: number = 1 << 28;
/** Longest group of more than one frame [B]; a longer record is a group of its own. */
export const GROUP_BYTES: number = 1 << 22;
/** In the place of the length: everything before it was durable. */
const CLOSED = 0xffff_ffff;

/** What the first bytes of a journal say. */
export interface Header {
  readonly kind: string;
  readonly bytes: number;
  /** Checksum that the one of every frame goes on from: a frame of another file is none of this. */
  readonly seed: number;
}

/** What lies at an offset: a record, or the mark that closes a session of writing. */
export interface Frame {
  readonly payload: Uint8Array | "closed";
  /** With its head. */
  readonly bytes: number;
  /** Offset of the first frame that was written together with it: all before that was durable when it was written. */
  readonly groupOffset: number;
}

/** The first bytes of a new journal. */
export function encodeHeader(kind: string): Buffer {
  const name = Buffer.from(kind);
  const fixed = Buffer.alloc(FIXED_BYTES);
  MAGIC.copy(fixed);
  fixed.writeUInt16LE(VERSION, 8);
  fixed.writeUInt16LE(name.length, 10);
  randomBytes(ID_BYTES).copy(fixed, 12);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32c(name, crc32c(fixed)));
  return Buffer.concat([fixed, name, checksum]);
}

/** @returns What is wrong, as the end of a sentence, where something is. */
export function decodeHeader(bytes: Buffer): Header | string {
  if (bytes.length < FIXED_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return "it is no journal of Twinloom: its first bytes are others.";
  }
  const version = bytes.readUInt16LE(8);
  if (version !== VERSION) return `it is of version ${version}; this Twinloom reads version ${VERSION}.`;
  const end = FIXED_BYTES + bytes.readUInt16LE(10);
  if (end + 4 > bytes.length || crc32c(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) {
    return "its header is damaged. Copy it from another place.";
  }
  const kind = bytes.subarray(FIXED_BYTES, end).toString();
  return { kind, bytes: end + 4, seed: crc32c(bytes.subarray(12, 12 + ID_BYTES)) };
}

/** Writes a frame into memory that has room for it. */
export function encodeFrame(
  payload: Uint8Array | "closed",
  into: Buffer,
  at: { readonly index: number; readonly offset: number; readonly groupOffset: number; readonly seed: number },
): void {
  const { index, offset, groupOffset, seed } = at;
  into.writeUInt32LE(payload === "closed" ? CLOSED : payload.length, index);
  into.writeUInt32LE(offset - groupOffset, index + 4);
  const checksum = headChecksum(into, index, { offset, seed });
  into.writeUInt32LE(checksum, index + 8);
  into.writeUInt32LE(payload === "closed" ? checksum : crc32c(payload, checksum), index + 12);
  if (payload !== "closed") into.set(payload, index + FRAME_BYTES);
}

/**
 * How long the frame is that begins at an index, by its head.
 *
 * @returns `undefined` where no frame has such a head.
 */
export function frameBytes(bytes: Buffer, index: number): number | undefined {
  const length = bytes.readUInt32LE(index);
  if (length === CLOSED) return FRAME_BYTES;
  return length > MOST_RECORD_BYTES ? undefined : FRAME_BYTES + length;
}

/** The frame at an index, all of which is there; `undefined` where there is none. Its payload is a view. */
export function decodeFrame(
  bytes: Buffer,
  index: number,
  { offset, seed }: { readonly offset: number; readonly seed: number },
): Frame | undefined {
  const length = frameBytes(bytes, index);
  if (length === undefined) return undefined;
  const isClosed = bytes.readUInt32LE(index) === CLOSED;
  const groupOffset = offset - bytes.readUInt32LE(index + 4);
  if (groupOffset < 0) return undefined;
  if (!isHead(bytes, index, { offset, seed })) return undefined;
  const payload = bytes.subarray(index + FRAME_BYTES, index + length);
  if (crc32c(payload, bytes.readUInt32LE(index + 8)) !== bytes.readUInt32LE(index + 12)) return undefined;
  return { payload: isClosed ? "closed" : payload, bytes: length, groupOffset };
}

/** Whether there is the head of a frame at an index, by its checksum. */
export function isHead(
  bytes: Buffer,
  index: number,
  place: { readonly offset: number; readonly seed: number },
): boolean {
  return headChecksum(bytes, index, place) === bytes.readUInt32LE(index + 8);
}

const place = Buffer.alloc(16);

/** Of the file, the place in it and the head; that of the payload goes on from it. A frame holds nowhere but where it was written. */
function headChecksum(
  bytes: Buffer,
  index: number,
  { offset, seed }: { readonly offset: number; readonly seed: number },
): number {
  place.writeUInt32LE(offset % 2 ** 32, 0);
  place.writeUInt32LE(Math.floor(offset / 2 ** 32), 4);
  bytes.copy(place, 8, index, index + 8);
  return crc32c(place, seed);
}
