import type { Features } from "../../contracts/adaptable.ts";

/** Features of events with what tells the events apart, row by row. */
export interface FeatureRows extends Features {
  /** Features of each event. */
  readonly columns: number;
  readonly sources: readonly string[];
  readonly sequences: BigUint64Array;
  readonly ids: BigUint64Array;
}

/** The events of a time, each once, in the order of their time, their source and their sequence. */
export interface FeatureWindow {
  /** Nanoseconds since 1970; a multiple of the width. Before it ends: `startNs + widthNs`. */
  readonly startNs: bigint;
  readonly widthNs: bigint;
  readonly rows: FeatureRows;
}
