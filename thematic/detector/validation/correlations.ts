import { moments, RunningCovariance } from "../../../core/index.ts";
import { breathe, type Pool, type Resamplings } from "./pool.ts";
import type { ShowerFeatures } from "./shower-features.ts";
import type { CorrelationDifference, Correlations } from "./validation.ts";

/** Shuffles that the floor of correlations is the mean of; each costs as much as the correlations themselves. */
const SHUFFLES = 20;

/**
 * Pearson correlations of the energies of layers, and of each layer's energy with its number of voxels with energy. A
 * layer in which all showers of a set are alike has none (NaN), and takes no part in differences.
 */
export async function correlations(pool: Pool, { shuffled }: Resamplings, signal?: AbortSignal): Promise<Correlations> {
  const layers = (pool.sources[0] as Pool["sources"][number]).features.layers;
  const rows = pooledRows(pool, layers);
  const of = (members: Uint32Array): SetCorrelations => correlationsOf(rows, members, layers);
  const [made, real] = [of(pool.generated), of(pool.reference)];
  await breathe(signal);
  const chance: { readonly energy: Difference; readonly occupancy: Difference }[] = [];
  for (const members of shuffled.slice(0, SHUFFLES)) {
    await breathe(signal);
    const others = complement(pool.generated.length + pool.reference.length, members);
    chance.push(differences(of(others), of(members)));
  }
  const alike = differences(of(pool.alike[0]), of(pool.alike[1]));
  const found = differences(made, real);
  const describe = (which: "energy" | "occupancy"): CorrelationDifference => {
    const mean = (key: "rms" | "largest"): number => moments(chance.map((one) => one[which][key])).mean;
    return {
      ...found[which],
      shuffledFloor: { rms: mean("rms"), largest: mean("largest") },
      measuredFloor: {
        rms: Math.sqrt(pool.scale) * alike[which].rms,
        largest: Math.sqrt(pool.scale) * alike[which].largest,
      },
    };
  };
  return {
    energy: { generated: made.energy, reference: real.energy, difference: describe("energy") },
    occupancy: { generated: made.occupancy, reference: real.occupancy, difference: describe("occupancy") },
  };
}

interface SetCorrelations {
  /** `[layer][layer]` */
  readonly energy: readonly (readonly number[])[];
  /** `[layer]` */
  readonly occupancy: readonly number[];
}

/** Energies of all layers, then their numbers of voxels over all voxels, one row per shower of the pool. */
function pooledRows({ sources, size }: Pool, layers: number): Float64Array {
  const rows = new Float64Array(size * 2 * layers);
  let at = 0;
  const copy = ({ energy, sparsity }: ShowerFeatures, event: number): void => {
    const from = event * layers;
    for (let layer = 0; layer < layers; layer++) rows[at++] = energy[from + layer] as number;
    for (let layer = 0; layer < layers; layer++) rows[at++] = 1 - (sparsity[from + layer] as number);
  };
  for (const { features, events } of sources) for (const event of events) copy(features, event);
  return rows;
}

function correlationsOf(rows: Float64Array, members: Uint32Array, layers: number): SetCorrelations {
  const width = 2 * layers;
  const first = members[0] ?? 0;
  const running = new RunningCovariance(width, rows.subarray(first * width, (first + 1) * width));
  for (const member of members) running.add(rows, member * width);
  if (running.count < 2) return { energy: [], occupancy: [] };
  const { covariance } = running.result();
  const between = (i: number, j: number): number => {
    const variances = (covariance[i * width + i] as number) * (covariance[j * width + j] as number);
    return variances > 0 ? (covariance[i * width + j] as number) / Math.sqrt(variances) : Number.NaN;
  };
  const each = Array.from({ length: layers }, (_, layer) => layer);
  return {
    energy: each.map((i) => each.map((j) => (i === j && !Number.isNaN(between(i, i)) ? 1 : between(i, j)))),
    occupancy: each.map((layer) => between(layer, layers + layer)),
  };
}

interface Difference {
  readonly rms: number;
  readonly largest: number;
  /** Layers of the largest difference. */
  readonly at: readonly number[];
}

function differences(
  a: SetCorrelations,
  b: SetCorrelations,
): { readonly energy: Difference; readonly occupancy: Difference } {
  const energy: { value: number; at: number[] }[] = [];
  a.energy.forEach((row, i) => {
    for (let j = 0; j < i; j++)
      energy.push({ value: (row[j] as number) - (b.energy[i]?.[j] ?? Number.NaN), at: [j, i] });
  });
  const occupancy = a.occupancy.map((value, layer) => ({
    value: value - (b.occupancy[layer] ?? Number.NaN),
    at: [layer],
  }));
  return { energy: differenceOf(energy), occupancy: differenceOf(occupancy) };
}

function differenceOf(all: readonly { readonly value: number; readonly at: readonly number[] }[]): Difference {
  let [squares, count, largest] = [0, 0, 0];
  let place: readonly number[] = [];
  for (const { value, at } of all) {
    if (Number.isNaN(value)) continue;
    squares += value ** 2;
    count++;
    if (place.length > 0 && Math.abs(value) <= largest) continue;
    largest = Math.abs(value);
    place = at;
  }
  return count > 0
    ? { rms: Math.sqrt(squares / count), largest, at: place }
    : { rms: Number.NaN, largest: Number.NaN, at: [] };
}

/** What is below `size` and not among `members`. */
function complement(size: number, members: Uint32Array): Uint32Array {
  const isMember = new Uint8Array(size);
  for (const member of members) isMember[member] = 1;
  return Uint32Array.from({ length: size }, (_, i) => i).filter((i) => isMember[i] === 0);
}
