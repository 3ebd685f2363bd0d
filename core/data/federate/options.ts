import type { OnRead } from "../access/watched.ts";
import type { DatasetPart } from "./part.ts";

/** What {@link federate} makes one dataset of, and how. */
export interface FederateOptions {
  /** The parts, in the order in which the first of them that has something decides: names, units, attributes. */
  readonly parts: readonly DatasetPart[];
  /**
   * Dimension along which the parts follow each other, such as `"time"`: sorted by its coordinate, or in the given order
   * where there is none. Without it, the parts' variables are merged on the coordinates that they share.
   */
  readonly along?: string | undefined;
  /** What becomes of coordinate values that several parts have: refused (default), or those of the first or last part are kept. */
  readonly overlaps?: "refuse" | "first" | "last" | undefined;
  /** What becomes of variables that some parts along a dimension lack: refused (default), or their values are missing there. */
  readonly missing?: "refuse" | "fill" | undefined;
  /**
   * Which coordinate values a merge keeps. `"exact"` (default): all parts must have the same, in any order; `"inner"`:
   * those that all parts have; `"first"`: those of the first part, for each of which every other part must have one.
   */
  readonly join?: "exact" | "inner" | "first" | undefined;
  /** By dimension, how far coordinate values of two parts may lie apart and be the same; 0 by default. */
  readonly tolerance?: Readonly<Record<string, number>> | undefined;
  /** What becomes of a variable that several merged parts have: refused (default), or that of the first part is taken. */
  readonly duplicates?: "refuse" | "first" | undefined;
  /** Units by variable; by default those of the first part that has the variable. */
  readonly units?: Readonly<Record<string, string>> | undefined;
  /** With `"water"`, amounts are of liquid water: 1 kg m-2 is 1 mm, and kg m-2 s-1 can become mm/day. */
  readonly context?: "water" | undefined;
  /** What becomes of times in other calendars than the first part's: refused (default), or made those of the same date. */
  readonly calendars?: "refuse" | "by-date" | undefined;
  /** New names of variables and dimensions, for all parts. Those of a part itself go first. */
  readonly rename?: Readonly<Record<string, string>> | undefined;
  /** With `"standard_name"`, a variable has the name of the first part's variable of that CF standard name. */
  readonly match?: "name" | "standard_name" | undefined;
  /**
   * What a part that cannot be opened does. `"report"` (default): its state says why, and reads that may need it fail;
   * `"omit"`: the federation is of the others, and reads are of those; `"refuse"`: opening fails. It fails in any case when
   * no part can be opened.
   */
  readonly unavailable?: "refuse" | "report" | "omit" | undefined;
  /** Parts worked on at the same time; 16 by default. */
  readonly concurrency?: number | undefined;
  /**
   * Parts open at the same time; 256 by default. Opening a file again costs more than reading a value of it, but an open
   * NetCDF-4 file takes two descriptors, and memory of which HDF5 has for some 700 files.
   */
  readonly maxOpen?: number | undefined;
  /** Told of every read of a part, those of coordinates while opening included. */
  readonly onRead?: OnRead | undefined;
  readonly signal?: AbortSignal | undefined;
}
