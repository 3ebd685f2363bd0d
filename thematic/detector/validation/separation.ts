import { histogram, moments, separationFloor, separationPower, wasserstein1 } from "../../../core/index.ts";
import { LAYER_OBSERVABLES, layerValues, RESPONSE_EDGES, responses } from "./observables.ts";
import type { ShowerFeatures } from "./shower-features.ts";
import type { Separation } from "./validation.ts";
import type { VoxelSpectrum } from "./voxel-spectrum.ts";

/** Two sets of showers and the events of each to compare. */
export interface ComparedSets {
  readonly generated: ShowerFeatures;
  readonly reference: ShowerFeatures;
  readonly generatedEvents: Uint32Array;
  readonly referenceEvents: Uint32Array;
  readonly thresholdMeV: number;
}

/** Separation power of each observable, with the floor that samples of these sizes have. */
export function separations(
  sets: ComparedSets,
  voxels?: { readonly generated: VoxelSpectrum; readonly reference: VoxelSpectrum },
): readonly Separation[] {
  const { generated, reference, generatedEvents, referenceEvents, thresholdMeV } = sets;
  const halves = [0, 1].map((parity) => referenceEvents.filter((_, index) => index % 2 === parity));
  const [even, odd] = halves as [Uint32Array, Uint32Array];
  // Equal distributions separate by an amount proportional to 1/n₁ + 1/n₂; the halves are brought to the sizes compared.
  const scale =
    (1 / generatedEvents.length + 1 / referenceEvents.length) /
    (1 / Math.max(1, even.length) + 1 / Math.max(1, odd.length));
  const compare = (
    valuesOf: (features: ShowerFeatures, events: Uint32Array) => Float64Array,
    edges: Float64Array,
  ): Comparison => {
    const wanted = valuesOf(reference, referenceEvents);
    const made = valuesOf(generated, generatedEvents);
    const a = histogram(made, edges).counts;
    const b = histogram(wanted, edges).counts;
    const spread = moments(wanted).standardDeviation(0);
    const distance = wasserstein1({ values: made }, { values: wanted });
    return {
      value: separationPower(a, b),
      floor: separationFloor(occupiedBins(a, b), total(a), total(b)),
      measuredFloor:
        scale *
        separationPower(
          histogram(valuesOf(reference, even), edges).counts,
          histogram(valuesOf(reference, odd), edges).counts,
        ),
      wasserstein: distance,
      spread,
    };
  };
  const rows: Separation[] = [
    { observable: "total / incident energy", unit: "", ...relative(compare(responses, RESPONSE_EDGES)) },
  ];
  for (const { name, unit, feature, edges } of LAYER_OBSERVABLES) {
    const layers = Array.from({ length: reference.layers }, (_, layer): Comparison => {
      const valuesOf = (features: ShowerFeatures, events: Uint32Array): Float64Array =>
        layerValues(features, feature, { layer, events });
      const largest = valuesOf(reference, referenceEvents).reduce((most, value) => Math.max(most, value), 0);
      const bins = edges(largest, thresholdMeV);
      return bins ? compare(valuesOf, bins) : EMPTY;
    });
    rows.push({ observable: name, unit, ...relative(meanOf(layers)), perLayer: layers.map(({ value }) => value) });
  }
  if (voxels) rows.push({ observable: "voxel energy", unit: "MeV", ...relative(compareSpectra(voxels, scale)) });
  return rows;
}

/** A {@link Separation} of one histogram; `spread` is the standard deviation in the reference. */
type Comparison = Omit<Separation, "observable" | "unit" | "perLayer" | "relativeWasserstein"> & {
  readonly spread: number;
};

const EMPTY: Comparison = {
  value: Number.NaN,
  floor: Number.NaN,
  measuredFloor: Number.NaN,
  wasserstein: Number.NaN,
  spread: Number.NaN,
};

/** Voxels are too many to keep, so there is no Wasserstein distance of them. */
function compareSpectra(
  { generated, reference }: { readonly generated: VoxelSpectrum; readonly reference: VoxelSpectrum },
  scale: number,
): Comparison {
  const a = generated.all;
  const b = reference.all;
  return {
    ...EMPTY,
    value: separationPower(a, b),
    floor: separationFloor(occupiedBins(a, b), total(a), total(b)),
    measuredFloor: scale * separationPower(reference.even.counts, reference.odd.counts),
  };
}

/**
 * Puts the distance in units of the spread. Of layers it is the ratio of the means: a deep layer in which all showers are
 * alike has a spread of rounding errors, and would outweigh all others.
 */
function relative({ spread, ...rest }: Comparison): Omit<Separation, "observable" | "unit" | "perLayer"> {
  return { ...rest, relativeWasserstein: spread > 0 ? rest.wasserstein / spread : Number.NaN };
}

/** Mean over the layers that have a value. */
function meanOf(layers: readonly Comparison[]): Comparison {
  const mean = (key: keyof Comparison): number =>
    moments(layers.map((layer) => layer[key]).filter((value) => !Number.isNaN(value))).mean;
  return {
    value: mean("value"),
    floor: mean("floor"),
    measuredFloor: mean("measuredFloor"),
    wasserstein: mean("wasserstein"),
    spread: mean("spread"),
  };
}

function occupiedBins(a: Float64Array, b: Float64Array): number {
  return a.reduce((count, entries, bin) => count + (entries + (b[bin] as number) > 0 ? 1 : 0), 0);
}

function total(counts: Float64Array): number {
  return counts.reduce((sum, entries) => sum + entries, 0);
}
