import { kolmogorovSmirnov } from "../../../core/index.ts";
import type { Showers } from "../contracts.ts";
import { ShowersInvalidError } from "../errors.ts";
import { effectiveMedium } from "../geometry/effective-medium.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { energyEdges, energyPoint, fitResolution, meanResponse } from "./energy-response.ts";
import { checkEvidence, parseEvidence } from "./evidence.ts";
import { comparedHistograms } from "./histograms.ts";
import { type JudgeOptions, judge } from "./judgement.ts";
import type { ShowerRows } from "./neighbours.ts";
import { responses } from "./observables.ts";
import type { ChosenShowers } from "./pool.ts";
import { containment, longitudinalProfile, radialProfile } from "./profiles.ts";
import { type ReadSet, type ReadSets, readSets } from "./read-sets.ts";
import type { ShowerFeatures } from "./shower-features.ts";
import type { DecadeJudgement, EnergyInterval, Judgement, ProfilePoint, SetSummary, Validation } from "./validation.ts";

const ENERGY_BINS = 8;
/** Batches of each size for the Fréchet distance, CaloChallenge's number, and in a decade. */
const DRAWS = 20;
const DECADE_DRAWS = 5;
/** Shares of progress up to the end of reading, and of all energies together. */
const READING = 0.4;
const WHOLE = 0.8;
const EVERYTHING: EnergyInterval = { minMeV: 0, maxMeV: Number.POSITIVE_INFINITY };
const FIRST_DECADE_MEV = 1;
/** Layers with less of the energy are not judged one by one. */
const MIN_SHARE = 0.01;

/** What a validation computes, and how it is cancelled and watched. */
export interface ValidateOptions {
  /**
   * `"all"` (default), or `"fast"`: without the distances in many dimensions (FPD, KPD, PRDC), which take minutes for tens of
   * thousands of showers.
   */
  readonly metrics?: "all" | "fast" | undefined;
  /** An independent set of the reference's own simulation: floors are measured with it instead of the reference's halves. */
  readonly second?: Showers | undefined;
  /** The JSON of an evidence file of classifiers, about these two sets. */
  readonly evidence?: unknown;
  /** Seed of the resamplings behind errors, floors and subsets, 0 to 2^64 - 1. Default 1. */
  readonly seed?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with what is done of all, 0 to 1, and what is being done. */
  progress?(fraction: number, doing: string): void;
}

/** Compares showers with reference showers. See {@link Calorimeter.validate}. */
export async function validateShowers(
  generated: Showers,
  reference: Showers,
  options: ValidateOptions = {},
): Promise<Validation> {
  const { geometry } = reference;
  const { second, signal, progress, seed = 1n, metrics = "all" } = options;
  for (const showers of second ? [generated, second] : [generated]) checkSameVoxels(showers, reference);
  const stored = options.evidence === undefined ? undefined : parseEvidence(options.evidence);
  const sets = await readSets(
    { generated, reference, second },
    {
      seed,
      signal,
      withChosen: metrics === "all",
      withDigests: stored !== undefined,
      progress: (fraction, doing) => progress?.(READING * fraction, doing),
    },
  );
  const evidence = stored
    ? checkEvidence(stored, {
        generated: { count: generated.count, digest: sets.generated.digest ?? "" },
        reference: { count: reference.count, digest: sets.reference.digest ?? "" },
        thresholdMeV: geometry.thresholdMeV,
      })
    : null;
  const made = sets.generated.features;
  const real = sets.reference.features;
  const whole = await judgeBetween(sets, EVERYTHING, {
    ...{ seed, signal, geometry, draws: DRAWS },
    progress: (fraction, doing) => progress?.(READING + (WHOLE - READING) * fraction, doing),
  });
  const found = decades(made, real);
  const judged: DecadeJudgement[] = [];
  for (const [index, interval] of found.entries()) {
    const { generatedEvents, referenceEvents, minMeV, maxMeV } = interval;
    const name = `${minMeV / 1000} to ${maxMeV / 1000} GeV`;
    judged.push({
      minMeV,
      maxMeV,
      generatedCount: generatedEvents.length,
      referenceCount: referenceEvents.length,
      ...(await judgeBetween(sets, interval, {
        ...{ seed, signal, geometry, draws: DECADE_DRAWS },
        progress: (fraction, doing) =>
          progress?.(WHOLE + ((1 - WHOLE) * (index + fraction)) / found.length, `${doing}, ${name}`),
      })),
    });
  }
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
    alike: {
      label: second ? `${second.label}, another set` : `halves of ${reference.label}`,
      counts: second
        ? [second.count, reference.count]
        : [Math.ceil(reference.count / 2), Math.floor(reference.count / 2)],
    },
    seed: String(seed),
    thresholdMeV: geometry.thresholdMeV,
    ...whole,
    decades: judged,
    evidence,
    longitudinal: longitudinal.map((point, layer) => ({ layer, depthX0: (layer + 0.5) * layerDepth, ...point })),
    radial: radialProfile(made, real).map((point, ring) => ({
      minMm: geometry.rEdgesMm[ring] as number,
      maxMm: geometry.rEdgesMm[ring + 1] as number,
      ...point,
    })),
    worstLayer: worstLayer(longitudinal),
    energies,
    responseTest: kolmogorovSmirnov(responses(made), responses(real)),
    energyTest: kolmogorovSmirnov(made.incidentMeV, real.incidentMeV),
    histograms: comparedHistograms(made, real),
  };
  progress?.(1, "compared");
  return result;
}

function checkSameVoxels(showers: Showers, { geometry }: Showers): void {
  if (String(showers.geometry.shape) === String(geometry.shape)) return;
  throw new ShowersInvalidError(
    `Showers of [${showers.geometry.shape}] voxels cannot be compared with a reference of [${geometry.shape}].`,
  );
}

/** Judges the showers with incident energies in an interval. */
async function judgeBetween(
  { generated, reference, second, chosen }: ReadSets,
  { minMeV, maxMeV }: EnergyInterval,
  options: Pick<JudgeOptions, "seed" | "signal" | "draws" | "progress"> & { readonly geometry: CalorimeterGeometry },
): Promise<Judgement> {
  const { geometry, ...rest } = options;
  const between = ({ features }: ReadSet): ChosenShowers => ({
    features,
    events: eventsBetween(features, minMeV, maxMeV),
  });
  const isInside = (energy: number): boolean => energy >= minMeV && energy < maxMeV;
  const rowsBetween = (rows: ShowerRows, { features }: ReadSet): ShowerRows => ({
    ...rows,
    rows: rows.rows.filter((row) => isInside(features.incidentMeV[rows.events[row] as number] as number)),
  });
  const others = second && between(second);
  // A second reference may have none of these energies; then the halves of the first must do.
  const isSecondUsed = second !== undefined && others !== undefined && others.events.length > 1;
  return await judge(
    {
      generated: between(generated),
      reference: between(reference),
      second: isSecondUsed ? others : undefined,
      thresholdMeV: geometry.thresholdMeV,
    },
    {
      ...rest,
      voxels: [generated, reference, ...(isSecondUsed ? [second] : [])].map(({ voxels }) => voxels),
      voxelCount: geometry.shape.reduce((product, length) => product * length, 1),
      chosen: chosen && {
        generated: rowsBetween(chosen.generated, generated),
        reference: rowsBetween(chosen.reference, reference),
        alike: rowsBetween(chosen.alike, second ?? reference),
      },
    },
  );
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
