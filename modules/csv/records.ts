import { readBytes, type SourceFile, type SourceOptions } from "../../core/index.ts";
import type { TableFormat } from "./table-format.ts";

/** Bytes that are read at once. */
const READ_BYTES = 1 << 20;

/** A record, and where it ends. */
export interface CsvRecord {
  readonly fields: readonly string[];
  /** Line of its end, the first is 1. */
  readonly line: number;
  /** Where the next record begins, in bytes from the start of the file. */
  readonly end: number;
}

/** A line that is no record. */
export class RecordProblem extends Error {
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

/** What part of a file is parsed. */
export interface RecordRange {
  readonly start: number;
  readonly stop: number;
  /** Line on which `start` lies. */
  readonly line: number;
}

type Format = TableFormat & { readonly delimiter: string };

/**
 * Parses records one after another, in bounded memory. As long as no quote comes, a record is a line, which is split here,
 * many times faster than by csv-parse; from the first quote on it is csv-parse that reads.
 *
 * @throws RecordProblem; what the source throws; what `onRecord` throws.
 */
export async function forEachRecord(
  file: SourceFile,
  range: RecordRange,
  format: Format,
  onRecord: (record: CsvRecord) => void,
  options: SourceOptions,
): Promise<void> {
  const rest = await splitLines(file, range, format, onRecord, options);
  if (rest !== undefined) await parseQuoted(file, rest, format, onRecord, options);
}

/** Records up to the first quote; what is left then. */
async function splitLines(
  file: SourceFile,
  { start, stop, line }: RecordRange,
  format: Format,
  onRecord: (record: CsvRecord) => void,
  options: SourceOptions,
): Promise<RecordRange | undefined> {
  const quote = Buffer.from(format.quote);
  let at = start;
  let count = line;
  while (at < stop) {
    options.signal?.throwIfAborted();
    const read = Buffer.from(await readBytes(file, at, Math.min(READ_BYTES, stop - at), options));
    const isLast = at + read.length === stop;
    const end = isLast ? read.length : read.lastIndexOf(NEWLINE) + 1;
    // Of a very long record the other parser knows what to do.
    if (end === 0 || read.includes(quote)) return { start: at, stop, line: count };
    const hasMark = at === 0 && read[0] === 0xef && read[1] === 0xbb && read[2] === 0xbf;
    const bytes = read.subarray(hasMark ? 3 : 0, end);
    const text = checkText(bytes, new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }), count);
    count = splitText(
      text,
      { offset: at + end - bytes.length, isAscii: text.length === bytes.length, line: count },
      format,
      onRecord,
    );
    at += end;
  }
  return undefined;
}

const NEWLINE = 10;

/** The lines of a text as records; gives the number of the line after them. */
function splitText(
  text: string,
  { offset, isAscii, line }: { readonly offset: number; readonly isAscii: boolean; readonly line: number },
  { delimiter, comment, maxRecordBytes }: Format,
  onRecord: (record: CsvRecord) => void,
): number {
  let number = line;
  let end = offset;
  for (let from = 0; from < text.length; number++) {
    const newline = text.indexOf("\n", from);
    const next = newline < 0 ? text.length : newline + 1;
    const last = newline < 0 ? next : newline;
    const record = text.slice(from, text[last - 1] === "\r" && last > from ? last - 1 : last);
    end += isAscii ? next - from : Buffer.byteLength(text.slice(from, next));
    from = next;
    if (record === "" || (comment !== undefined && record.startsWith(comment))) continue;
    if (record.length > maxRecordBytes) throw new RecordProblem(number, TOO_LONG);
    if (record.includes("\r")) throw new RecordProblem(number, LONE_RETURN);
    onRecord({ fields: record.split(delimiter), line: number, end });
  }
  return number;
}

const LONE_RETURN =
  "a carriage return stands in it without a quote. Lines end in LF or CR LF; convert a file that has CR alone: tr '\\r' '\\n'";
const TOO_LONG = "its record is longer than `maxRecordBytes` allows; a quote may be missing";

async function parseQuoted(
  file: SourceFile,
  { start, stop, line }: RecordRange,
  format: Format,
  onRecord: (record: CsvRecord) => void,
  options: SourceOptions,
): Promise<void> {
  const { parse } = await import("csv-parse");
  let failure: { readonly error: unknown } | undefined;
  const parser = parse({
    delimiter: format.delimiter,
    quote: format.quote,
    escape: format.quote,
    comment: format.comment ?? null,
    comment_no_infix: true,
    record_delimiter: ["\n", "\r\n"],
    bom: start === 0,
    skip_empty_lines: true,
    // Told with line and column by who knows the header.
    relax_column_count: true,
    max_record_size: format.maxRecordBytes,
    on_record: (fields: string[], { bytes, lines }: { bytes: number; lines: number }) => {
      onRecord({ fields, line: line + lines - 1, end: start + bytes });
      return null;
    },
  });
  parser.on("error", (error) => {
    failure ??= { error };
  });
  const check = (): void => {
    if (failure !== undefined) throw problemOf(failure.error, line, parser.info.lines);
  };
  const text = new TextDecoder("utf-8", { fatal: true });
  try {
    for (let at = start; at < stop; at += READ_BYTES) {
      options.signal?.throwIfAborted();
      const bytes = await readBytes(file, at, Math.min(READ_BYTES, stop - at), options);
      checkText(bytes, text, line + parser.info.lines - 1);
      await new Promise<void>((resolve) => parser.write(bytes, () => resolve()));
      check();
    }
    await new Promise<void>((resolve) => {
      parser.once("end", resolve);
      parser.once("error", () => resolve());
      parser.resume();
      parser.end();
    });
    check();
  } finally {
    parser.destroy();
  }
}

/** The text; refuses what is none in UTF-8. */
function checkText(bytes: Uint8Array, decoder: InstanceType<typeof TextDecoder>, firstLine: number): string {
  const nul = bytes.indexOf(0);
  if (nul >= 0)
    throw new RecordProblem(firstLine + newlines(bytes.subarray(0, nul)), "it holds a NUL, as no text does");
  try {
    return decoder.decode(bytes, { stream: true });
  } catch {
    throw new RecordProblem(
      firstLine,
      "it or one of the lines after it is not UTF-8. Convert the file: iconv -f latin1 -t utf-8",
    );
  }
}

function newlines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count++;
  return count;
}

function problemOf(error: unknown, firstLine: number, lines: number): unknown {
  const { code, message } = error as { readonly code?: unknown; readonly message: string };
  if (typeof code !== "string" || code.startsWith("TWIN_")) return error;
  const line = firstLine + lines - 1;
  switch (code) {
    case "CSV_MAX_RECORD_SIZE":
      return new RecordProblem(line, TOO_LONG);
    case "CSV_QUOTE_NOT_CLOSED":
      return new RecordProblem(line, "a quoted field does not end");
    case "INVALID_OPENING_QUOTE":
      return new RecordProblem(line, "a quote stands inside of a field that does not begin with one");
    case "CSV_INVALID_CLOSING_QUOTE":
      return new RecordProblem(line, "something follows the closing quote of a field; a quote in it is doubled");
    default:
      return new RecordProblem(line, message);
  }
}
