import type { JsonValue } from "../canonical/json-value.ts";
import type { DType } from "../data/dtype.ts";
import type { NdArray } from "../data/nd-array.ts";
import { type Token, token } from "./token.ts";

/**
 * Makes simulated events under stated conditions. Free of field words: what conditions and arrays mean lives in
 * thematic packages.
 *
 * An event is a pure function of (`seed`, its event id, its conditions): it is bit-identical whatever the batch size,
 * the order, or the events asked for beside it. `checkGenerateRequest` is the check of requests that every generator
 * makes.
 */
export interface Generator {
  /** Name of the model, for tables and run records: `"gflash"`. */
  readonly model: string;
  /** Each condition with its unit and the range in which the generator is valid. */
  readonly validity: Readonly<Record<string, ValidityRange>>;
  /** The arrays of every batch, without the leading `event` dimension. */
  readonly outputs: Readonly<Record<string, GeneratorOutput>>;
  /**
   * What else is known of it, for files and run records: the digest of a model, what computes it, the geometry that it
   * stands for. Plain JSON.
   */
  readonly facts?: GeneratorFacts | undefined;

  /**
   * Generates one event per event id, in batches in the order asked.
   *
   * @throws `TWIN_OUT_OF_DOMAIN` before the first batch, when a condition is outside {@link validity};
   *   `TWIN_INVALID_ARGUMENT` when a condition is missing, unknown or of another length, or `batchSize` is no integer of 1
   *   or more.
   */
  generate(
    request: GenerateRequest,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<GeneratedBatch>;
}
export const Generator: Token<Generator> = token("generator");

/** What is known of a generator beside its contract. A twin's other parts may look for the entries named here. */
export interface GeneratorFacts {
  readonly [fact: string]: JsonValue | undefined;
  /**
   * Some events are made by another generator, `model`: those outside these ranges, or, where no ranges are told, those for
   * which this generator is not to be had at the time.
   */
  readonly fallback?: { readonly model: string; readonly outside?: FallbackRanges };
}

/** The range of each condition, ends included, as in {@link Generator.validity}. A type: only that is plain JSON. */
export type FallbackRanges = {
  readonly [condition: string]: { readonly unit: string; readonly min: number; readonly max: number };
};

/** What to generate. */
export interface GenerateRequest {
  /** Conditions by name, each `[event]`, float64. */
  readonly conditions: Readonly<Record<string, Float64Array>>;
  /** Identity of each event, `[event]`. Equal ids give equal events. */
  readonly eventIds: BigInt64Array;
  /** Seed of the run, 0 to 2^64 - 1: one for all events, or one for each, `[event]`. */
  readonly seed: bigint | BigUint64Array;
  /** Largest number of events in a batch; the generator's own choice by default. */
  readonly batchSize?: number;
}

/** Consecutive events `[start, start + count)` of a request. */
export interface GeneratedBatch {
  readonly start: number;
  readonly count: number;
  /** `[event]`, 1 for each event that another generator made ({@link GeneratorFacts.fallback}); absent where none is. */
  readonly byFallback?: Uint8Array;
  /** By output name; the first dimension is `event`, of length `count`. In memory that is the caller's own from now on. */
  readonly arrays: Readonly<Record<string, NdArray>>;
}

/** The range in which a condition is valid, ends included. */
export interface ValidityRange {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** The value that generators without this condition stand for, so that they can be a fallback. */
  readonly nominal?: number | undefined;
}

/** One array that a generator makes per event. */
export interface GeneratorOutput {
  readonly dtype: DType;
  readonly dims: readonly string[];
  readonly shape: readonly number[];
  readonly unit?: string;
}
