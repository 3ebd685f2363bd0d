import {
  bytesPerElement,
  type DataOf,
  type DType,
  FileClosedError,
  FileUnreadableError,
  ReadFailedError,
  type SourceFile,
  type SourceOptions,
} from "../../core/index.ts";
import { forEachRecord, RecordProblem } from "./records.ts";
import type { TableFormat } from "./table-format.ts";
import { checkCount, indexTable, type TableBlock, type TableIndex, wrongField } from "./table-index.ts";
import { ColumnParser } from "./values.ts";

type Columns = readonly DataOf<DType>[];

/** An open file of records, of which blocks are parsed when they are read. */
export class CsvTable {
  readonly location: string;
  readonly index: TableIndex;
  readonly version: string;
  readonly #file: SourceFile;
  readonly #format: TableFormat & { readonly delimiter: string };
  readonly #cacheBytes: number;
  /** Parsed blocks, the least recently used first. */
  readonly #blocks = new Map<TableBlock, { readonly columns: Promise<Columns>; readonly bytes: number }>();
  #cachedBytes = 0;
  #isClosed: boolean = false;

  private constructor(
    file: SourceFile,
    index: TableIndex,
    about: { readonly format: TableFormat & { readonly delimiter: string }; readonly cacheBytes: number },
  ) {
    this.location = file.location;
    this.version = file.version;
    this.index = index;
    this.#file = file;
    this.#format = about.format;
    this.#cacheBytes = about.cacheBytes;
  }

  /** Reads the file once, for its types and its index. Closes it on failure. @throws {@link FileUnreadableError} */
  static async open(
    file: SourceFile,
    about: { readonly format: TableFormat & { readonly delimiter: string }; readonly cacheBytes: number },
    options: SourceOptions,
  ): Promise<CsvTable> {
    try {
      return new CsvTable(file, await indexTable(file, about.format, options), about);
    } catch (error) {
      await file.close();
      if (!(error instanceof RecordProblem)) throw error;
      throw new FileUnreadableError(file.location, `line ${error.line}: ${error.message}.`, { cause: error });
    }
  }

  /** Elements `start`, `start + step`, …, `count` of them, of one column. */
  async read(
    column: number,
    { start, step, count }: { readonly start: number; readonly step: number; readonly count: number },
    options: SourceOptions,
  ): Promise<DataOf<DType>> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    const { columns, blocks } = this.index;
    const target = this.#parser(column).allocate(count);
    const into = target as unknown[];
    const last = start + (count - 1) * step;
    for (let at = this.#blockOf(start); count > 0 && at < blocks.length; at++) {
      const block = blocks[at] as TableBlock;
      if (block.firstRow > last) break;
      const first = Math.max(0, Math.ceil((block.firstRow - start) / step));
      const end = Math.min(count, Math.ceil((block.firstRow + block.rows - start) / step));
      if (first >= end) continue;
      const values = (await this.#parsed(block, columns.length, options))[column] as ArrayLike<unknown>;
      options.signal?.throwIfAborted();
      for (let i = first; i < end; i++) into[i] = values[start + i * step - block.firstRow];
    }
    this.#checkOpen();
    return target;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#blocks.clear();
    await this.#file.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new FileClosedError(this.location);
  }

  #parser(column: number): ColumnParser {
    const { parsed } = this.index.columns[column] as TableIndex["columns"][number];
    return new ColumnParser(parsed, this.#format);
  }

  /** The block that holds a row. */
  #blockOf(row: number): number {
    const { blocks } = this.index;
    let low = 0;
    let high = blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { firstRow, rows } = blocks[middle] as TableBlock;
      if (firstRow + rows <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All columns of a block: a table is mostly read column by column, and parsing costs more than keeping. */
  async #parsed(block: TableBlock, count: number, options: SourceOptions): Promise<Columns> {
    const held = this.#blocks.get(block);
    if (held !== undefined) {
      this.#blocks.delete(block);
      this.#blocks.set(block, held);
      return await held.columns;
    }
    const width = this.index.columns.reduce((total, { parsed }) => total + bytesPerElement(parsed.dtype), 0);
    const bytes = block.rows * width + (block.stop - block.start) * (width > 64 * count ? 2 : 0);
    // Not with the signal of one reader: others may wait for the same block.
    const columns = this.#parse(block);
    if (bytes <= this.#cacheBytes) {
      this.#blocks.set(block, { columns, bytes });
      this.#cachedBytes += bytes;
      for (const [oldest, { bytes: oldBytes }] of this.#blocks) {
        if (this.#cachedBytes <= this.#cacheBytes) break;
        this.#blocks.delete(oldest);
        this.#cachedBytes -= oldBytes;
      }
      columns.catch(() => {
        if (this.#blocks.delete(block)) this.#cachedBytes -= bytes;
      });
    }
    options.signal?.throwIfAborted();
    return await columns;
  }

  async #parse(block: TableBlock): Promise<Columns> {
    const { columns } = this.index;
    const parsers = columns.map((_, i) => this.#parser(i));
    const arrays = parsers.map((parser) => parser.allocate(block.rows));
    let row = 0;
    try {
      await forEachRecord(
        this.#file,
        block,
        this.#format,
        ({ fields, line }) => {
          checkCount(columns, fields, line);
          for (let i = 0; i < columns.length; i++) {
            const value = (parsers[i] as ColumnParser).parse(fields[i] as string);
            if (value === undefined) {
              const { name, parsed } = columns[i] as TableIndex["columns"][number];
              throw wrongField(name, { field: fields[i] as string, line, type: parsed.type });
            }
            (arrays[i] as unknown[])[row] = value;
          }
          row++;
        },
        {},
      );
    } catch (error) {
      if (!(error instanceof RecordProblem)) throw error;
      throw new ReadFailedError(this.location, `line ${error.line}: ${error.message}.`, { cause: error });
    }
    if (row !== block.rows) {
      throw new ReadFailedError(
        this.location,
        `line ${block.line} and those after it have ${row} records, and had ${block.rows}.`,
      );
    }
    return arrays;
  }
}
