import { ReadFailedError } from "../../core/index.ts";
import { basketHeader, maxHeaderBytes } from "./basket-header.ts";
import type { OpenRootFile } from "./open-root-file.ts";
import type { BasketBytes, DecodedBasket, RawColumn } from "./worker/protocol.ts";

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of baskets that are read and decoded at a time. */
const BATCH_BYTES = 16e6;
/** Bytes between two baskets that are rather read than skipped. */
const GAP_BYTES = 64e3;
/** Baskets whose headers are read at a time. */
const HEADERS_AT_ONCE = 16;

/** Where a column lies. */
export interface ColumnPlace {
  /** From the root of the dataset, for messages. */
  readonly path: string;
  /** Names as the baskets have them. */
  readonly branchName: string;
  readonly treeTitle: string;
}

/** A batch of baskets: some that are decoded already, and the bytes of the others. */
interface Batch {
  readonly numbers: readonly number[];
  readonly known: Map<number, DecodedBasket>;
  readonly missing: readonly number[];
  readonly buffers: readonly Uint8Array[];
  readonly baskets: readonly BasketBytes[];
}

/** Reads the baskets of one branch. */
export class BasketReader {
  readonly column: RawColumn;
  readonly path: string;
  readonly #file: OpenRootFile;
  readonly #place: ColumnPlace;
  readonly #prefix: string;

  constructor(file: OpenRootFile, column: RawColumn, place: ColumnPlace) {
    this.#file = file;
    this.column = column;
    this.path = place.path;
    this.#place = place;
    this.#prefix = `${file.prefix}${place.path}:`;
  }

  /** How many baskets there are. */
  get count(): number {
    return this.column.baskets.positions.length;
  }

  /** Fails as reading would: when the file is closed, or hangs the worker. */
  check(): void {
    this.#file.check();
  }

  /** Baskets, decoded, in the order asked for; some at a time, so that memory is bounded. */
  async *read(numbers: readonly number[], options: Options = {}): AsyncGenerator<readonly [number, DecodedBasket]> {
    const groups = this.#batches(numbers);
    const prepare = (group: readonly number[] | undefined): Promise<Batch> | undefined => {
      const batch = group && this.#bytesOf(group, options);
      batch?.catch(() => undefined); // it is awaited below, unless what comes before fails
      return batch;
    };
    let next = prepare(groups[0]);
    for (let index = 1; next !== undefined; index++) {
      const batch = await next;
      // The bytes of the next batch are read while this one is decoded.
      next = prepare(groups[index]);
      await this.#decode(batch, options);
      for (const number of batch.numbers) yield [number, batch.known.get(number) as DecodedBasket];
    }
  }

