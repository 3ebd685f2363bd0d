import type { Evidence } from "./evidence.ts";

/** How faithful showers are to reference showers. Plain JSON, save that a number may be NaN (`null` in files). */
export interface Validation extends Judgement {
  readonly geometry: string;
  readonly generated: SetSummary;
  readonly reference: SetSummary;
  /** Voxels below this count as 0 in both sets, MeV. */
  readonly thresholdMeV: number;
  /** What stands for the reference against itself in `measuredFloor`: its halves, or another set of its simulation. */
  readonly alike: { readonly label: string; readonly counts: readonly [number, number] };
  /** Of the random numbers behind errors, floors and subsets. */
  readonly seed: string;
  /** Per decade of incident energy, where the reference has at least four showers and the other set two. */
  readonly decades: readonly DecadeJudgement[];
  /** What classifiers trained elsewhere found between these two files. */
  readonly evidence: Evidence | null;
  /** Mean over events of E_layer / E_incident. */
  readonly longitudinal: readonly (ProfilePoint & { readonly layer: number; readonly depthX0: number })[];
  /** Mean over events of E_ring / E_incident. */
  readonly radial: readonly (ProfilePoint & { readonly minMm: number; readonly maxMm: number })[];
  /** Largest |ratio - 1| of the longitudinal profile among layers with more than 1 % of the reference's energy. */
  readonly worstLayer: { readonly layer: number; readonly deviation: number } | null;
  /** Logarithmic intervals of incident energy. */
  readonly energies: readonly (EnergyInterval & {
    readonly generated: EnergyPoint | null;
    readonly reference: EnergyPoint | null;
  })[];
  /** Two-sample Kolmogorov-Smirnov test of total over incident energy. */
  readonly responseTest: { readonly statistic: number; readonly pValue: number };
  /** The same of incident energies. Sets of different spectra differ in all else, whatever made them. */
  readonly energyTest: { readonly statistic: number; readonly pValue: number };
  readonly histograms: readonly ComparedHistogram[];
}

/** How two sets of showers differ. */
export interface Judgement {
  readonly separation: readonly Separation[];
  readonly correlations: Correlations;
  /** Empty for fewer than 1,000 showers in a set. */
  readonly tails: readonly Tail[];
  readonly distances: Distances;
}

/** {@link Judgement} of the showers with incident energies in one decade. */
export interface DecadeJudgement extends EnergyInterval, Judgement {
  readonly generatedCount: number;
  readonly referenceCount: number;
}

/** Pearson correlations, and how far those of the two sets are apart. NaN in layers in which all showers are alike. */
export interface Correlations {
  /** Of the energies of layers, `[layer][layer]`. */
  readonly energy: {
    readonly generated: readonly (readonly number[])[];
    readonly reference: readonly (readonly number[])[];
    readonly difference: CorrelationDifference;
  };
  /** Of each layer's energy with its number of voxels with energy, `[layer]`. */
  readonly occupancy: {
    readonly generated: readonly number[];
    readonly reference: readonly number[];
    readonly difference: CorrelationDifference;
  };
}

/** Differences of correlation coefficients: root mean square, and largest magnitude. */
export interface CorrelationDifference {
  readonly rms: number;
  readonly largest: number;
  /** Layers of the largest. */
  readonly at: readonly number[];
  /** As of {@link Separation}. */
  readonly shuffledFloor: { readonly rms: number; readonly largest: number };
  /** As of {@link Separation}. */
  readonly measuredFloor: { readonly rms: number; readonly largest: number };
}

/** A quantile of one number per shower in both sets; errors by bootstrap. */
export interface Tail {
  readonly observable: string;
  readonly unit: string;
  /** Fraction of showers below. */
  readonly probability: number;
  readonly generated: number;
  readonly generatedError: number;
  readonly reference: number;
  readonly referenceError: number;
  /** Difference between two sets of the reference's simulation, scaled to the numbers compared. */
  readonly measuredFloor: number;
}

/** Distances in many dimensions; `null` where there are too few showers, or where they were not asked for. */
export interface Distances {
  readonly frechet: Compared<FrechetScore> | null;
  readonly kernel: Compared<KernelScore> | null;
  readonly neighbours:
    | (Compared<NeighbourScore> & {
        /** Showers of each set: a choice, the same number for the floor. */
        readonly showers: number;
      })
    | null;
}

/** A distance, and that between two sets of the reference's simulation. */
export interface Compared<T> {
  readonly generated: T;
  readonly alike: T;
  /** `alike`, brought to the numbers of showers compared; only for distances that scale with 1/n₁ + 1/n₂. */
  readonly floor?: number;
}

