import {
  allocate,
  type CompressedChunk,
  type DType,
  type HdfDatasetSpec,
  type NdArray,
  WriteFailedError,
} from "../../../core/index.ts";
import { applyFilters, undoFilters } from "./chunk-filters.ts";
import { type StoredChunk, writeChunkTree } from "./chunk-tree.ts";
import { copyBox, innerStretch } from "./copy-box.ts";
import { encodeType, fixedText, storedSize } from "./encode-type.ts";
import { encodeValues } from "./encode-values.ts";
import type { FileOutput } from "./file-output.ts";
import type { GlobalHeap } from "./global-heap.ts";
import { datasetMessages, type Message } from "./object-header.ts";

/** Bytes of chunks that wait to be filled. */
const WAITING_BYTES = 64 * 2 ** 20;
/** Chunks compressed at a time; libuv has four threads. */
const CONCURRENCY = 4;
/** Chunk bytes aimed at where nobody asks for a chunk shape. */
const CHUNK_BYTES = 2 ** 20;
/** Sizes of chunks have 32 bits. */
const MAX_CHUNK_BYTES = 2 ** 32 - 1;

/** Where a dataset is and where its parts go. */
export interface DatasetPlace {
  readonly path: string;
  readonly output: FileOutput;
  readonly heap: GlobalHeap;
}

/** Takes the values of one dataset and stores them. */
export class DatasetOutput {
  readonly dtype: DType;
  readonly #place: DatasetPlace;
  readonly #unlimited: readonly boolean[] | undefined;
  readonly #chunkShape: readonly number[] | undefined;
  readonly #level: number;
  readonly #elementBytes: number;
  readonly #type: Buffer;
  readonly #fill: Buffer | undefined;
  #shape: number[];
  /** Address of a contiguous dataset, once something was written. */
  #address: number | undefined;
  readonly #stored = new Map<string, StoredChunk>();
  /** Chunks not yet complete, the one touched longest ago first. */
  readonly #waiting = new Map<string, WaitingChunk>();
  #running = new Set<Promise<void>>();

  constructor(place: DatasetPlace, spec: HdfDatasetSpec) {
    this.#place = place;
    this.dtype = spec.dtype;
    this.#shape = [...spec.shape];
    this.#elementBytes = storedSize(spec.dtype);
    this.#level = spec.compressionLevel ?? 0;
    this.#unlimited = spec.unlimited;
    this.#type = spec.characters ? fixedText(1) : encodeType(spec.dtype);
    this.#fill = spec.fillValue === undefined ? undefined : this.#fillBytes(spec.fillValue);
    this.#check(spec);
    const isChunked =
      spec.chunkShape !== undefined || this.#level > 0 || (spec.unlimited?.some((axis) => axis) ?? false);
    // A scalar has nothing to cut; it is stored in one piece, uncompressed.
    if (isChunked && spec.shape.length > 0) {
      this.#chunkShape = spec.chunkShape ?? defaultChunkShape(spec.shape, this.#elementBytes);
    }
  }

  get rank(): number {
    return this.#shape.length;
  }

  get shape(): readonly number[] {
    return this.#shape;
  }

