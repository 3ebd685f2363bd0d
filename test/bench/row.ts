/** One line of a benchmark's table. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same by the program that this is compared with, in the same unit and the same run. */
  readonly peer?: number;
  /** `value / peer`; smaller is better where the unit is a time. */
  readonly ratio?: number;
  /** Spread of repeated measurements: `"8.1 to 9.4"`. */
  readonly noise?: string;
  readonly note?: string;
}
