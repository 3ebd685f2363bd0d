import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { JsonValue } from "../canonical/json-value.ts";
import { FileNotFoundError, FileUnreadableError } from "../files/errors.ts";
import { MOST_POINTS } from "./batch-schema.ts";
import { InvalidSweepError } from "./errors.ts";
import type { Sweep } from "./sweep.ts";
import { jsonOrText, parseExact, tooMany } from "./sweep-values.ts";

/** How the text of a table is written. */
export type SweepTableFormat = "csv" | "json" | "jsonl";

/**
 * Reads the points of a batch from a file: `.csv` (a line of names first), `.json` (a list of objects) or `.jsonl` (an object
 * on each line).
 *
 * @throws `TWIN_INVALID_SWEEP`, `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`; the signal's reason.
 */
export async function readSweepTable(
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Sweep> {
  const ending = extname(path).toLowerCase();
  const format = ({ ".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl" } as const)[ending];
  if (format === undefined) {
    throw new InvalidSweepError(`"${path}" is no table that is known: its name must end with .csv, .json or .jsonl.`);
  }
  let text: string;
  try {
    text = await readFile(path, { encoding: "utf8", ...(signal && { signal }) });
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw new FileNotFoundError(path, { cause: error });
    throw new FileUnreadableError(path, `${(error as Error).message}.`, { cause: error });
  }
  return parseSweepTable(text, format, path);
}

/**
 * The points of a table: a row is a point, a column a parameter. Cells of CSV are JSON, or else text.
 *
 * @param location - Where the text is from, for messages.
 * @throws `TWIN_INVALID_SWEEP`
 */
export function parseSweepTable(text: string, format: SweepTableFormat, location: string): Sweep {
  const bare = text.replace(/^\uFEFF/, "");
  const points = format === "csv" ? csvPoints(bare, location) : objectsOf(bare, format, location);
  const [first] = points;
  if (first === undefined) throw new InvalidSweepError(`"${location}" has no rows: each is a point.`);
  if (points.length > MOST_POINTS) throw tooMany(`"${location}"`);
  const swept = Object.keys(first);
  for (const [index, point] of points.entries()) {
    const missing = swept.find((name) => !Object.hasOwn(point, name));
    const more = Object.keys(point).find((name) => !Object.hasOwn(first, name));
    if (missing === undefined && more === undefined) continue;
    const problem =
      missing === undefined ? `a value of "${more}", which the first has not` : `no value of "${missing}"`;
    throw new InvalidSweepError(`Row ${index + 1} of "${location}" has ${problem}. Each row needs the same names.`);
  }
  return { swept, points };
}

function objectsOf(text: string, format: "json" | "jsonl", location: string): Sweep["points"] {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const values =
    format === "json"
      ? parsed(text, `"${location}"`)
      : lines.map((line, at) => parsed(line, `Row ${at + 1} of "${location}"`));
  if (!Array.isArray(values))
    throw new InvalidSweepError(`"${location}" must be a list of objects, one for each point.`);
  return (values as readonly JsonValue[]).map((value, at) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, JsonValue>>;
    }
    throw new InvalidSweepError(`Row ${at + 1} of "${location}" is no object: write {"name": value, …}.`);
  });
}

function parsed(text: string, what: string): JsonValue {
  try {
    return parseExact(text);
  } catch (error) {
    throw new InvalidSweepError(`${what} is no JSON: ${(error as Error).message}`, { cause: error });
  }
}

function csvPoints(text: string, location: string): Sweep["points"] {
  const [names = [], ...rows] = csvRows(text, location).filter((cells) => cells.length > 1 || cells[0] !== "");
  const trimmed = names.map((name) => name.trim());
  const wrong = trimmed.find((name, at) => name === "" || trimmed.indexOf(name) !== at);
  if (wrong !== undefined) {
    const problem = wrong === "" ? "a column without a name" : `two columns named "${wrong}"`;
    throw new InvalidSweepError(`"${location}" has ${problem}; the first line has the names of the parameters.`);
  }
  return rows.map((cells, at) => {
    const row = `Row ${at + 1} of "${location}"`;
    if (cells.length !== trimmed.length) {
      throw new InvalidSweepError(`${row} has ${cells.length} cells, and there are ${trimmed.length} names.`);
    }
    return Object.fromEntries(
      trimmed.map((name, column): [string, JsonValue] => {
        const cell = (cells[column] as string).trim();
        if (cell === "") throw new InvalidSweepError(`${row} has no value of "${name}". Each row needs one.`);
        return [name, jsonOrText(name, cell)];
      }),
    );
  });
}

/** Cells of comma-separated values. @see RFC 4180 */
function csvRows(text: string, location: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  while (cell.lastIndex < text.length || rows.at(-1)?.length === 0) {
    const found = cell.exec(text);
    if (!found) {
      throw new InvalidSweepError(
        `Line ${rows.length} of "${location}" cannot be read: a cell with a comma or a quote is written in quotes, and quotes in it twice.`,
      );
    }
    const [, quoted, plain = "", end] = found;
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "") break;
    if (end !== ",") {
      if (cell.lastIndex >= text.length) break;
      rows.push([]);
    } else if (cell.lastIndex >= text.length) {
      rows.at(-1)?.push("");
      break;
    }
  }
  return rows;
}
