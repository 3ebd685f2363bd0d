import type { FindMissingPeriods, Periods, SeriesKernel, TimeAxis } from "../../../core/index.ts";

/**
 * A climate index, as data: `climateIndex` computes it, `twinloom climate index` and the reference page tell of it.
 */
export interface IndexDefinition {
  /** Its usual spelling: `"TX90p"`. Letters may be asked for in either case. */
  readonly name: string;
  /** Other names that it may be asked for by, such as those of xclim. */
  readonly aliases?: readonly string[];
  /** One line: `"Days with a maximum temperature above the 90th percentile"`; the `long_name` of the result, with the numbers that it is computed with. */
  readonly title: string;
  /** In full, with inequalities as they are computed (`>` or `>=`), and what becomes of spells at the ends of periods. */
  readonly definition: string;
  /** Paper, or section of a document. */
  readonly source: string;
  /** Where programs differ, and which one this index follows. */
  readonly peers: {
    readonly follows: "xclim" | "climdex.pcic" | "fclimdex" | "cdo" | "cffdrs" | "climate_indices";
    /** By program: what it does otherwise. Empty where all agree. */
    readonly differences: Readonly<Record<string, string>>;
  };
  /** What it is computed from, in the order in which the kernel gets them. */
  readonly inputs: readonly IndexInput[];
  /** Of the result, UDUNITS. Counts of days are in `"day"`. */
  readonly unit: string;
  /** CF `cell_methods`: `"time: maximum within days time: maximum over days"`. */
  readonly cellMethods: string;
  /** CF standard name of the result, where there is one. */
  readonly standardName?: string;
  /** The result is a difference of temperatures: 1 K of it is 1 degC, and not -272.15 (CF 1.11, `units_metadata`). */
  readonly isDifference?: true;
  /** Of the periods where none is asked for: `"YS"`. */
  readonly frequency: string;
  /** Frequencies that may be asked for; all where it is left out. */
  readonly frequencies?: readonly string[];
  /** What the steps of the inputs must be; `"day"` by default. */
  readonly steps?: "day" | "month" | "day or month";
  /** Whether it looks at a base period (`"1961-1990"`): all of the data, where none is given. */
  readonly base?: true;
  /** Numbers that may be changed: thresholds, lengths of spells. */
  readonly parameters?: Readonly<Record<string, IndexParameter>>;
  /** Along what the result goes: one value for each period (default), or for each step of the input. */
  readonly along?: "periods" | "steps";

  /** Makes what computes one cell. Called once for an axis; whatever does not depend on the cell is done here. */
  kernel(context: IndexContext): SeriesKernel;
}

/** One variable that an index is computed from. */
export interface IndexInput {
  /** Name that it usually has: `"tasmax"`. */
  readonly name: string;
  /** By which it is found where no variable is named so. */
  readonly standardName: string;
  /** Other standard names of the same quantity: `"lwe_precipitation_rate"`. */
  readonly otherStandardNames?: readonly string[];
  /** In which the kernel gets it; others are converted. */
  readonly unit: string;
  /** Amounts of water may come as masses: kg m-2 s-1 as mm/day. */
  readonly context?: "water";
  /** For inputs of equal standard names: what the CF `cell_methods` must say, such as `"maximum"`. */
  readonly cellMethod?: "maximum" | "minimum" | "mean" | "sum";
  /** A coordinate, such as the latitude: it does not go along time, and the kernel gets its value at the cell on each step. */
  readonly isConstant?: true;
}

/** A number that an index can be asked for with. */
export interface IndexParameter {
  readonly default: number;
  readonly unit: string;
  readonly description: string;
  /** Ends included. */
  readonly min?: number;
  readonly max?: number;
  /** Only whole numbers. */
  readonly isInteger?: boolean;
}

/** What a kernel is made from. */
export interface IndexContext {
  readonly axis: TimeAxis;
  readonly periods: Periods;
  /** Steps of the base period: from `start` to before `stop`. All of them for an index without one. */
  readonly base: { readonly start: number; readonly stop: number };
  readonly parameters: Readonly<Record<string, number>>;
  /** Which periods of a series are too incomplete, by the rule asked for; `"any"` where it is left out. */
  readonly missing?: FindMissingPeriods;
  /** A threshold in the unit of an input, rounded as its values are stored. */
  readonly asStored?: (input: number, value: number) => number;
}

/**
 * A threshold as the values of an input can state it: rounded as they are where they are float32, in the unit in which they
 * are stored. A minimum of 0 degC, stored as 273.15 K in float32, is -6e-6 degC when converted; it is no frost all the same.
 *
 * @param input - Number of the input.
 * @param value - In the unit of the input.
 */
export function thresholdOf(context: IndexContext, input: number, value: number): number {
  return context.asStored?.(input, value) ?? value;
}