  /**
   * The first element of each basket of jagged values, and their number. From the headers of the baskets, which say how
   * many bytes they have: nothing is decompressed.
   */
  async elementStarts(options: Options = {}): Promise<Float64Array> {
    const counts = new Float64Array(this.count);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let number = next++; number < counts.length; number = next++) {
        counts[number] = await this.#elementsOf(number, options);
      }
    };
    await Promise.all(Array.from({ length: HEADERS_AT_ONCE }, work));
    return startsOf(counts);
  }

  /** @throws Always: a coded error that names the file and the variable. */
  fail(problem: string): never {
    throw new ReadFailedError(this.#file.location, `"${this.path}": ${problem}.`);
  }

  #entriesOf(number: number): number {
    const { entries } = this.column.baskets;
    return (entries[number + 1] as number) - (entries[number] as number);
  }

  async #elementsOf(number: number, options: Options): Promise<number> {
    const { layout, baskets } = this.column;
    const entries = this.#entriesOf(number);
    const embedded = baskets.embedded.get(number)?.frame;
    const { last, keyBytes } = embedded ?? (await this.#headerOf(number, options));
    const elements = (last - keyBytes - entries * layout.headerBytes) / (layout.itemBytes * layout.perRow);
    if (Number.isInteger(elements) && elements >= 0) return elements;
    // Empty arrays behind pointers may lack their flag.
    if (layout.headerBytes === 1) return (await this.#countsOf(number, options)).reduce((sum, count) => sum + count, 0);
    return this.fail(`basket ${number} has ${last - keyBytes} bytes for ${entries} entries`);
  }

  async #countsOf(number: number, options: Options): Promise<Uint32Array> {
    for await (const [, { counts }] of this.read([number], options)) if (counts) return counts;
    return new Uint32Array();
  }

  async #headerOf(number: number, options: Options): Promise<{ readonly last: number; readonly keyBytes: number }> {
    const { positions, bytes } = this.column.baskets;
    const { branchName, treeTitle } = this.#place;
    const length = Math.min(bytes[number] as number, maxHeaderBytes(branchName, treeTitle));
    const header = new Uint8Array(this.#checkedLength(number, length));
    await this.#file.read(header, positions[number] as number, options);
    try {
      const { className, name, last, keyBytes, entries } = basketHeader(header);
      if (className === "TBasket" && name === branchName && entries === this.#entriesOf(number))
        return { last, keyBytes };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return this.fail(`basket ${number} is damaged`);
  }

  /** Consecutive runs of baskets of bounded size. */
  #batches(numbers: readonly number[]): number[][] {
    const { bytes, embedded } = this.column.baskets;
    const batches: number[][] = [];
    let room = 0;
    for (const number of numbers) {
      const size = embedded.get(number)?.bytes.length ?? (bytes[number] as number);
      if (size > room || batches.length === 0) {
        batches.push([]);
        room = BATCH_BYTES;
      }
      room -= size;
      batches.at(-1)?.push(number);
    }
    return batches;
  }

  async #bytesOf(numbers: readonly number[], options: Options): Promise<Batch> {
    const known = new Map<number, DecodedBasket>();
    const missing: number[] = [];
    for (const number of numbers) {
      const decoded = this.#file.cache.get(this.#prefix + number);
      if (decoded === undefined) missing.push(number);
      else known.set(number, decoded as DecodedBasket);
    }
    const { positions, bytes, embedded } = this.column.baskets;
    const buffers: Uint8Array[] = [];
    const baskets: BasketBytes[] = [];
    const reads: Promise<void>[] = [];
    let run: { start: number; end: number } | undefined;
    const finish = (): void => {
      if (run === undefined) return;
      const buffer = new Uint8Array(run.end - run.start);
      reads.push(this.#file.read(buffer, run.start, options));
      buffers.push(buffer);
      run = undefined;
    };
    for (const number of missing) {
      const about = { entries: this.#entriesOf(number), name: this.#place.branchName };
      const inTree = embedded.get(number);
      if (inTree) {
        finish();
        buffers.push(new Uint8Array(inTree.bytes));
        const place = { buffer: buffers.length - 1, start: 0, length: inTree.bytes.length };
        baskets.push({ ...about, ...place, embedded: inTree.frame });
        continue;
      }
      const position = positions[number] as number;
      const length = this.#checkedLength(number, bytes[number] as number);
      if (run && (position < run.end || position > run.end + GAP_BYTES)) finish();
      run ??= { start: position, end: position };
      run.end = position + length;
      baskets.push({ ...about, buffer: buffers.length, start: position - run.start, length, embedded: undefined });
    }
    finish();
    await Promise.all(reads);
    return { numbers, known, missing, buffers, baskets };
  }

  /** A basket that is not inside the file is not asked for, however long it says it is. */
  #checkedLength(number: number, length: number): number {
    const position = this.column.baskets.positions[number] as number;
    if (length > 0 && position + length <= this.#file.bytes) return length;
    return this.fail(
      `basket ${number} lies at bytes ${position} to ${position + length} of ${this.#file.bytes}; the file may be cut short`,
    );
  }

  async #decode({ known, missing, buffers, baskets }: Batch, options: Options): Promise<void> {
    if (missing.length === 0) return;
    const decoded = await this.#file.decode({ layout: this.column.layout, buffers, baskets }, this.path, options);
    missing.forEach((number, index) => {
      const basket = decoded[index] as DecodedBasket;
      known.set(number, basket);
      this.#file.cache.set(this.#prefix + number, basket);
    });
  }
}

/** Where each part begins, and the end of the last. */
export function startsOf(counts: ArrayLike<number>): Float64Array {
  const starts = new Float64Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) starts[i + 1] = (starts[i] as number) + (counts[i] as number);
  return starts;
}
