import type { Features } from "../../contracts/adaptable.ts";
import type { StreamEvent } from "../event.ts";
import type { FeatureRows } from "./feature-rows.ts";
import { decodeMarks, encodeMarks } from "./marks.ts";

/** Kind of the journals of an intake; see docs/reference/intake-format.md. */
export const INTAKE_KIND = "twinloom.intake.v1";

/** What a record of an intake is: its first byte. */
const HEAD = 1;
const ROWS = 2;
/** Rows with marks behind them. */
const MARKED_ROWS = 3;
/** Before what is of variable length: type, three zeros, rows, columns, sources. */
const FIXED_BYTES = 16;

/** What a record of an intake holds. */
export type IntakeRecord =
  | { readonly type: "head"; readonly state: unknown }
  | { readonly type: "rows"; readonly rows: FeatureRows };

/** The first record of a segment: what was known when it was begun. */
export function encodeHead(state: unknown): Uint8Array {
  return Buffer.concat([Uint8Array.of(HEAD, 0, 0, 0), Buffer.from(JSON.stringify(state))]);
}

/** The features of events as a record. */
export function encodeRows(events: readonly StreamEvent[], { values, marks }: Features): Uint8Array {
  const columns = values.length / events.length;
  const indices = new Map<string, number>();
  for (const { source } of events) if (!indices.has(source)) indices.set(source, indices.size);
  const names = [...indices.keys()].map((name) => Buffer.from(name));
  const namesBytes = names.reduce((sum, { length }) => sum + 2 + length, 0);
  const marked = marks && encodeMarks(marks);
  const rowsBytes = FIXED_BYTES + namesBytes + events.length * (28 + 8 * columns);
  const record = Buffer.alloc(rowsBytes + (marked?.length ?? 0));
  record[0] = marked ? MARKED_ROWS : ROWS;
  record.writeUInt32LE(events.length, 4);
  record.writeUInt32LE(columns, 8);
  record.writeUInt32LE(names.length, 12);
  let at = FIXED_BYTES;
  for (const name of names) {
    at = record.writeUInt16LE(name.length, at);
    at += name.copy(record, at);
  }
  for (const { source } of events) at = record.writeUInt32LE(indices.get(source) as number, at);
  for (const { sequence } of events) at = record.writeBigUInt64LE(sequence, at);
  for (const { id } of events) at = record.writeBigUInt64LE(id, at);
  for (const { timeNs } of events) at = record.writeBigInt64LE(timeNs, at);
  const view = new DataView(record.buffer, record.byteOffset + at);
  for (let i = 0; i < values.length; i++) view.setFloat64(8 * i, values[i] as number, true);
  if (marked) record.set(marked, rowsBytes);
  return record;
}

/**
 * Reads a record.
 *
 * @throws RangeError or SyntaxError for one that this Twinloom did not write.
 */
export function decodeRecord(bytes: Uint8Array): IntakeRecord {
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (record[0] === HEAD) return { type: "head", state: JSON.parse(record.toString("utf8", 4)) };
  const isMarked = record[0] === MARKED_ROWS;
  if (record[0] !== ROWS && !isMarked) throw new RangeError(`it has a record of type ${record[0]}, which is not known`);
  const count = record.readUInt32LE(4);
  const columns = record.readUInt32LE(8);
  const names: string[] = [];
  let at = FIXED_BYTES;
  for (let left = record.readUInt32LE(12); left > 0; left--) {
    const end = at + 2 + record.readUInt16LE(at);
    names.push(record.toString("utf8", at + 2, end));
    at = end;
  }
  const end = at + count * (28 + 8 * columns);
  if (isMarked ? record.length < end + 4 * count : record.length !== end) {
    throw new RangeError("it has a record of a wrong length");
  }
  const view = new DataView(record.buffer, record.byteOffset + at);
  const sources = Array.from({ length: count }, (_, i) => names[view.getUint32(4 * i, true)] as string);
  const big = view.byteOffset + 4 * count;
  const numbers = new DataView(record.buffer, big);
  const sequences = BigUint64Array.from({ length: count }, (_, i) => numbers.getBigUint64(8 * i, true));
  const ids = BigUint64Array.from({ length: count }, (_, i) => numbers.getBigUint64(8 * (count + i), true));
  const timesNs = BigInt64Array.from({ length: count }, (_, i) => numbers.getBigInt64(8 * (2 * count + i), true));
  const values = new Float64Array(count * columns);
  for (let i = 0; i < values.length; i++) values[i] = numbers.getFloat64(8 * (3 * count + i), true);
  const marks = isMarked ? decodeMarks(record.subarray(end), count) : undefined;
  return { type: "rows", rows: { count, columns, sources, sequences, ids, timesNs, values, marks } };
}
