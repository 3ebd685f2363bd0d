import { correlations } from "./correlations.ts";
import { type ChosenRows, distances } from "./distances.ts";
import { type ComparedSets, poolOf, resample } from "./pool.ts";
import { separations } from "./separation.ts";
import { tails } from "./tails.ts";
import type { Judgement } from "./validation.ts";
import type { VoxelSpectrum } from "./voxel-spectrum.ts";

/** Resamplings behind every error and floor: they are then known to 7 %. */
const RESAMPLINGS = 100;

/** How two sets are judged. */
export interface JudgeOptions {
  readonly seed: bigint;
  /** Spectra of the sets, in the order of a pool's sources. */
  readonly voxels: readonly VoxelSpectrum[];
  /** Showers for what compares each with each; without them, nothing is computed that takes minutes. */
  readonly chosen: ChosenRows | undefined;
  readonly voxelCount: number;
  /** Batches of each size for the Fréchet distance. */
  readonly draws: number;
  readonly signal?: AbortSignal | undefined;
  progress?(fraction: number, doing: string): void;
}

/** Everything that is computed for all energies as well as for each decade. */
export async function judge(sets: ComparedSets, options: JudgeOptions): Promise<Judgement> {
  const { seed, voxels, chosen, voxelCount, draws, signal, progress } = options;
  const pool = poolOf(sets);
  const resamplings = resample(pool, { seed, count: RESAMPLINGS });
  progress?.(0, "separation powers");
  const separation = await separations(pool, { thresholdMeV: sets.thresholdMeV, resamplings, voxels, signal });
  progress?.(0.3, "correlations and tails");
  const correlation = await correlations(pool, resamplings, signal);
  const found = await tails(pool, { seed, signal });
  return {
    separation,
    correlations: correlation,
    tails: found,
    distances: chosen
      ? await distances(pool, chosen, {
          seed,
          draws,
          voxels: voxelCount,
          signal,
          progress: (fraction, doing) => progress?.(0.4 + 0.6 * fraction, doing),
        })
      : { frechet: null, kernel: null, neighbours: null },
  };
}
