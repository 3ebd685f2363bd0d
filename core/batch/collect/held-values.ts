import { bytesPerElement } from "../../data/chunk-grid.ts";
import type { DataOf, DType } from "../../data/dtype.ts";
import type { VariableFacts } from "../../data/federate/part.ts";
import { allocate } from "../../data/layout.ts";
import { NdArray } from "../../data/nd-array.ts";

/** Beside its characters, a text in memory. */
const TEXT_BYTES = 32;
/** Where the values of a run are. */
const PLACE_BYTES = 8;

/** Values of one variable in one type, one run after the other. */
interface Column {
  data: DataOf<DType>;
  used: number;
  bytes: number;
}

/**
 * Values of small variables of many runs, packed: as an array for each run they would take ten times as much. When there is
 * no room for all, the variable that takes most goes; the others stay.
 */
export class HeldValues {
  readonly #columns = new Map<string, Column>();
  /** By path: where the values of each run begin, NaN for one that has none here. */
  readonly #starts = new Map<string, Float64Array>();
  /** Variables for which there is no room. */
  readonly #refused = new Set<string>();
  readonly #runs: number;
  readonly #capacityBytes: number;

  constructor(options: { readonly runs: number; readonly capacityBytes: number }) {
    this.#runs = options.runs;
    this.#capacityBytes = options.capacityBytes;
  }

  /** Whether values of a variable are kept if they are added. */
  takes(path: string): boolean {
    return !this.#refused.has(path);
  }

  /** Keeps the values that a run has of a variable, if there is room. */
  add(path: string, run: number, array: NdArray): void {
    if (!this.takes(path)) return;
    const starts = this.#starts.get(path) ?? new Float64Array(this.#runs).fill(Number.NaN);
    this.#starts.set(path, starts);
    const key = columnKey(path, array.dtype);
    let column = this.#columns.get(key);
    if (!column) {
      column = { data: allocate(array.dtype, 0), used: 0, bytes: this.#runs * PLACE_BYTES };
      this.#columns.set(key, column);
    }
    starts[run] = column.used;
    append(column, array);
    while (this.#bytes() > this.#capacityBytes) this.#dropLargest();
  }

  /** Values of a run as it had them; `undefined` where they are not kept. */
  get(facts: VariableFacts, run: number, length: number): NdArray | undefined {
    const { path, dtype, ownDims, shape, unit, fillValue } = facts;
    const offset = this.#starts.get(path)?.[run] ?? Number.NaN;
    const column = this.#columns.get(columnKey(path, dtype));
    if (Number.isNaN(offset) || !column) return undefined;
    const own = shape.length === 0 ? shape : [length, ...shape.slice(1)];
    return new NdArray(column.data, { dtype, shape: own, dims: ownDims, unit, fillValue, offset });
  }

  #bytes(): number {
    let bytes = 0;
    for (const column of this.#columns.values()) bytes += column.bytes;
    return bytes;
  }

  #dropLargest(): void {
    const [largest] = [...this.#columns].sort(([, a], [, b]) => b.bytes - a.bytes);
    const path = largest?.[0].slice(largest[0].indexOf("/")) as string;
    this.#refused.add(path);
    this.#starts.delete(path);
    for (const key of [...this.#columns.keys()]) if (key.slice(key.indexOf("/")) === path) this.#columns.delete(key);
  }
}

/** Paths begin with a slash, and types have none. */
function columnKey(path: string, dtype: DType): string {
  return `${dtype}${path}`;
}

function append(column: Column, array: NdArray): void {
  const values = array.values();
  if (Array.isArray(values)) {
    const texts = column.data as string[];
    for (const text of values) texts.push(text);
    column.bytes += values.reduce((sum, text) => sum + TEXT_BYTES + 2 * text.length, 0);
  } else {
    const end = column.used + values.length;
    if (end > column.data.length) {
      const grown = allocate(array.dtype, Math.max(end, 2 * column.data.length)) as Float64Array;
      grown.set(column.data as Float64Array);
      column.bytes += (grown.length - column.data.length) * bytesPerElement(array.dtype);
      column.data = grown;
    }
    // Values of one type: what holds for one typed array holds for all.
    (column.data as Float64Array).set(values as Float64Array, column.used);
  }
  column.used += values.length;
}
