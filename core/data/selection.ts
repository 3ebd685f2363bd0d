/**
 * What to read, by dimension name; dimensions not named are read whole.
 *
 * - a number: one index, and the dimension is dropped; negative counts from the end;
 * - `{ start, stop, step }`: indices `start` (default 0), `start + step`, … before `stop` (default: the length); negative
 *   ends count from the end, `step` is at least 1; an end outside the dimension is an error, not clipped;
 * - `{ value, tolerance }`: the index whose coordinate is nearest to `value`, at most `tolerance` (default 0, exact)
 *   away; the dimension is dropped;
 * - `{ from, to }`: all indices whose coordinate is in `[from, to]`, ends included; the coordinate must be monotonic.
 *
 * Along a CF time of a decoded dataset (`decodeCf`) values may be dates: `{ value: "2005-03-01T12:00" }`,
 * `{ from: "2005-03", to: "2005-05" }` (all of March to all of May).
 */
export type Selection = Readonly<Record<string, DimensionSelection>>;

/** What to read of one dimension. */
export type DimensionSelection = number | IndexRange | NearestValue | ValueRange;

/** Indices `start`, `start + step`, … before `stop`. */
export interface IndexRange {
  readonly start?: number;
  readonly stop?: number;
  readonly step?: number;
}

/** The index whose coordinate value is nearest. */
export interface NearestValue {
  readonly value: number | string;
  readonly tolerance?: number;
}

/** The indices whose coordinate values lie between two, ends included. */
export interface ValueRange {
  readonly from: number | string;
  readonly to: number | string;
}
