import { kolmogorovSmirnov } from "../../../core/index.ts";
import type { Showers } from "../contracts.ts";
import { ShowersInvalidError } from "../errors.ts";
import { effectiveMedium } from "../geometry/effective-medium.ts";
import { energyEdges, energyPoint, fitResolution, meanResponse } from "./energy-response.ts";
import { comparedHistograms } from "./histograms.ts";
import { responses, voxelEdges } from "./observables.ts";
import { containment, longitudinalProfile, radialProfile } from "./profiles.ts";
import { separations } from "./separation.ts";
import { type ShowerFeatures, showerFeatures } from "./shower-features.ts";
import type { ProfilePoint, SetSummary, Validation } from "./validation.ts";
import { VoxelSpectrum } from "./voxel-spectrum.ts";

const ENERGY_BINS = 8;
const FIRST_DECADE_MEV = 1;
/** Layers with less of the energy are not judged one by one. */
const MIN_SHARE = 0.01;

/** How a validation is cancelled and watched. */
export interface ValidateOptions {
  readonly signal?: AbortSignal;
  progress?(fraction: number, doing: string): void;
}

/** Compares showers with reference showers. See {@link Calorimeter.validate}. */
export async function validateShowers(
  generated: Showers,
  reference: Showers,
  options: ValidateOptions = {},
): Promise<Validation> {
  const { geometry } = reference;
  if (String(generated.geometry.shape) !== String(geometry.shape)) {
    throw new ShowersInvalidError(
      `Showers of [${generated.geometry.shape}] voxels cannot be compared with a reference of [${geometry.shape}].`,
    );
  }
  const { real, made, spectra } = await readBoth(generated, reference, options);
  options.signal?.throwIfAborted();
  options.progress?.(0.9, "comparing");
  const layerDepth = geometry.layerMm / effectiveMedium(geometry.slabs).radiationLengthMm;
  const edges = energyEdges(made, real, ENERGY_BINS);
  const energies = Array.from({ length: edges.length - 1 }, (_, bin) => {
    const interval = { minMeV: edges[bin] as number, maxMeV: edges[bin + 1] as number };
    return {
      ...interval,
      generated: energyPoint(made, interval, geometry.samplingFraction),
      reference: energyPoint(real, interval, geometry.samplingFraction),
    };
  });
  const summary = (
    label: string,
    features: ShowerFeatures,
    points: Parameters<typeof fitResolution>[0],
  ): SetSummary => {
    const { mean, error } = meanResponse(features);
    return {
      label,
      count: features.count,
      response: mean,
      responseError: error,
      containment: containment(features, { rEdgesMm: geometry.rEdgesMm, layerDepth }),
      resolutionFit: fitResolution(points),
    };
  };
  const everyMade = eventsBetween(made, 0, Number.POSITIVE_INFINITY);
  const everyReal = eventsBetween(real, 0, Number.POSITIVE_INFINITY);
  const sets = { generated: made, reference: real, thresholdMeV: geometry.thresholdMeV };
  const longitudinal = longitudinalProfile(made, real);
  const result: Validation = {
    geometry: geometry.name,
    generated: summary(
      generated.label,
      made,
      energies.map((bin) => bin.generated),
    ),
    reference: summary(
      reference.label,
      real,
      energies.map((bin) => bin.reference),
    ),
    thresholdMeV: geometry.thresholdMeV,
    separation: separations({ ...sets, generatedEvents: everyMade, referenceEvents: everyReal }, spectra),
    decades: decades(made, real).map(({ minMeV, maxMeV, generatedEvents, referenceEvents }) => ({
      minMeV,
      maxMeV,
      generatedCount: generatedEvents.length,
      referenceCount: referenceEvents.length,
      separation: separations({ ...sets, generatedEvents, referenceEvents }),
    })),
    longitudinal: longitudinal.map((point, layer) => ({ layer, depthX0: (layer + 0.5) * layerDepth, ...point })),
    radial: radialProfile(made, real).map((point, ring) => ({
      minMm: geometry.rEdgesMm[ring] as number,
      maxMm: geometry.rEdgesMm[ring + 1] as number,
      ...point,
    })),
    worstLayer: worstLayer(longitudinal),
    energies,
    responseTest: kolmogorovSmirnov(responses(made, everyMade), responses(real, everyReal)),
    histograms: comparedHistograms(made, real),
  };
  options.progress?.(1, "compared");
  return result;
}

/** Features of both sets, and their voxel spectra on edges that end at the reference's largest voxel. */
async function readBoth(
  generated: Showers,
  reference: Showers,
  { signal, progress }: ValidateOptions,
): Promise<{
  readonly real: ShowerFeatures;
  readonly made: ShowerFeatures;
  readonly spectra: { readonly generated: VoxelSpectrum; readonly reference: VoxelSpectrum };
}> {
  const all = 2 * reference.count + generated.count;
  let before = 0;
  const read = async (showers: Showers, doing: string, spectrum?: VoxelSpectrum): Promise<ShowerFeatures> => {
    const features = await showerFeatures(showers, {
      ...(signal && { signal }),
      ...(spectrum && { visit: (event: number, energy: number) => spectrum.add(event, energy) }),
      onShowers: (done) => progress?.((0.9 * (before + done)) / all, doing),
    });
    before += showers.count;
    return features;
  };
  const real = await read(reference, `reading ${reference.label}`);
  const edges = voxelEdges(real.maxVoxel, reference.geometry.thresholdMeV);
  const spectra = { generated: new VoxelSpectrum(edges), reference: new VoxelSpectrum(edges) };
  await read(reference, `voxels of ${reference.label}`, spectra.reference);
  const made = await read(generated, `reading ${generated.label}`, spectra.generated);
  return { real, made, spectra };
}

function eventsBetween({ incidentMeV }: ShowerFeatures, minMeV: number, maxMeV: number): Uint32Array {
  const events: number[] = [];
  incidentMeV.forEach((energy, event) => {
    if (energy >= minMeV && energy < maxMeV) events.push(event);
  });
  return Uint32Array.from(events);
}

/** Decades of incident energy with two showers, and in the reference with two in each half that sets the floor. */
function decades(
  generated: ShowerFeatures,
  reference: ShowerFeatures,
): readonly {
  readonly minMeV: number;
  readonly maxMeV: number;
  readonly generatedEvents: Uint32Array;
  readonly referenceEvents: Uint32Array;
}[] {
  const largest = reference.incidentMeV.reduce((most, energy) => Math.max(most, energy), 0);
  const found = [];
  for (let minMeV = FIRST_DECADE_MEV; minMeV <= largest; minMeV *= 10) {
    const maxMeV = 10 * minMeV;
    const generatedEvents = eventsBetween(generated, minMeV, maxMeV);
    const referenceEvents = eventsBetween(reference, minMeV, maxMeV);
    if (generatedEvents.length > 1 && referenceEvents.length > 3) {
      found.push({ minMeV, maxMeV, generatedEvents, referenceEvents });
    }
  }
  return found;
}

function worstLayer(profile: readonly ProfilePoint[]): Validation["worstLayer"] {
  let worst: { layer: number; deviation: number } | null = null;
  profile.forEach(({ ratio, share }, layer) => {
    const deviation = Math.abs(ratio - 1);
    if (share > MIN_SHARE && (worst === null || deviation > worst.deviation)) worst = { layer, deviation };
  });
  return worst;
}
