import type { DType } from "../../core/index.ts";

/** Type of a column: that of its elements, or times that become seconds. */
export type ColumnType = DType | "time";

/** What is known of a column beforehand. */
export interface ColumnOptions {
  /** Found out by looking at all values by default. */
  readonly type?: ColumnType | undefined;
  /** UDUNITS spelling; goes before one in the header. */
  readonly unit?: string | undefined;
}

/** How tables are written down. */
export interface TableFormat {
  /** Between fields: `","` by default, a tab in `.tsv` files. */
  readonly delimiter?: string | undefined;
  readonly quote: string;
  /** Begins lines that are passed over. */
  readonly comment?: string | undefined;
  /** Lines before the header that are passed over. */
  readonly skipLines: number;
  readonly header: boolean;
  readonly decimal: "." | ",";
  /** Fields that stand for no value, in columns of numbers. */
  readonly missing: readonly string[];
  /** How the header states units: `energy [MeV]`, `energy (MeV)`, or not. */
  readonly units: "brackets" | "parentheses" | "none";
  readonly columns: Readonly<Record<string, ColumnOptions>>;
  /** Name of the one dimension. */
  readonly dimension: string;
  /** Most bytes of a record. */
  readonly maxRecordBytes: number;
}

/** The delimiter of a file. */
export function delimiterOf({ delimiter }: TableFormat, location: string): string {
  return delimiter ?? (/\.tsv$/i.test(location) ? "\t" : ",");
}

/** Name and unit of a header: `energy [MeV]`. */
export function parseHeader(header: string, { units }: TableFormat): { readonly name: string; readonly unit?: string } {
  const text = header.trim();
  const match =
    units === "brackets"
      ? /^(.*\S)\s+\[([^[\]]*)\]$/s.exec(text)
      : units === "parentheses"
        ? /^(.*\S)\s+\(([^()]*)\)$/s.exec(text)
        : null;
  const [, name = text, unit = ""] = match ?? [];
  return unit === "" ? { name } : { name, unit };
}

/** The header that {@link parseHeader} reads so. */
export function headerOf(name: string, unit: string | undefined, format: TableFormat): string {
  const looksLikeUnit = parseHeader(name, format).name !== name;
  if (format.units === "none" || (unit === undefined && !looksLikeUnit)) return name;
  return format.units === "brackets" ? `${name} [${unit ?? ""}]` : `${name} (${unit ?? ""})`;
}
