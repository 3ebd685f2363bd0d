import { moments, separationFloor, separationPower, wasserstein1 } from "../../../core/index.ts";
import { LAYER_OBSERVABLES, RESPONSE_EDGES } from "./observables.ts";
import { breathe, type Pool, pick, pooledValues, type Resamplings } from "./pool.ts";
import { BinnedCounts, BinnedValues, largestOf, type PooledBins } from "./pooled-bins.ts";
import type { Separation } from "./validation.ts";
import type { VoxelSpectrum } from "./voxel-spectrum.ts";

/** What {@link separations} compares by, and how it is cancelled. */
export interface SeparationOptions {
  readonly thresholdMeV: number;
  readonly resamplings: Resamplings;
  /** Spectra of the sources of the pool, in their order. */
  readonly voxels: readonly VoxelSpectrum[];
  readonly signal?: AbortSignal | undefined;
}

/** Separation power of each observable, with the floors that samples of these sizes have. */
export async function separations(pool: Pool, options: SeparationOptions): Promise<readonly Separation[]> {
  const { thresholdMeV, resamplings, voxels, signal } = options;
  const compare = (values: Float64Array, edges: Float64Array): Comparison => {
    const wanted = pick(values, pool.reference);
    const distance = wasserstein1({ values: pick(values, pool.generated) }, { values: wanted });
    const spread = moments(wanted).standardDeviation(0);
    return { ...compareBins(pool, new BinnedValues(values, edges), resamplings), wasserstein: distance, spread };
  };
  const response = pooledValues(pool, ({ total, incidentMeV }, i) => (total[i] as number) / (incidentMeV[i] as number));
  const rows: Separation[] = [
    { observable: "total / incident energy", unit: "", ...summary([compare(response, RESPONSE_EDGES)]) },
  ];
  const layers = (pool.sources[0] as Pool["sources"][number]).features.layers;
  for (const { name, unit, feature, edges } of LAYER_OBSERVABLES) {
    const each: Comparison[] = [];
    for (let layer = 0; layer < layers; layer++) {
      await breathe(signal);
      const values = pooledValues(pool, (features, event) => features[feature][event * layers + layer] as number);
      // A layer that only generated showers reach is compared, too: it is as wrong as one that none of them reaches.
      const bins =
        edges(largestOf(values, pool.reference), thresholdMeV) ??
        edges(largestOf(values, pool.generated), thresholdMeV);
      each.push(bins ? compare(values, bins) : EMPTY);
    }
    rows.push({ observable: name, unit, ...summary(each), perLayer: each.map(({ value }) => value) });
  }
  await breathe(signal);
  const spectra = new BinnedCounts(pool, (voxels[0] as VoxelSpectrum).edges.length - 1, (source, event) =>
    (voxels[source] as VoxelSpectrum).of(event),
  );
  // Voxels are too many to keep, so there is no Wasserstein distance of them.
  rows.push({
    observable: "voxel energy",
    unit: "MeV",
    ...summary([{ ...EMPTY, ...compareBins(pool, spectra, resamplings) }]),
  });
  return rows;
}

/** Of one histogram. */
interface Comparison {
  readonly value: number;
  readonly floor: number;
  readonly measuredFloor: number;
  readonly wasserstein: number;
  /** Standard deviation in the reference. */
  readonly spread: number;
  /** The value for each bootstrap resampling, and for each shuffle. */
  readonly bootstrap: readonly number[];
  readonly shuffled: readonly number[];
}

const EMPTY: Comparison = {
  value: Number.NaN,
  floor: Number.NaN,
  measuredFloor: Number.NaN,
  wasserstein: Number.NaN,
  spread: Number.NaN,
  bootstrap: [],
  shuffled: [],
};

function compareBins(
  pool: Pool,
  bins: PooledBins,
  { bootstrap, shuffled }: Resamplings,
): Omit<Comparison, "wasserstein" | "spread"> {
  const made = bins.of(pool.generated);
  const real = bins.of(pool.reference);
  const both = made.map((count, bin) => count + (real[bin] as number));
  const firstReal = pool.generated.length;
  const lastReal = firstReal + pool.reference.length;
  return {
    value: separationOf(made, real),
    floor: isEmpty(made) || isEmpty(real) ? Number.NaN : formulaFloor(made, real, both),
    measuredFloor: pool.scale * separationOf(bins.of(pool.alike[0]), bins.of(pool.alike[1])),
    bootstrap: bootstrap.map((weights) =>
      separationOf(bins.weighted(weights, 0, firstReal), bins.weighted(weights, firstReal, lastReal)),
    ),
    shuffled: shuffled.map((members) => {
      const chosen = bins.of(members);
      return separationOf(
        both.map((count, bin) => count - (chosen[bin] as number)),
        chosen,
      );
    }),
  };
}

/**
 * Separation power; 1 where only one of the two has entries within the edges: such sets do not overlap. Without that, a
 * simulation that never reaches a layer would have the layer left out of its mean.
 */
function separationOf(a: Float64Array, b: Float64Array): number {
  return isEmpty(a) === isEmpty(b) ? separationPower(a, b) : 1;
}

function formulaFloor(a: Float64Array, b: Float64Array, both: Float64Array): number {
  return separationFloor(both.filter((count) => count > 0).length, total(a), total(b));
}

function isEmpty(counts: Float64Array): boolean {
  return counts.every((entries) => entries === 0);
}

/**
 * Mean over the layers that have a value. Layers are resampled together, so their correlation is in the errors. Of W1/σ it
 * is the ratio of the means: a deep layer in which all showers are alike has a spread of rounding errors, and would
 * outweigh all others.
 */
function summary(layers: readonly Comparison[]): Omit<Separation, "observable" | "unit" | "perLayer"> {
  const used = layers.filter(({ value }) => !Number.isNaN(value));
  const mean = (of: (layer: Comparison) => number): number => moments(used.map(of).filter(isNumber)).mean;
  const resampled = (of: "bootstrap" | "shuffled"): Float64Array =>
    Float64Array.from(used[0]?.[of] ?? [], (_, i) => mean((layer) => layer[of][i] as number)).filter(isNumber);
  const value = mean((layer) => layer.value);
  const shuffled = moments(resampled("shuffled"));
  const distance = mean((layer) => layer.wasserstein);
  const spread = mean((layer) => layer.spread);
  return {
    value,
    error: moments(resampled("bootstrap")).standardDeviation(),
    floor: mean((layer) => layer.floor),
    measuredFloor: mean((layer) => layer.measuredFloor),
    shuffledFloor: shuffled.mean,
    shuffledSpread: shuffled.standardDeviation(),
    excess: value - shuffled.mean,
    wasserstein: distance,
    relativeWasserstein: spread > 0 ? distance / spread : Number.NaN,
  };
}

function isNumber(value: number): boolean {
  return !Number.isNaN(value);
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, entries) => sum + entries, 0);
}
