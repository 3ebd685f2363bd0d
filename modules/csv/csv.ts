import {
  type Connector,
  type Dataset,
  type OpenDataset,
  type OpenOptions,
  openSource,
  type Source,
  type WriteOptions,
} from "../../core/index.ts";
import { csvDataset } from "./csv-dataset.ts";
import { CsvTable } from "./csv-table.ts";
import { delimiterOf, type TableFormat } from "./table-format.ts";
import { writeTable } from "./write-table.ts";

/** Reads and writes tables of text. */
export class Csv implements Connector {
  readonly formats: readonly string[] = ["csv"];
  readonly extensions: readonly string[] = [".csv", ".tsv"];
  readonly #format: TableFormat;
  readonly #cacheBytes: number;
  readonly #sources: readonly Source[];

  constructor(settings: TableFormat & { readonly cacheBytes: number }, sources: readonly Source[] = []) {
    const { cacheBytes, ...format } = settings;
    this.#format = format;
    this.#cacheBytes = cacheBytes;
    this.#sources = sources;
  }

  /** By the ending, where the beginning can be text. */
  recognises(head: Uint8Array, location: string): boolean {
    const name = location.toLowerCase();
    return this.extensions.some((ending) => name.endsWith(ending)) && head.length > 0 && !head.some(isControl);
  }

  async open(location: string, options: OpenOptions = {}): Promise<OpenDataset> {
    const { signal } = options;
    const format = { ...this.#format, delimiter: delimiterOf(this.#format, location) };
    const file = await openSource(location, this.#sources, { signal });
    const table = await CsvTable.open(file, { format, cacheBytes: this.#cacheBytes }, { signal });
    return csvDataset(table, location, format.dimension);
  }

  async write(location: string, dataset: Dataset, options: WriteOptions = {}): Promise<void> {
    await writeTable(location, dataset, { ...options, format: this.#format });
  }
}

/** Bytes that no text has: control characters other than tab, newlines, form feed. */
function isControl(byte: number): boolean {
  return byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13;
}
