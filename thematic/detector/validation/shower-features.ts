import type { Showers } from "../contracts.ts";
import { ShowersInvalidError } from "../errors.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";

/** CaloChallenge's, against division by the energy of an empty layer. */
const EPSILON = 1e-16;

/** Names of the features that every layer has. */
export const LAYER_FEATURES = [
  "energy",
  "centreEta",
  "centrePhi",
  "centreR",
  "widthEta",
  "widthPhi",
  "widthR",
  "sparsity",
] as const;
/** One of {@link LAYER_FEATURES}. */
export type LayerFeature = (typeof LAYER_FEATURES)[number];

/**
 * High-level features of showers: a few numbers per layer and shower, as CaloChallenge defines them. With
 * eta = r cos α and phi = r sin α at the centre of a voxel, mm: centre_x = Σ x E / Σ E, width_x = √(Σ x² E / Σ E -
 * centre_x²), both 0 in an empty layer; sparsity = fraction of voxels without energy. Voxels below the readout threshold
 * count as 0.
 *
 * @see CaloChallenge `code/HighLevelFeatures.py`; arXiv:2410.21611.
 */
export interface ShowerFeatures extends Readonly<Record<LayerFeature, Float64Array>> {
  readonly count: number;
  readonly layers: number;
  readonly rings: number;
  /** Incident energies, MeV, `[event]`. */
  readonly incidentMeV: Float64Array;
  /** Energy of the shower, MeV, `[event]`. */
  readonly total: Float64Array;
  /** Energy of each ring, all layers, MeV, `[event, r]`. */
  readonly ringEnergy: Float64Array;
  /** Number of voxels with energy, `[event]`. */
  readonly occupied: Float64Array;
  /** Largest voxel, MeV. */
  readonly maxVoxel: number;
}

/** What to do with each voxel that has energy, while features are computed. */
export type VoxelVisitor = (event: number, energyMeV: number, voxel: number) => void;

/** Positions of the voxels of one layer, mm, `[alpha, r]` flat. */
interface VoxelPositions {
  readonly eta: Float64Array;
  readonly phi: Float64Array;
  readonly r: Float64Array;
}

/**
 * Computes {@link ShowerFeatures} batch by batch: about 3 kB are kept per shower of 45 layers.
 *
 * @throws `TWIN_SHOWERS_INVALID` for fewer than two showers, or voxels that are not finite and 0 or more.
 */
export async function showerFeatures(
  showers: Showers,
  options: {
    readonly signal?: AbortSignal;
    readonly visit?: VoxelVisitor;
    /** Sees the voxels of each batch as they were read, before the threshold, in order. */
    onVoxels?(voxels: Float32Array): void;
    onShowers?(done: number): void;
  } = {},
): Promise<ShowerFeatures> {
  const { geometry, count } = showers;
  if (count < 2) {
    throw new ShowersInvalidError(`Statistics need at least 2 showers; "${showers.label}" has ${count}.`);
  }
  const [layers, , rings] = geometry.shape;
  const perLayer = (): Float64Array => new Float64Array(count * layers);
  const features = {
    count,
    layers,
    rings,
    incidentMeV: showers.energyMeV,
    total: new Float64Array(count),
    ringEnergy: new Float64Array(count * rings),
    occupied: new Float64Array(count),
    maxVoxel: 0,
    ...(Object.fromEntries(LAYER_FEATURES.map((name) => [name, perLayer()])) as Record<LayerFeature, Float64Array>),
  };
  const positions = voxelPositions(geometry);
  const voxels = geometry.shape.reduce((product, length) => product * length, 1);
  const { signal, visit, onShowers, onVoxels } = options;
  for await (const batch of showers.batches(signal ? { signal } : {})) {
    const data = batch.energies.values();
    onVoxels?.(data);
    for (let i = 0; i < batch.count; i++) {
      const shower = data.subarray(i * voxels, (i + 1) * voxels);
      const largest = addShower(features, shower, { event: batch.start + i, positions, geometry, visit });
      if (!(largest < Number.POSITIVE_INFINITY)) {
        throw new ShowersInvalidError(
          `Shower ${batch.start + i} of "${showers.label}" has a voxel that is not finite and 0 or more.`,
        );
      }
      features.maxVoxel = Math.max(features.maxVoxel, largest);
    }
    onShowers?.(batch.start + batch.count);
  }
  return features;
}

/** Fills in one shower; returns its largest voxel, NaN where one is invalid. */
function addShower(
  features: ShowerFeatures,
  shower: Float32Array,
  at: {
    readonly event: number;
    readonly positions: VoxelPositions;
    readonly geometry: CalorimeterGeometry;
    readonly visit: VoxelVisitor | undefined;
  },
): number {
  const { event, positions, geometry, visit } = at;
  const [layers, alphas, rings] = geometry.shape;
  const width = alphas * rings;
  const { eta, phi, r } = positions;
  let largest = 0;
  let occupied = 0;
  let total = 0;
  for (let layer = 0; layer < layers; layer++) {
    let [sum, sumEta, sumPhi, sumR, sumEta2, sumPhi2, sumR2, hits] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let voxel = 0, from = layer * width; voxel < width; voxel++) {
      const energy = shower[from + voxel] as number;
      if (energy < geometry.thresholdMeV && energy >= 0) continue;
      if (!(energy >= 0)) return Number.NaN;
      const x = eta[voxel] as number;
      const y = phi[voxel] as number;
      const radius = r[voxel] as number;
      const ring = event * rings + (voxel % rings);
      hits++;
      sum += energy;
      sumEta += x * energy;
      sumPhi += y * energy;
      sumR += radius * energy;
      sumEta2 += x * x * energy;
      sumPhi2 += y * y * energy;
      sumR2 += radius * radius * energy;
      features.ringEnergy[ring] = (features.ringEnergy[ring] as number) + energy;
      if (energy > largest) largest = energy;
      visit?.(event, energy, from + voxel);
    }
    const cell = event * layers + layer;
    const norm = sum + EPSILON;
    const spread = (square: number, centre: number): number => Math.sqrt(Math.max(0, square / norm - centre * centre));
    features.energy[cell] = sum;
    features.centreEta[cell] = sumEta / norm;
    features.centrePhi[cell] = sumPhi / norm;
    features.centreR[cell] = sumR / norm;
    features.widthEta[cell] = spread(sumEta2, sumEta / norm);
    features.widthPhi[cell] = spread(sumPhi2, sumPhi / norm);
    features.widthR[cell] = spread(sumR2, sumR / norm);
    features.sparsity[cell] = 1 - hits / width;
    occupied += hits;
    total += sum;
  }
  features.total[event] = total;
  features.occupied[event] = occupied;
  return largest;
}

function voxelPositions({ shape, rEdgesMm }: CalorimeterGeometry): VoxelPositions {
  const [, alphas, rings] = shape;
  const of = (position: (alpha: number, radius: number) => number): Float64Array =>
    Float64Array.from({ length: alphas * rings }, (_, voxel) => {
      const ring = voxel % rings;
      const alpha = -Math.PI + (2 * Math.PI * (Math.floor(voxel / rings) + 0.5)) / alphas;
      return position(alpha, ((rEdgesMm[ring] as number) + (rEdgesMm[ring + 1] as number)) / 2);
    });
  return {
    eta: of((alpha, radius) => radius * Math.cos(alpha)),
    phi: of((alpha, radius) => radius * Math.sin(alpha)),
    r: of((_, radius) => radius),
  };
}
