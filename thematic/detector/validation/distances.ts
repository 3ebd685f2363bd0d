import { type FeatureSet, featureCount, featureRows } from "./distance-features.ts";
import { frechetBatchSizes, frechetScore } from "./frechet.ts";
import { kernelScore } from "./kernel.ts";
import { neighbourScore, neighbourSpheres, type ShowerRows } from "./neighbours.ts";
import type { Pool } from "./pool.ts";
import type { Compared, Distances, FrechetScore, KernelScore } from "./validation.ts";

/** Fewer showers say nothing about neighbours. */
const MIN_NEIGHBOURS = 100;
/** Fewer showers say nothing about 362 numbers. */
const MIN_KERNEL = 1000;

/** Showers chosen for what compares each with each: of each set, and of two sets of the reference's simulation. */
export interface ChosenRows {
  readonly generated: ShowerRows;
  readonly reference: ShowerRows;
  /** Judged by `reference` for the floor. */
  readonly alike: ShowerRows;
}

/** How much is done, and how it is cancelled. */
export interface DistanceOptions {
  readonly seed: bigint;
  /** Batches of each size for the Fréchet distance. */
  readonly draws: number;
  /** Voxels of a shower. */
  readonly voxels: number;
  readonly signal?: AbortSignal | undefined;
  progress?(fraction: number, doing: string): void;
}

/** Distances between generated and reference showers in many dimensions, each beside that of the reference to its like. */
export async function distances(pool: Pool, chosen: ChosenRows, options: DistanceOptions): Promise<Distances> {
  const { progress } = options;
  const onFeatures = await featureDistances(pool, {
    ...options,
    progress: (fraction, doing) => progress?.(0.8 * fraction, doing),
  });
  return { ...onFeatures, neighbours: await neighbourDistances(chosen, options) };
}

async function featureDistances(
  pool: Pool,
  { seed, draws, signal, progress }: DistanceOptions,
): Promise<Pick<Distances, "frechet" | "kernel">> {
  const smallest = Math.min(pool.generated.length, pool.reference.length);
  const width = featureCount((pool.sources[0] as Pool["sources"][number]).features.layers);
  const batchSizes = frechetBatchSizes(smallest, width);
  const isEnough = Math.min(smallest, pool.alike[0].length, pool.alike[1].length) >= width;
  if (!isEnough || (batchSizes === undefined && smallest < MIN_KERNEL)) return { frechet: null, kernel: null };
  const rows = featureRows(pool);
  const [made, real, ...alike] = [pool.generated, pool.reference, ...pool.alike].map((members) => ({ rows, members }));
  const sets = [
    [made, real],
    [alike[0], alike[1]],
  ] as [FeatureSet, FeatureSet][];
  const frechet: FrechetScore[] = [];
  const kernel: KernelScore[] = [];
  for (const [index, pair] of sets.entries()) {
    const doing = index === 0 ? "distances" : "distances of the reference to itself";
    if (batchSizes) {
      const onDraw = (done: number): void => progress?.((index + (0.9 * done) / draws) / 2, doing);
      frechet.push(await frechetScore(...pair, { seed, draws, batchSizes, signal, onDraw }));
    }
    if (smallest >= MIN_KERNEL) kernel.push(await kernelScore(...pair, { seed, signal }));
  }
  return { frechet: withFloor(frechet, pool.scale), kernel: compared(kernel) };
}

function withFloor([generated, alike]: readonly FrechetScore[], scale: number): Compared<FrechetScore> | null {
  return generated && alike ? { generated, alike, floor: scale * alike.value } : null;
}

function compared<T>([generated, alike]: readonly T[]): Compared<T> | null {
  return generated && alike ? { generated, alike } : null;
}

async function neighbourDistances(
  chosen: ChosenRows,
  { voxels, signal, progress }: DistanceOptions,
): Promise<Distances["neighbours"]> {
  const showers = Math.min(...Object.values(chosen).map(({ rows }) => rows.length));
  if (showers < MIN_NEIGHBOURS) return null;
  let done = 0;
  const onRow = (): void => progress?.(0.8 + (0.2 * ++done) / (5 * showers), "neighbours");
  const options = { voxels, signal, onRow };
  const first = async (set: ShowerRows): Promise<ShowerRows & { spheres: Float64Array }> => {
    const same = { ...set, rows: set.rows.subarray(0, showers) };
    return { ...same, spheres: await neighbourSpheres(same, options) };
  };
  const reference = await first(chosen.reference);
  return {
    showers,
    generated: await neighbourScore(await first(chosen.generated), reference, options),
    alike: await neighbourScore(await first(chosen.alike), reference, options),
  };
}
