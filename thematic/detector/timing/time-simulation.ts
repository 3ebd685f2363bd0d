import { InvalidArgumentError, quantiles, RandomStream, RunningMoments } from "../../../core/index.ts";
import type { Calorimeter } from "../contracts.ts";

/** Keeps the energies of timings apart from other random numbers ("time"). */
const TIMING_PURPOSE = 0x74696d65;
const SEED = 1n;
/** Calls of one shower take milliseconds or less: this many make one measurement of batch size 1. */
const SINGLE_SHOWERS = 20;
const LEAST_REPEATS = 3;

/** How {@link timeSimulation} measures. */
export interface TimingOptions {
  /** Showers per call; 1, 100 and 10,000 by default. */
  readonly batchSizes?: readonly number[];
  /** Measurements per batch size, 10 by default. */
  readonly repeats?: number;
  /** Milliseconds after which a batch size gets no further measurement once it has three; unlimited by default. */
  readonly budgetMs?: number;
  /** Milliseconds of calls, one at least, that are left out before each batch size; 3,000 by default, `budgetMs` at most. */
  readonly warmUpMs?: number;
  /** Incident energies are drawn from here, uniformly in the logarithm, MeV; 1,000 to 100,000 by default. */
  readonly energyRangeMeV?: readonly [number, number];
  readonly signal?: AbortSignal;
  /** Milliseconds from any start; `performance.now` by default. */
  now?(): number;
  /** Called after each measurement. */
  progress?(fraction: number, doing: string): void;
}

/** What simulating takes with one batch size: wall time per shower, noise and voxels in MeV included. */
export interface SimulationTiming {
  readonly batchSize: number;
  /** Measurements taken; fewer than asked for when the time budget ended them. */
  readonly repeats: number;
  /** Milliseconds per shower. */
  readonly mean: number;
  /** Of the measurements, milliseconds per shower. */
  readonly standardDeviation: number;
  readonly median: number;
  readonly fastest: number;
}

/**
 * Wall time per shower by the protocol of the CaloChallenge (arXiv:2410.21611): batches of 1, 100 and 10,000, ten
 * measurements of each. Differs: not one call before them is left out but three seconds of calls, in which JavaScript is
 * compiled. What is measured is what a user waits for: from incident energies to voxel energies in MeV.
 *
 * @throws `TWIN_NO_SIMULATOR`, `TWIN_OUT_OF_DOMAIN` as {@link Calorimeter.simulate}; `TWIN_INVALID_ARGUMENT`.
 */
export async function timeSimulation(
  calorimeter: Calorimeter,
  options: TimingOptions = {},
): Promise<readonly SimulationTiming[]> {
  const { batchSizes = [1, 100, 10_000], repeats = 10, budgetMs = Number.POSITIVE_INFINITY } = options;
  const warmUpMs = Math.min(options.warmUpMs ?? 3000, budgetMs);
  if (![repeats, ...batchSizes].every((count) => Number.isSafeInteger(count) && count >= 1)) {
    throw new InvalidArgumentError(
      `Batch sizes [${batchSizes}] and repeats ${repeats} must be whole numbers of 1 or more.`,
    );
  }
  const now = options.now ?? (() => performance.now());
  const timings: SimulationTiming[] = [];
  for (const [index, batchSize] of batchSizes.entries()) {
    const times: number[] = [];
    const calls = batchSize === 1 ? SINGLE_SHOWERS : 1;
    const began = now();
    let call = 0;
    do await simulateOnce(calorimeter, batchSize, call++, options);
    while (now() - began < warmUpMs);
    const started = now();
    while (times.length < repeats && (times.length < LEAST_REPEATS || now() - started < budgetMs)) {
      const before = now();
      for (let k = 0; k < calls; k++) await simulateOnce(calorimeter, batchSize, call++, options);
      times.push((now() - before) / (calls * batchSize));
      const done = (index + times.length / repeats) / batchSizes.length;
      options.progress?.(done, `batches of ${batchSize}`);
    }
    timings.push(summary(batchSize, times));
  }
  return timings;
}

async function simulateOnce(
  calorimeter: Calorimeter,
  batchSize: number,
  call: number,
  { energyRangeMeV: [min, max] = [1000, 100_000], signal }: TimingOptions,
): Promise<void> {
  const random = new RandomStream({ seed: SEED, id: BigInt(call), purpose: TIMING_PURPOSE });
  const energyMeV = Float64Array.from({ length: batchSize }, () =>
    Math.min(max, min * (max / min) ** random.uniform()),
  );
  const eventIds = BigInt64Array.from(energyMeV, (_, index) => BigInt(call * batchSize + index));
  const showers = await calorimeter.simulate({ energyMeV, seed: SEED, eventIds });
  // Only waits; the voxels are made, and dropped.
  for await (const _ of showers.batches({ batchSize, ...(signal && { signal }) }));
}

function summary(batchSize: number, times: readonly number[]): SimulationTiming {
  const spread = new RunningMoments();
  for (const time of times) spread.add(time);
  return {
    batchSize,
    repeats: times.length,
    mean: spread.mean,
    standardDeviation: spread.standardDeviation(),
    median: quantiles(times, [0.5])[0] as number,
    fastest: Math.min(...times),
  };
}
