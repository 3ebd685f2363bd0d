import type { Table } from "../core/index.ts";

const MISSING = "–";
const DEFAULT_DIGITS = 4;

/**
 * A table for a terminal: two spaces between columns, text to the left, numbers with their decimal points under one
 * another, `null` as a dash, and the unit beside the column's name.
 *
 * @param table - Numbers get the column's significant `digits`, 4 by default; whole numbers are printed whole.
 */
export function formatTable(table: Pick<Table, "columns" | "rows">): string {
  const columns = table.columns.map(({ name, unit, digits }, index) => {
    const cells = table.rows.map((row) => row[index] ?? null);
    const numeric = cells.some((cell) => typeof cell === "number") && cells.every((cell) => typeof cell !== "string");
    return alignColumn(
      unit ? `${name} [${unit}]` : name,
      numeric ? alignNumbers(cells, digits) : cells.map(text),
      numeric,
    );
  });
  const height = table.rows.length + 1;
  return Array.from({ length: height }, (_, row) =>
    columns
      .map((column) => column[row])
      .join("  ")
      .trimEnd(),
  ).join("\n");
}

function text(cell: string | number | null): string {
  return cell === null ? MISSING : String(cell);
}

function alignColumn(head: string, cells: readonly string[], numeric: boolean): readonly string[] {
  const lines = [head, ...cells];
  const width = Math.max(...lines.map(displayWidth));
  return lines.map((line) => {
    const space = " ".repeat(width - displayWidth(line));
    return numeric ? space + line : line + space;
  });
}

function alignNumbers(cells: readonly (string | number | null)[], digits: number = DEFAULT_DIGITS): readonly string[] {
  const parts = cells.map((cell) => splitAtPoint(typeof cell === "number" ? formatNumber(cell, digits) : MISSING));
  const after = Math.max(...parts.map(([, right]) => right.length));
  return parts.map(([left, right]) => left + right.padEnd(after));
}

function splitAtPoint(number: string): readonly [string, string] {
  const at = number.search(/[.e]/);
  return at < 0 ? [number, ""] : [number.slice(0, at), number.slice(at)];
}

/** A number with so many significant digits; whole numbers in full, very large and small ones with an exponent. */
export function formatNumber(value: number, digits: number = DEFAULT_DIGITS): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 10 ** Math.max(digits, 6)) return value.toExponential(digits - 1);
  return value.toFixed(Math.max(0, digits - 1 - Math.floor(Math.log10(size))));
}

/** Characters on a terminal; combining marks take no room. */
function displayWidth(line: string): number {
  return [...line.replace(/\p{Mark}/gu, "")].length;
}
