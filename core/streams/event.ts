import type { DType } from "../data/dtype.ts";
import type { NdArray } from "../data/nd-array.ts";
import type { SparseArray } from "../data/sparse-array.ts";

/**
 * One event of an instrument, free of field words: what conditions and tensors mean lives in thematic packages.
 *
 * On the wire it is `twinloom.stream.v1.Event` (protos/twinloom/stream/v1/event.proto), or its JSON.
 */
export interface StreamEvent {
  /** Who made it: `"testbeam/ecal"`. Sequences and duplicates are counted by source. */
  readonly source: string;
  /** 0, 1, 2, … within a source: what is missing is known. */
  readonly sequence: bigint;
  /** Identity of the event, 64 bits. */
  readonly id: bigint;
  /** The run that it belongs to; empty where there are none. */
  readonly run: string;
  /** When it happened, nanoseconds since 1970-01-01T00:00:00Z. Everything that depends on time depends on this one. */
  readonly timeNs: bigint;
  /** Conditions by name, such as a beam energy, a temperature; their units are those of whoever defines the names. */
  readonly conditions: Readonly<Record<string, number>>;
  /** Arrays by name: dense or sparse, as they came. `values()` gives all elements of either, `nonZero` those that are not 0. */
  readonly tensors: Readonly<Record<string, EventTensor>>;
}

/** An array of an event. */
export type EventTensor = NdArray<EventDType> | SparseArray<EventDType>;

/** What a tensor of an event may be. */
export type EventDType = Exclude<DType, "string" | "float16" | "bool">;
