import type { FileHandle } from "node:fs/promises";
import {
  decodeFrame,
  decodeHeader,
  FRAME_BYTES,
  type Frame,
  frameBytes,
  GROUP_BYTES,
  type Header,
  isHead,
  MOST_HEADER_BYTES,
} from "./layout.ts";

/** Read at once [B]; a longer record is read as a whole. */
const CHUNK_BYTES = 1 << 20;

/** Reads the header of a journal. @returns What is wrong, as the end of a sentence, where something is. */
export async function readHeader(file: FileHandle): Promise<Header | string> {
  const first = Buffer.alloc(MOST_HEADER_BYTES);
  return decodeHeader(first.subarray(0, await readFully(file, first, 0)));
}

/**
 * Reads a journal frame by frame, as far as it reached when reading began. Where a frame is not whole, it tells apart a
 * write that was never finished from damage to what was: the next group is written only when the one before is durable.
 */
export class FrameReader {
  readonly #file: FileHandle;
  readonly #seed: number;
  readonly #endBytes: number;
  #chunk: Buffer = Buffer.alloc(0);
  /** Where in the file the chunk begins. */
  #chunkOffset = 0;
  #offset: number;

  /** @param end - Of the file; what others append meanwhile is not read. */
  constructor(file: FileHandle, seed: number, { from, end }: { readonly from: number; readonly end: number }) {
    this.#file = file;
    this.#seed = seed;
    this.#endBytes = end;
    this.#offset = from;
  }

  /** Where the next frame begins; at the end, what lies behind it is of a write that was never finished. */
  get offset(): number {
    return this.#offset;
  }

  get tornBytes(): number {
    return this.#endBytes - this.#offset;
  }

  /** The frames that lie together, in order, with payloads of their own; none at the end. */
  async next(): Promise<readonly Frame[]> {
    const frames: Frame[] = [];
    for (let frame = this.#inChunk(); frame !== undefined; frame = this.#inChunk()) frames.push(frame);
    if (frames.length > 0 || this.tornBytes < FRAME_BYTES) return frames;
    // From the file, also what is in the chunk: it may have been read while it was written.
    await this.#readAt(this.#offset, CHUNK_BYTES);
    const bytes = frameBytes(this.#chunk, 0);
    if (bytes !== undefined && bytes > this.#chunk.length && bytes <= this.tornBytes)
      await this.#readAt(this.#offset, bytes);
    const frame = this.#inChunk();
    return frame === undefined ? [] : [frame];
  }

  /**
   * At the end: an offset of a frame that shows that what lies here was durable, and is damaged. `undefined` where there is
   * none.
   */
  async findLater(): Promise<number | undefined> {
    const damaged = this.#offset;
    let from = damaged + 1;
    while (from + FRAME_BYTES <= this.#endBytes) {
      await this.#readAt(from, CHUNK_BYTES);
      const last = this.#chunk.length - FRAME_BYTES;
      for (let index = 0; index <= last; index++) {
        const offset = from + index;
        const bytes = frameBytes(this.#chunk, index);
        if (bytes === undefined || offset + bytes > this.#endBytes) continue;
        // Zeros, of which files have many, are no frame.
        if (bytes === FRAME_BYTES && this.#chunk.readUInt32LE(index + 8) === 0) continue;
        const before = this.#chunk.readUInt32LE(index + 4);
        if (offset - before <= damaged) continue;
        // What a record holds by chance is not read as far as it would say: almost all of it is told by these.
        if (before > 0 && before + bytes > GROUP_BYTES) continue;
        if (!isHead(this.#chunk, index, { offset, seed: this.#seed })) continue;
        const isHere = index + bytes <= this.#chunk.length;
        const whole = isHere ? this.#chunk : await this.#bytesAt(offset, bytes);
        if (decodeFrame(whole, isHere ? index : 0, { offset, seed: this.#seed })) return offset;
      }
      from += last + 1;
    }
    return undefined;
  }

  #inChunk(): Frame | undefined {
    const index = this.#offset - this.#chunkOffset;
    if (index < 0 || index + FRAME_BYTES > this.#chunk.length) return undefined;
    const bytes = frameBytes(this.#chunk, index);
    if (bytes === undefined || index + bytes > this.#chunk.length) return undefined;
    const frame = decodeFrame(this.#chunk, index, { offset: this.#offset, seed: this.#seed });
    if (frame === undefined) return undefined;
    this.#offset += bytes;
    const { payload } = frame;
    return payload === "closed" ? frame : { ...frame, payload: new Uint8Array(payload) };
  }

  async #readAt(offset: number, bytes: number): Promise<void> {
    this.#chunk = await this.#bytesAt(offset, Math.min(bytes, this.#endBytes - offset));
    this.#chunkOffset = offset;
  }

  async #bytesAt(offset: number, bytes: number): Promise<Buffer> {
    const into = Buffer.allocUnsafe(bytes);
    return into.subarray(0, await readFully(this.#file, into, offset));
  }
}

async function readFully(file: FileHandle, into: Buffer, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}