/** Fréchet physics distance (FPD) on the 362 features. */
export interface FrechetScore {
  /** At infinitely large batches. */
  readonly value: number;
  /** Of the straight line in 1/n, not of the samples. */
  readonly error: number;
  /** How the distance falls with 1/n. */
  readonly slope: number;
  /** Of all showers at once, without extrapolation: deterministic. */
  readonly full: number;
  /** Smallest and largest batch. */
  readonly batchSizes: readonly [number, number];
  /** Batches of each size. */
  readonly draws: number;
}

/** Kernel physics distance (KPD) on the 362 features: median over batches, which may be below zero. */
export interface KernelScore {
  readonly value: number;
  readonly error: number;
  readonly mean: number;
  readonly batchSize: number;
  readonly batches: number;
}

/** Precision, recall, density and coverage (PRDC) of logarithms of voxels, five neighbours. */
export interface NeighbourScore {
  /** Generated showers that lie where reference showers are. */
  readonly precision: number;
  /** Reference showers that lie where generated ones are. */
  readonly recall: number;
  /** Mean number of reference spheres around a generated shower, over five: 1 for equal distributions. */
  readonly density: number;
  /** Reference showers with a generated one in their sphere. */
  readonly coverage: number;
}

/** One of the two sets, as a whole. */
export interface SetSummary {
  readonly label: string;
  readonly count: number;
  /** Mean of total over incident energy. */
  readonly response: number;
  readonly responseError: number;
  readonly containment: Containment;
  readonly resolutionFit: ResolutionFit | null;
}

/** `[minMeV, maxMeV)`. */
export interface EnergyInterval {
  readonly minMeV: number;
  readonly maxMeV: number;
}

/** Separation power and Wasserstein-1 distance of one observable; means over layers where it has one value per layer. */
export interface Separation {
  readonly observable: string;
  readonly unit: string;
  /** Triangular discriminator, 0 to 1. */
  readonly value: number;
  /** Of `value`, by bootstrap over groups of neighbours in incident energy. */
  readonly error: number;
  /** What two samples of one distribution with these numbers of entries give: (K - 1)/4 (1/n₁ + 1/n₂). */
  readonly floor: number;
  /**
   * What is left when generated and reference showers of nearly equal incident energy are exchanged at random: the mean.
   * Knows sparse bins, unequal sets and common energies, which the formula does not.
   */
  readonly shuffledFloor: number;
  /** Standard deviation over those shuffles: how far chance alone takes the value. */
  readonly shuffledSpread: number;
  /** `value` - `shuffledFloor`: what the simulation is to blame for. */
  readonly excess: number;
  /** Two sets of the reference's simulation against each other, scaled to the sizes compared. */
  readonly measuredFloor: number;
  /** In `unit`. NaN for voxel energies. */
  readonly wasserstein: number;
  /** Over the standard deviation in the reference; of layers, mean over mean. */
  readonly relativeWasserstein: number;
  /** `value` of each layer. */
  readonly perLayer?: readonly number[];
}

/** One bin of a mean profile; errors are standard errors of the mean. */
export interface ProfilePoint {
  readonly generated: number;
  readonly generatedError: number;
  readonly reference: number;
  readonly referenceError: number;
  readonly ratio: number;
  readonly ratioError: number;
  /** Fraction of the reference's energy. */
  readonly share: number;
}

/** Response in one interval of incident energy. */
export interface EnergyPoint {
  readonly count: number;
  /** Mean incident energy, MeV. */
  readonly energyMeV: number;
  /** Mean of total over incident energy. */
  readonly response: number;
  readonly responseError: number;
  /** Mean energy in active material over incident energy. */
  readonly samplingFraction: number;
  /** σ/μ of total over incident energy. */
  readonly resolution: number;
  readonly resolutionError: number;
  /** Mean number of voxels with energy. */
  readonly occupied: number;
  readonly occupiedError: number;
}

/** σ/μ = stochastic/√(E/GeV) ⊕ constant. */
export interface ResolutionFit {
  readonly stochastic: number;
  readonly stochasticError: number;
  readonly constant: number;
  /** `null` where the constant is at its bound, 0. */
  readonly constantError: number | null;
}

/** Extent of the mean shower, interpolated linearly within rings and layers; what lies outside the voxels is not seen. */
export interface Containment {
  readonly r90Mm: number;
  readonly r95Mm: number;
  readonly depth90X0: number;
  readonly depth95X0: number;
  /** Centre of gravity along the axis, X0. */
  readonly centreX0: number;
  /** Mean number of voxels with energy. */
  readonly occupied: number;
}

/** Densities of both sets on the same edges, for plots: fraction of entries per bin, with standard errors. */
export interface ComparedHistogram {
  readonly name: string;
  /** Label of the axis. */
  readonly label: string;
  readonly unit: string;
  readonly scale: "linear" | "log";
  readonly edges: readonly number[];
  readonly generated: readonly number[];
  readonly generatedError: readonly number[];
  readonly reference: readonly number[];
  readonly referenceError: readonly number[];
}
