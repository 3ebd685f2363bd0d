/** How faithful showers are to reference showers. Plain JSON, save that a number may be NaN (`null` in files). */
export interface Validation {
  readonly geometry: string;
  readonly generated: SetSummary;
  readonly reference: SetSummary;
  /** Voxels below this count as 0 in both sets, MeV. */
  readonly thresholdMeV: number;
  /** All energies together. */
  readonly separation: readonly Separation[];
  /** The same, per decade of incident energy, where the reference has at least four showers and the other set two. */
  readonly decades: readonly (EnergyInterval & {
    readonly generatedCount: number;
    readonly referenceCount: number;
    readonly separation: readonly Separation[];
  })[];
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
  readonly histograms: readonly ComparedHistogram[];
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
  /** What two samples of one distribution with these numbers of entries give: (K - 1)/4 (1/n₁ + 1/n₂). */
  readonly floor: number;
  /** The two halves of the reference against each other, scaled to the sizes compared. */
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