  /** Writes values at `start`; see {@link HdfWriter.write}. */
  async write(values: NdArray, start: readonly number[]): Promise<void> {
    this.#checkValues(values, start);
    if (values.size === 0) return;
    const bytes = encodeValues(values.values(), this.dtype, this.#place.heap);
    await this.#place.heap.flush(false);
    if (this.#chunkShape === undefined) await this.#writeContiguous(bytes, values.shape, start);
    else await this.#writeChunks(this.#chunkShape, bytes, values.shape, start);
  }

  /**
   * Stores a chunk that was compressed before, where that is how this dataset stores its chunks and nothing else is there.
   *
   * @returns Whether it was stored.
   */
  async writeCompressed({ shape, bytes }: CompressedChunk, start: readonly number[]): Promise<boolean> {
    const chunkShape = this.#chunkShape;
    const isOurs = this.#level > 0 && this.dtype !== "string" && String(shape) === String(chunkShape);
    if (chunkShape === undefined || !isOurs || this.#fill !== undefined || this.#unlimited?.includes(true))
      return false;
    const index = start.map((from, axis) => from / (chunkShape[axis] as number));
    const isInside = start.every((from, axis) => from >= 0 && from < (this.#shape[axis] as number));
    const key = index.join(",");
    if (!index.every(Number.isInteger) || !isInside || this.#waiting.has(key) || this.#stored.has(key)) return false;
    const address = this.#place.output.allocate(bytes.length);
    this.#stored.set(key, { index, address, bytes: bytes.length });
    await this.#place.output.write(address, bytes);
    return true;
  }

  /** Stores what waits. @returns The messages of the dataset's header. */
  async finish(): Promise<Message[]> {
    for (const key of [...this.#waiting.keys()]) await this.#store(key);
    await Promise.all(this.#running);
    const { output } = this.#place;
    const space = { shape: this.#shape, unlimited: this.#unlimited };
    if (this.#chunkShape === undefined) {
      const bytes = product(this.#shape) * this.#elementBytes;
      return datasetMessages(this.#type, space, { kind: "contiguous", address: this.#address, bytes }, this.#fill);
    }
    const layout = { chunkShape: this.#chunkShape, elementBytes: this.#elementBytes };
    const index = await writeChunkTree(output, [...this.#stored.values()], layout);
    const chunked = { kind: "chunked" as const, index, compressionLevel: this.#level, ...layout };
    return datasetMessages(this.#type, space, chunked, this.#fill);
  }

  async #writeContiguous(bytes: Buffer, shape: readonly number[], start: readonly number[]): Promise<void> {
    const { output } = this.#place;
    this.#address ??= output.allocate(product(this.#shape) * this.#elementBytes);
    for (const { from, to, length } of innerStretch(shape, this.#shape, start)) {
      const size = this.#elementBytes;
      await output.write(this.#address + to * size, bytes.subarray(from * size, (from + length) * size));
    }
  }

  async #writeChunks(
    chunkShape: readonly number[],
    bytes: Buffer,
    shape: readonly number[],
    start: readonly number[],
  ): Promise<void> {
    const first = start.map((from, axis) => Math.floor(from / (chunkShape[axis] as number)));
    const last = start.map((from, axis) =>
      Math.floor((from + (shape[axis] as number) - 1) / (chunkShape[axis] as number)),
    );
    for (const index of indicesBetween(first, last)) {
      const origin = index.map((position, axis) => position * (chunkShape[axis] as number));
      const chunk = await this.#chunk(index, product(chunkShape) * this.#elementBytes);
      chunk.missing -= copyBox(
        { bytes, shape, origin: start },
        { bytes: chunk.bytes, shape: chunkShape, origin },
        this.#elementBytes,
      );
      if (chunk.missing <= 0) await this.#store(index.join(","));
    }
    while (this.#waiting.size * product(chunkShape) * this.#elementBytes > WAITING_BYTES) {
      await this.#store(this.#waiting.keys().next().value as string);
    }
  }

  /** A chunk to write to: new, waiting, or read back. */
  async #chunk(index: readonly number[], bytes: number): Promise<WaitingChunk> {
    const key = index.join(",");
    const waiting = this.#waiting.get(key);
    if (waiting) {
      this.#waiting.delete(key);
      this.#waiting.set(key, waiting);
      return waiting;
    }
    if (!this.#stored.has(key)) await Promise.all(this.#running);
    const stored = this.#stored.get(key);
    const chunk: WaitingChunk = {
      index,
      bytes: stored ? await this.#readBack(stored) : this.#emptyChunk(bytes),
      // What was stored early may be complete already; it is stored again at the latest at the end.
      missing: stored ? Number.POSITIVE_INFINITY : this.#elementsIn(index),
    };
    this.#waiting.set(key, chunk);
    return chunk;
  }

  /** Elements of a chunk that lie in the dataset; along an unlimited axis all of them may come. */
  #elementsIn(index: readonly number[]): number {
    const lengths = (this.#chunkShape ?? []).map((length, axis) => {
      const room = (this.#shape[axis] as number) - (index[axis] as number) * length;
      return this.#unlimited?.[axis] ? length : Math.min(length, room);
    });
    return product(lengths);
  }

  async #readBack({ address, bytes }: StoredChunk): Promise<Buffer> {
    return await undoFilters(await this.#place.output.read(address, bytes), this.#elementBytes, this.#level);
  }

  /** Compresses and writes a chunk, beside others; waits while too many are on their way. */
  async #store(key: string): Promise<void> {
    const chunk = this.#waiting.get(key);
    if (chunk === undefined) return;
    this.#waiting.delete(key);
    while (this.#running.size >= CONCURRENCY) await Promise.race(this.#running);
    const storing = this.#compressAndWrite(key, chunk).finally(() => this.#running.delete(storing));
    this.#running.add(storing);
    // Its failure is seen where the running ones are awaited; until then it must not count as unhandled.
    storing.catch(() => undefined);
    // Nothing is gained by writing raw bytes beside each other, and order is kept.
    if (this.#level === 0) await storing;
  }

  async #compressAndWrite(key: string, { index, bytes }: WaitingChunk): Promise<void> {
    const { output } = this.#place;
    const filtered = await applyFilters(bytes, this.#elementBytes, this.#level);
    const address = output.allocate(filtered.length);
    this.#stored.set(key, { index, address, bytes: filtered.length });
    await output.write(address, filtered);
  }

  #fillBytes(value: number | bigint): Buffer {
    const { dtype } = this;
    if (dtype === "string" || dtype === "bool") this.#refuse(`it is ${dtype}, which has no fill value.`);
    try {
      const values = allocate(dtype, 1) as (number | bigint)[] | Float64Array;
      (values as (number | bigint)[])[0] = dtype.endsWith("int64") ? BigInt(value) : Number(value);
      return encodeValues(values as NdArray["data"], dtype, this.#place.heap);
    } catch (error) {
      if (error instanceof RangeError) this.#refuse(`its fill value ${value} is no ${dtype}.`);
      throw error;
    }
  }

  /** Bytes of the chunks that are still to be filled hold the fill value. */
  #emptyChunk(bytes: number): Buffer {
    return this.#fill ? Buffer.alloc(bytes, this.#fill) : Buffer.alloc(bytes);
  }

  #check({ dtype, shape, chunkShape, unlimited, characters, compressionLevel = 0 }: HdfDatasetSpec): void {
    const isLength = (length: number): boolean => Number.isSafeInteger(length) && length >= 0;
    if (!shape.every(isLength) || shape.length > 32) this.#refuse(`its shape [${shape}] is no shape of HDF5.`);
    if (![0, 1, 2, 3, 4, 5, 6, 7, 8, 9].includes(compressionLevel)) {
      this.#refuse(`compression level ${compressionLevel} is not an integer of 0 to 9.`);
    }
    if (characters && dtype !== "uint8") this.#refuse(`it is ${dtype}; characters are given as uint8.`);
    if (unlimited && unlimited.length !== shape.length) this.#refuse("say for each dimension whether it is unlimited.");
    if (chunkShape === undefined) return;
    const fits = chunkShape.length === shape.length && chunkShape.every((length) => isLength(length) && length > 0);
    if (!fits || product(chunkShape) * this.#elementBytes > MAX_CHUNK_BYTES) {
      this.#refuse(`its chunk shape [${chunkShape}] does not fit its shape [${shape}], or is beyond 4 GiB.`);
    }
  }

  /** Checks values, and grows the dataset to hold them. */
  #checkValues(values: NdArray, start: readonly number[]): void {
    if (values.dtype !== this.dtype) this.#refuse(`it is ${this.dtype}, the values are ${values.dtype}.`);
    if (values.shape.length !== this.rank || start.length !== this.rank) {
      this.#refuse(
        `it has ${this.rank} dimensions; the values have ${values.shape.length}, their start ${start.length}.`,
      );
    }
    const grown = this.#shape.map((length, axis) => {
      const end = (start[axis] as number) + (values.shape[axis] as number);
      const isPosition = Number.isSafeInteger(start[axis]) && (start[axis] as number) >= 0;
      if (!isPosition || (end > length && !this.#unlimited?.[axis])) {
        this.#refuse(`[${start[axis]}, ${end}) is outside dimension ${axis} of length ${length}, which cannot grow.`);
      }
      return Math.max(length, end);
    });
    this.#shape = grown;
  }

  #refuse(problem: string): never {
    throw new WriteFailedError(this.#place.output.location, `"${this.#place.path}": ${problem}`);
  }
}

interface WaitingChunk {
  readonly index: readonly number[];
  readonly bytes: Buffer;
  /** Elements still to come. */
  missing: number;
}

/** Chunks of about a megabyte, whole in the last axes: rows are what is written and read most. */
export function defaultChunkShape(shape: readonly number[], elementBytes: number): number[] {
  const chunk = shape.map(() => 1);
  let room = Math.max(1, Math.floor(CHUNK_BYTES / elementBytes));
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    // A dimension that starts empty will grow.
    const length = shape[axis] || 1024;
    chunk[axis] = Math.min(length, room);
    room = Math.max(1, Math.floor(room / length));
  }
  return chunk;
}

function* indicesBetween(first: readonly number[], last: readonly number[]): Generator<number[]> {
  const at = [...first];
  for (;;) {
    yield [...at];
    let axis = at.length - 1;
    for (; axis >= 0; axis--) {
      at[axis] = (at[axis] as number) + 1;
      if ((at[axis] as number) <= (last[axis] as number)) break;
      at[axis] = first[axis] as number;
    }
    if (axis < 0) return;
  }
}

function product(lengths: readonly number[]): number {
  return lengths.reduce((product, length) => product * length, 1);
}
