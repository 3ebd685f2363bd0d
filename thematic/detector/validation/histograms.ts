import { histogram, linearEdges, logEdges, quantiles } from "../../../core/index.ts";
import { layerValues, responses } from "./observables.ts";
import type { ShowerFeatures } from "./shower-features.ts";
import type { ComparedHistogram } from "./validation.ts";

/** Layers whose energy is plotted: at these fractions of the reference's mean depth profile. */
const DEPTH_FRACTIONS: readonly number[] = [0.1, 0.5, 0.9];

/** Histograms that a physicist looks at first: response, energy in an early, a middle and a late layer, occupancy. */
export function comparedHistograms(generated: ShowerFeatures, reference: ShowerFeatures): readonly ComparedHistogram[] {
  const compare = (
    facts: Pick<ComparedHistogram, "name" | "label" | "unit" | "scale">,
    edges: Float64Array,
    values: (features: ShowerFeatures) => Float64Array,
  ): ComparedHistogram => {
    const made = normalised(values(generated), edges);
    const real = normalised(values(reference), edges);
    return {
      ...facts,
      edges: Array.from(edges),
      generated: made.values,
      generatedError: made.errors,
      reference: real.values,
      referenceError: real.errors,
    };
  };
  const both = Float64Array.of(...[generated, reference].flatMap((set) => quantiles(responses(set), [0.001, 0.999])));
  const [low, high] = [Math.min(...both), Math.max(...both)];
  const plots = [
    compare(
      { name: "response", label: "total / incident energy", unit: "", scale: "linear" },
      linearEdges(Math.floor(low * 20) / 20, (Math.floor(high * 20) + 1) / 20, 51),
      responses,
    ),
  ];
  for (const layer of typicalLayers(reference)) {
    const values = (features: ShowerFeatures): Float64Array => layerValues(features, "energy", layer);
    const largest = values(reference).reduce((most, value) => Math.max(most, value), 0);
    if (largest <= 1) continue;
    plots.push(
      compare(
        { name: `layer-${layer}`, label: `energy in layer ${layer}`, unit: "MeV", scale: "log" },
        logEdges(largest / 1e4, largest, 41),
        values,
      ),
    );
  }
  const most = reference.occupied.reduce((largest, value) => Math.max(largest, value), 1);
  plots.push(
    compare(
      { name: "occupancy", label: "voxels with energy per shower", unit: "", scale: "linear" },
      linearEdges(0, most * 1.05, 41),
      (features) => features.occupied,
    ),
  );
  return plots;
}

/** Fraction of all values in each bin, with binomial errors. */
function normalised(
  values: Float64Array,
  edges: Float64Array,
): { readonly values: readonly number[]; readonly errors: readonly number[] } {
  const fractions = Array.from(histogram(values, edges).counts, (count) => count / values.length);
  return { values: fractions, errors: fractions.map((p) => Math.sqrt((p * (1 - p)) / values.length)) };
}

/** Layers before which 10, 50 and 90 % of the energy lie. */
function typicalLayers(features: ShowerFeatures): readonly number[] {
  const sums = new Float64Array(features.layers);
  features.energy.forEach((energy, at) => {
    sums[at % features.layers] = (sums[at % features.layers] as number) + energy;
  });
  const total = sums.reduce((sum, energy) => sum + energy, 0);
  const layers = DEPTH_FRACTIONS.map((fraction) => {
    let sum = 0;
    return sums.findIndex((energy) => {
      sum += energy;
      return sum >= fraction * total;
    });
  });
  return [...new Set(layers)];
}
