/** How values become one: `std` is that of all values (ddof 0), `count` counts those that are not missing. */
export type Statistic = "mean" | "sum" | "min" | "max" | "std" | "count";

/** The names of {@link Statistic}. */
export const STATISTICS: readonly Statistic[] = ["mean", "sum", "min", "max", "std", "count"];

/** A row of values on its way into cells: value `from + i` goes into cell `base + cells[i]`, or nowhere where `cells[i]` is negative. */
export interface Row {
  readonly values: Float64Array;
  readonly from: number;
  readonly count: number;
  readonly base: number;
  readonly cells: Int32Array;
  /** Weight of the row, and of each of its values, where there are weights. */
  readonly weight: number;
  readonly weights: Float64Array | undefined;
}

/** Takes in values cell by cell; missing ones (NaN) change nothing. */
export interface Accumulator {
  /** `[cell]`: how many values were not missing. */
  readonly valid: Uint32Array;
  row(row: Row): void;
  /** The result of a cell with at least one value; `NaN` (0 for a sum or a count) of a cell without. */
  value(cell: number): number;
}

/** Makes the cells of a statistic. Sums are compensated, spreads are Welford's: exact to some units in the last place. */
export function accumulator(statistic: Statistic, size: number): Accumulator {
  switch (statistic) {
    case "mean":
    case "sum":
      return sums(size, statistic === "mean");
    case "min":
    case "max":
      return extremes(size, statistic === "min" ? 1 : -1);
    case "std":
      return spreads(size);
    case "count":
      return counts(size);
  }
}

function sums(size: number, isMean: boolean): Accumulator {
  const [sum, lost, valid] = [new Float64Array(size), new Float64Array(size), new Uint32Array(size)];
  return {
    valid,
    row: ({ values, from, count, base, cells }) => {
      for (let i = 0; i < count; i++) {
        const value = values[from + i] as number;
        const cell = base + (cells[i] as number);
        if (Number.isNaN(value) || cell < base) continue;
        addTo(sum, lost, cell, value);
        valid[cell] = (valid[cell] as number) + 1;
      }
    },
    value: (cell) => total(sum, lost, cell) / (isMean ? (valid[cell] as number) : 1),
  };
}

/** Means of values with weights. */
export function weightedMeans(size: number): Accumulator & { weightOf(cell: number): number } {
  const [sum, lost, valid] = [new Float64Array(size), new Float64Array(size), new Uint32Array(size)];
  const [weightSum, weightLost] = [new Float64Array(size), new Float64Array(size)];
  return {
    valid,
    row: ({ values, from, count, base, cells, weight, weights }) => {
      for (let i = 0; i < count; i++) {
        const value = values[from + i] as number;
        const cell = base + (cells[i] as number);
        if (Number.isNaN(value) || cell < base) continue;
        const each = weights ? weight * (weights[i] as number) : weight;
        // A value without weight counts for nothing, not even where it is infinite.
        if (each === 0) continue;
        addTo(sum, lost, cell, value * each);
        addTo(weightSum, weightLost, cell, each);
        valid[cell] = (valid[cell] as number) + 1;
      }
    },
    value: (cell) => total(sum, lost, cell) / total(weightSum, weightLost, cell),
    weightOf: (cell) => total(weightSum, weightLost, cell),
  };
}

/** Neumaier's sum, as `CompensatedSum`, in arrays. */
function addTo(sum: Float64Array, lost: Float64Array, cell: number, value: number): void {
  const before = sum[cell] as number;
  const next = before + value;
  lost[cell] =
    (lost[cell] as number) + (Math.abs(before) >= Math.abs(value) ? before - next + value : value - next + before);
  sum[cell] = next;
}

function total(sum: Float64Array, lost: Float64Array, cell: number): number {
  const value = sum[cell] as number;
  return Number.isFinite(value) ? value + (lost[cell] as number) : value;
}

function extremes(size: number, sign: 1 | -1): Accumulator {
  const [least, valid] = [new Float64Array(size).fill(Number.NaN), new Uint32Array(size)];
  return {
    valid,
    row: ({ values, from, count, base, cells }) => {
      for (let i = 0; i < count; i++) {
        const value = sign * (values[from + i] as number);
        const cell = base + (cells[i] as number);
        if (Number.isNaN(value) || cell < base) continue;
        if (valid[cell] === 0 || value < (least[cell] as number)) least[cell] = value;
        valid[cell] = (valid[cell] as number) + 1;
      }
    },
    value: (cell) => sign * (least[cell] as number),
  };
}

function spreads(size: number): Accumulator {
  const [mean, squares, valid] = [new Float64Array(size), new Float64Array(size), new Uint32Array(size)];
  return {
    valid,
    row: ({ values, from, count, base, cells }) => {
      for (let i = 0; i < count; i++) {
        const value = values[from + i] as number;
        const cell = base + (cells[i] as number);
        if (Number.isNaN(value) || cell < base) continue;
        const number = (valid[cell] as number) + 1;
        const delta = value - (mean[cell] as number);
        const next = (mean[cell] as number) + delta / number;
        mean[cell] = next;
        squares[cell] = (squares[cell] as number) + delta * (value - next);
        valid[cell] = number;
      }
    },
    value: (cell) => Math.sqrt((squares[cell] as number) / (valid[cell] as number)),
  };
}

function counts(size: number): Accumulator {
  const valid = new Uint32Array(size);
  return {
    valid,
    row: ({ values, from, count, base, cells }) => {
      for (let i = 0; i < count; i++) {
        const cell = base + (cells[i] as number);
        if (Number.isNaN(values[from + i]) || cell < base) continue;
        valid[cell] = (valid[cell] as number) + 1;
      }
    },
    value: (cell) => valid[cell] as number,
  };
}
