import { z } from "zod";
import { Connector, definePlugin, many, type PluginFactory, Source } from "../../core/index.ts";
import { Csv } from "./csv.ts";
import type { ColumnOptions } from "./table-format.ts";

/** Options of {@link csv}. */
export interface CsvOptions {
  /** Between fields; a comma by default, a tab in `.tsv` files. */
  readonly delimiter?: string | undefined;
  /** Around fields that hold a delimiter; `"` by default. */
  readonly quote?: string;
  /** Begins lines that are passed over; none by default. */
  readonly comment?: string | undefined;
  /** Lines before the header that are passed over; 0 by default. */
  readonly skipLines?: number;
  /** Whether the first record names the columns; true by default. Otherwise they are `column_1`, `column_2`, …. */
  readonly header?: boolean;
  /** The decimal point; `.` by default. */
  readonly decimal?: "." | ",";
  /** Fields that stand for no value in columns of numbers. */
  readonly missing?: readonly string[];
  /** How the header states units: `energy [MeV]` (default), `energy (MeV)`, or not. */
  readonly units?: "brackets" | "parentheses" | "none";
  /** Types and units of columns, by name; types are found out by default. */
  readonly columns?: Readonly<Record<string, ColumnOptions>>;
  /** Name of the one dimension; `row` by default. */
  readonly dimension?: string;
  /** Bytes of parsed values kept in memory for neighbouring reads; 64 MB by default. */
  readonly cacheBytes?: number;
  /** Most bytes of a record; 1 MB by default. */
  readonly maxRecordBytes?: number;
}

const TYPES = [
  ...["float16", "float32", "float64", "int8", "int16", "int32", "int64"],
  ...["uint8", "uint16", "uint32", "uint64", "bool", "string", "time"],
] as NonNullable<ColumnOptions["type"]>[];

/**
 * Reads and writes tables of text: `.csv`, `.tsv`. One dimension, and a variable per column.
 *
 * Opening a file reads it once, in bounded memory, to find out types and where its records lie; reading rows then parses
 * only the part that holds them. Integers become int32, else int64 or uint64; what does not fit stays text. A record that
 * does not fit is `TWIN_FILE_UNREADABLE` with its line and column.
 *
 * @example
 * const tables = csv({ columns: { energy: { unit: "MeV" }, taken: { type: "time" } } });
 * await using twin = await createTwin({ plugins: { tables } });
 * await using events = await twin.tables.open("events.csv");
 * const first = await events.variables.energy?.read({ row: { stop: 100 } });
 */
export const csv: PluginFactory<CsvOptions, Csv> = definePlugin({
  name: "twinloom/modules/csv",
  version: "0.1.0",
  provides: Connector,
  needs: { sources: many(Source) },
  options: z.object({
    delimiter: z.string().length(1).optional().describe("Between fields; a comma by default, a tab in .tsv files."),
    quote: z.string().length(1).default('"').describe("Around fields that hold a delimiter."),
    comment: z.string().min(1).optional().describe("Begins lines that are passed over."),
    skipLines: z.number().int().min(0).default(0).describe("Lines before the header that are passed over."),
    header: z.boolean().default(true).describe("Whether the first record names the columns."),
    decimal: z.enum([".", ","]).default(".").describe("The decimal point."),
    missing: z
      .array(z.string())
      .readonly()
      .default(["", "NA", "N/A", "NaN", "nan", "NULL", "null"])
      .describe("Fields that stand for no value in columns of numbers."),
    units: z
      .enum(["brackets", "parentheses", "none"])
      .default("brackets")
      .describe("How the header states units: `energy [MeV]`, `energy (MeV)`, or not."),
    columns: z
      .record(z.string(), z.object({ type: z.enum(TYPES).optional(), unit: z.string().optional() }))
      .default({})
      .describe("Types and units of columns, by name; types are found out by default."),
    dimension: z.string().min(1).default("row").describe("Name of the one dimension."),
    cacheBytes: z
      .number()
      .int()
      .min(0)
      .default(64e6)
      .describe("Bytes of parsed values kept in memory for neighbouring reads."),
    maxRecordBytes: z.number().int().min(1).default(1e6).describe("Most bytes of a record."),
  }),
  create: ({ sources }, options) => new Csv(options, sources),
});

export type { Csv } from "./csv.ts";
export type { ColumnOptions, ColumnType } from "./table-format.ts";
