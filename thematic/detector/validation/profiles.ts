import { moments, RunningMoments } from "../../../core/index.ts";
import type { ShowerFeatures } from "./shower-features.ts";
import type { Containment, ProfilePoint } from "./validation.ts";

/** Mean energy of each layer over the incident energy, and the ratio of the two sets. */
export function longitudinalProfile(generated: ShowerFeatures, reference: ShowerFeatures): readonly ProfilePoint[] {
  return profile(
    reference.layers,
    (features, event, layer) => features.energy[event * features.layers + layer] as number,
  )(generated, reference);
}

/** Mean energy of each ring, all layers, over the incident energy, and the ratio of the two sets. */
export function radialProfile(generated: ShowerFeatures, reference: ShowerFeatures): readonly ProfilePoint[] {
  return profile(
    reference.rings,
    (features, event, ring) => features.ringEnergy[event * features.rings + ring] as number,
  )(generated, reference);
}

function profile(
  bins: number,
  energyOf: (features: ShowerFeatures, event: number, bin: number) => number,
): (generated: ShowerFeatures, reference: ShowerFeatures) => readonly ProfilePoint[] {
  const meanOf = (features: ShowerFeatures, bin: number): RunningMoments => {
    const running = new RunningMoments();
    for (let event = 0; event < features.count; event++) {
      running.add(energyOf(features, event, bin) / (features.incidentMeV[event] as number));
    }
    return running;
  };
  return (generated, reference) => {
    const pairs = Array.from({ length: bins }, (_, bin) => ({
      made: meanOf(generated, bin),
      real: meanOf(reference, bin),
    }));
    const sum = pairs.reduce((total, { real }) => total + real.mean, 0);
    return pairs.map(({ made, real }) => {
      const ratio = made.mean / real.mean;
      return {
        generated: made.mean,
        generatedError: made.meanError,
        reference: real.mean,
        referenceError: real.meanError,
        ratio,
        ratioError: ratio * Math.hypot(made.meanError / made.mean, real.meanError / real.mean),
        share: real.mean / sum,
      };
    });
  };
}

/** Radii and depths within which a fraction of the energy lies, of the mean profiles, and the centre of gravity. */
export function containment(
  features: ShowerFeatures,
  scale: { readonly rEdgesMm: Float64Array; readonly layerDepth: number },
): Containment {
  const { layers, rings } = features;
  const depthEdges = Float64Array.from({ length: layers + 1 }, (_, layer) => layer * scale.layerDepth);
  const relative = (energies: Float64Array, bins: number): Float64Array => {
    const sums = new Float64Array(bins);
    energies.forEach((energy, at) => {
      sums[at % bins] = (sums[at % bins] as number) + energy / (features.incidentMeV[Math.floor(at / bins)] as number);
    });
    return sums;
  };
  const byRing = relative(features.ringEnergy, rings);
  const byLayer = relative(features.energy, layers);
  const total = byLayer.reduce((sum, energy) => sum + energy, 0);
  const centre = byLayer.reduce((sum, energy, layer) => sum + energy * (layer + 0.5) * scale.layerDepth, 0) / total;
  return {
    r90Mm: edgeWithin(byRing, scale.rEdgesMm, 0.9),
    r95Mm: edgeWithin(byRing, scale.rEdgesMm, 0.95),
    depth90X0: edgeWithin(byLayer, depthEdges, 0.9),
    depth95X0: edgeWithin(byLayer, depthEdges, 0.95),
    centreX0: centre,
    occupied: moments(features.occupied).mean,
  };
}

/** Where the cumulative sum of `energies` reaches a fraction, interpolated linearly within the bin. */
function edgeWithin(energies: Float64Array, edges: Float64Array, fraction: number): number {
  const wanted = fraction * energies.reduce((sum, energy) => sum + energy, 0);
  let sum = 0;
  for (let bin = 0; bin < energies.length; bin++) {
    const energy = energies[bin] as number;
    if (energy > 0 && sum + energy >= wanted) {
      const low = edges[bin] as number;
      return low + ((wanted - sum) / energy) * ((edges[bin + 1] as number) - low);
    }
    sum += energy;
  }
  return Number.NaN;
}
