import type { SourceFile, SourceOptions } from "../../core/index.ts";
import { ColumnGuess, statedType } from "./column-guess.ts";
import { type CsvRecord, forEachRecord, RecordProblem } from "./records.ts";
import { parseHeader, type TableFormat } from "./table-format.ts";
import { ColumnParser, type ParsedType } from "./values.ts";

/** Bytes of text of a block: what is parsed to read one row. */
const BLOCK_BYTES = 256 << 10;

/** A column of a table. */
export interface TableColumn {
  readonly name: string;
  /** As in the file, where the name had to be changed. */
  readonly header: string;
  readonly unit: string | undefined;
  readonly parsed: ParsedType;
}

/** Consecutive records, and where they lie. */
export interface TableBlock {
  readonly firstRow: number;
  readonly rows: number;
  readonly start: number;
  readonly stop: number;
  readonly line: number;
}

/** What one pass over a file finds out. */
export interface TableIndex {
  readonly columns: readonly TableColumn[];
  readonly rows: number;
  readonly blocks: readonly TableBlock[];
}

/**
 * Reads a file once, in bounded memory: names and types of its columns, and where its records lie.
 *
 * @throws RecordProblem; what the source throws.
 */
export async function indexTable(
  file: SourceFile,
  format: TableFormat & { readonly delimiter: string },
  options: SourceOptions,
): Promise<TableIndex> {
  const indexer = new Indexer(format);
  const range = { start: 0, stop: file.bytes, line: 1 };
  await forEachRecord(file, range, format, (record) => indexer.add(record), options);
  return indexer.finish();
}

interface OpenColumn extends Omit<TableColumn, "parsed"> {
  readonly guess: ColumnGuess | undefined;
  readonly stated: { readonly parsed: ParsedType; readonly parser: ColumnParser } | undefined;
  hasGaps: boolean;
}

class Indexer {
  readonly #format: TableFormat;
  readonly #missing: ReadonlySet<string>;
  readonly #blocks: TableBlock[] = [];
  #columns: OpenColumn[] | undefined;
  #rows = 0;
  /** Of the block that is being made. */
  #block: { firstRow: number; start: number; line: number } = { firstRow: 0, start: 0, line: 1 };
  #end = 0;

  constructor(format: TableFormat) {
    this.#format = format;
    this.#missing = new Set(format.missing);
  }

  add({ fields, line, end }: CsvRecord): void {
    const isSkipped = line <= this.#format.skipLines;
    const isHeader = this.#columns === undefined && !isSkipped && this.#format.header;
    if (!isSkipped) this.#columns ??= this.#begin(fields, line);
    if (this.#columns === undefined || isHeader) {
      this.#block = { firstRow: 0, start: end, line: line + 1 };
      return;
    }
    this.#addRow(this.#columns, fields, line);
    this.#rows++;
    this.#end = end;
    if (end - this.#block.start >= BLOCK_BYTES) {
      this.#closeBlock();
      this.#block = { firstRow: this.#rows, start: end, line: line + 1 };
    }
  }

  finish(): TableIndex {
    if (this.#columns === undefined) throw new RecordProblem(1, "there is no header and no record");
    this.#closeBlock();
    const columns = this.#columns.map(({ name, header, unit, guess, stated, hasGaps }): TableColumn => {
      const parsed = guess?.finish() ?? (stated as NonNullable<typeof stated>).parsed;
      return { name, header, unit, parsed: hasGaps || guess ? parsed : gapless(parsed) };
    });
    return { columns, rows: this.#rows, blocks: this.#blocks };
  }

  #closeBlock(): void {
    const { firstRow, start, line } = this.#block;
    if (this.#rows > firstRow)
      this.#blocks.push({ firstRow, rows: this.#rows - firstRow, start, stop: this.#end, line });
  }

  #addRow(columns: readonly OpenColumn[], fields: readonly string[], line: number): void {
    checkCount(columns, fields, line);
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i] as OpenColumn;
      const field = fields[i] as string;
      if (column.guess) column.guess.add(field);
      else {
        const { parser, parsed } = column.stated as NonNullable<OpenColumn["stated"]>;
        const isGap = parsed.fillValue !== undefined && this.#missing.has(field.trim());
        column.hasGaps ||= isGap;
        if (isGap || parser.parse(field) !== undefined) continue;
        throw wrongField(column.name, { field, line, type: parsed.type });
      }
    }
  }

  #begin(first: readonly string[], line: number): OpenColumn[] {
    const { header, columns: known } = this.#format;
    const columns = first.map((field, i): OpenColumn => {
      const { name, unit } = header ? parseHeader(field, this.#format) : { name: "", unit: undefined };
      // A slash would be a path of groups.
      const shown = (name === "" ? `column_${i + 1}` : name).replaceAll("/", "_");
      const about = Object.hasOwn(known, shown) ? known[shown] : undefined;
      const parsed = about?.type === undefined ? undefined : statedType(about.type);
      return {
        name: shown === "." ? "_" : shown,
        header: name === "" ? shown : name,
        unit: about?.unit ?? unit,
        guess: parsed ? undefined : new ColumnGuess(this.#format),
        stated: parsed && { parsed, parser: new ColumnParser(gapless(parsed), this.#format) },
        hasGaps: false,
      };
    });
    const names = columns.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined)
      throw new RecordProblem(line, `two columns are named "${twice}". Rename one in the header`);
    const unknown = Object.keys(known).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new RecordProblem(
        line,
        `the option \`columns\` names "${unknown}", which is not there: ${names.join(", ")}`,
      );
    }
    return columns;
  }
}

function gapless({ type, dtype }: ParsedType): ParsedType {
  return { type, dtype };
}

/** Refuses a record with more or fewer fields than there are columns. */
export function checkCount(columns: readonly unknown[], fields: readonly string[], line: number): void {
  if (fields.length === columns.length) return;
  throw new RecordProblem(line, `it has ${fields.length} fields, and there are ${columns.length} columns`);
}

/** A field that is not of its column's type. */
export function wrongField(
  column: string,
  { field, line, type }: { readonly field: string; readonly line: number; readonly type: string },
): RecordProblem {
  return new RecordProblem(line, `column "${column}": ${JSON.stringify(field.slice(0, 60))} is no ${type}`);
}
