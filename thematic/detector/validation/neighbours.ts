import { breathe } from "./pool.ts";
import type { SparseShowers } from "./sparse-showers.ts";
import type { NeighbourScore } from "./validation.ts";

/** Neighbours within whose distance a shower counts as covered. */
const NEIGHBOURS = 5;

/** Some rows of showers. */
export interface ShowerRows {
  readonly showers: SparseShowers;
  readonly rows: Uint32Array;
  /** Event of each row of `showers`. */
  readonly events: Uint32Array;
}

/** How far sets are from each other, and how the work is cancelled. */
export interface NeighbourOptions {
  /** Voxels of a shower. */
  readonly voxels: number;
  readonly signal?: AbortSignal | undefined;
  onRow?(): void;
}

/**
 * Squared distance of each shower to its fifth neighbour in its own set: the sphere that stands for where such showers are.
 */
export async function neighbourSpheres(set: ShowerRows, options: NeighbourOptions): Promise<Float64Array> {
  const { rows, showers } = set;
  const n = rows.length;
  const nearest = new Float64Array(n * NEIGHBOURS).fill(Number.POSITIVE_INFINITY);
  const dense = new Float64Array(options.voxels);
  for (let i = 0; i < n; i++) {
    if (i % 16 === 0) await breathe(options.signal);
    const row = rows[i] as number;
    const norm = showers.norm(row);
    showers.scatter(row, dense);
    for (let j = 0; j < i; j++) {
      const distance = showers.squaredDistance(rows[j] as number, dense, norm);
      insert(nearest, i, distance);
      insert(nearest, j, distance);
    }
    showers.scatter(row, dense, true);
    options.onRow?.();
  }
  return Float64Array.from({ length: n }, (_, i) => nearest[(i + 1) * NEIGHBOURS - 1] as number);
}

/** Keeps the smallest distances of a row, in order. */
function insert(nearest: Float64Array, row: number, distance: number): void {
  const from = row * NEIGHBOURS;
  let at = from + NEIGHBOURS - 1;
  if (distance >= (nearest[at] as number)) return;
  while (at > from && distance < (nearest[at - 1] as number)) {
    nearest[at] = nearest[at - 1] as number;
    at--;
  }
  nearest[at] = distance;
}

/**
 * Precision, recall, density and coverage of showers judged by others, each with its spheres.
 *
 * @see M. F. Naeem et al., "Reliable fidelity and diversity metrics for generative models", arXiv:2002.09797;
 *   T. Kynkäänniemi et al., arXiv:1904.06991.
 */
export async function neighbourScore(
  generated: ShowerRows & { readonly spheres: Float64Array },
  reference: ShowerRows & { readonly spheres: Float64Array },
  options: NeighbourOptions,
): Promise<NeighbourScore> {
  const isFound = new Uint8Array(reference.rows.length);
  const isCovered = new Uint8Array(reference.rows.length);
  const dense = new Float64Array(options.voxels);
  let [precise, inside] = [0, 0];
  for (let i = 0; i < generated.rows.length; i++) {
    if (i % 16 === 0) await breathe(options.signal);
    const row = generated.rows[i] as number;
    const sphere = generated.spheres[i] as number;
    const norm = generated.showers.norm(row);
    generated.showers.scatter(row, dense);
    let spheres = 0;
    for (let j = 0; j < reference.rows.length; j++) {
      const distance = reference.showers.squaredDistance(reference.rows[j] as number, dense, norm);
      if (distance < (reference.spheres[j] as number)) {
        spheres++;
        isCovered[j] = 1;
      }
      if (distance < sphere) isFound[j] = 1;
    }
    generated.showers.scatter(row, dense, true);
    inside += spheres;
    if (spheres > 0) precise++;
    options.onRow?.();
  }
  const share = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0) / flags.length;
  return {
    precision: precise / generated.rows.length,
    recall: share(isFound),
    density: inside / (NEIGHBOURS * generated.rows.length),
    coverage: share(isCovered),
  };
}
