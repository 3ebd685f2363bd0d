import { type Attributes, type Dataset, type NdArray, type Token, token } from "../../core/index.ts";
import type { CalorimeterGeometry } from "./geometry/geometry.ts";
import type { ValidateOptions } from "./validation/validate.ts";
import type { Validation } from "./validation/validation.ts";

/** A calorimeter: knows what its files mean, simulates showers with the twin's generator, compares showers. */
export interface Calorimeter {
  readonly geometry: CalorimeterGeometry;

  /**
   * Showers of a dataset in CaloChallenge's layout: `incident_energies` (N, 1) and `showers` (N, voxels), MeV, whatever
   * format it was read from. Reads the energies; showers are read batch by batch.
   *
   * @throws `TWIN_SHOWERS_INVALID` when a variable is missing, has another shape or dtype, or an energy is not above 0.
   */
  showers(dataset: Dataset, options?: { readonly signal?: AbortSignal }): Promise<Showers>;

  /**
   * Showers of the twin's generator, made batch by batch when they are asked for, and the same each time.
   *
   * @throws `TWIN_NO_SIMULATOR` when the twin has no generator of showers for this geometry; `TWIN_OUT_OF_DOMAIN` for an
   *   energy or absorber that it does not cover; `TWIN_INVALID_ARGUMENT`.
   */
  simulate(request: SimulateRequest): Promise<Showers>;

  /**
   * How faithful showers are to reference showers. Reads the reference twice, holds one batch and about 5 kB per shower.
   *
   * @throws `TWIN_SHOWERS_INVALID` when voxels are NaN, infinite or negative, or there are fewer than two showers;
   *   `TWIN_EVIDENCE_INVALID`, `TWIN_EVIDENCE_MISMATCH` for evidence that is damaged, or about other showers.
   */
  validate(generated: Showers, reference: Showers, options?: ValidateOptions): Promise<Validation>;
}
export const Calorimeter: Token<Calorimeter> = token("calorimeter");

/** What to simulate: electrons at a right angle on the axis. */
export interface SimulateRequest {
  /** Kinetic energy of each, MeV. */
  readonly energyMeV: ArrayLike<number>;
  /** Seed of the run, 0 to 2^64 - 1; a number must be a safe integer. */
  readonly seed: bigint | number;
  /**
   * Thickness of the absorber in each stack, mm; that of the geometry by default. Only for generators that have it as a
   * condition.
   */
  readonly absorberMm?: number;
  /** Identity of each event; 0, 1, 2, … by default. An event depends on nothing but seed, id, energy and absorber. */
  readonly eventIds?: BigInt64Array;
}

/** Showers in one geometry, read or made when they are asked for. */
export interface Showers {
  readonly count: number;
  /** Kinetic energy of each incident particle, MeV, `[event]`. */
  readonly energyMeV: Float64Array;
  /** Who made them, for legends: `"EGSnrc"`, `"gflash"`. */
  readonly label: string;
  readonly geometry: CalorimeterGeometry;
  /** What is known of them; goes into files. */
  readonly attributes: Attributes;
  /** Who else may have made some of them, where there is such a generator; batches tell which. */
  readonly fallback?: string | undefined;

  /** Showers `[start, stop)` (default: all) in order, in batches. */
  batches(options?: BatchOptions): AsyncIterable<ShowerBatch>;

  /**
   * As a dataset in CaloChallenge's layout, lazily, to be written by a connector. Where there is a {@link fallback}, the
   * variable `by_fallback` tells for each shower whether that made it.
   *
   * @param options - `progress` is called after every batch that is made or read for it.
   */
  toDataset(options?: DatasetOptions): Dataset;
}

/** Who wants to know how far reading a dataset of showers is. */
export interface DatasetOptions {
  /** Showers `[0, done)` have been made. */
  progress?(done: number): void;
  /** Showers that are made or read at once; 100 by default. The values do not depend on it. */
  readonly batchSize?: number | undefined;
}

/** Which showers, and how many at a time. */
export interface BatchOptions {
  readonly start?: number;
  readonly stop?: number;
  /** 100 by default. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** Showers `[start, start + count)`. */
export interface ShowerBatch {
  readonly start: number;
  readonly count: number;
  /** Visible energy over the sampling fraction, MeV, float32, `[event, layer, alpha, r]`, row-major. */
  readonly energies: NdArray<"float32">;
  /** `[event]`, 1 for each that {@link Showers.fallback} made; absent where none is. */
  readonly byFallback?: Uint8Array;
}
