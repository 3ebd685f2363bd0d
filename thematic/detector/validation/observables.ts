import { linearEdges, logEdges } from "../../../core/index.ts";
import type { LayerFeature, ShowerFeatures } from "./shower-features.ts";

/** An observable that is histogrammed, once per shower or once per layer. */
export interface Observable {
  /** As in the tables: `"E_layer"`. */
  readonly name: string;
  readonly unit: string;
  readonly feature: LayerFeature;
  /** Bin edges, from the largest value in the reference layer; `undefined` where the layer is empty. */
  edges(largest: number, thresholdMeV: number): Float64Array | undefined;
}

const fixed = (start: number, stop: number, count: number) => (): Float64Array => linearEdges(start, stop, count);

/**
 * The observables with a value per layer, with CaloChallenge's binning.
 *
 * @see CaloChallenge `code/evaluate.py`, `code/evaluate_plotting_helper.py`.
 */
export const LAYER_OBSERVABLES: readonly Observable[] = [
  {
    name: "layer energy",
    unit: "MeV",
    feature: "energy",
    edges: (largest, thresholdMeV) => (largest > thresholdMeV ? logEdges(thresholdMeV, largest, 40) : undefined),
  },
  { name: "centre in eta", unit: "mm", feature: "centreEta", edges: fixed(-30, 30, 101) },
  { name: "centre in phi", unit: "mm", feature: "centrePhi", edges: fixed(-30, 30, 101) },
  { name: "centre in r", unit: "mm", feature: "centreR", edges: fixed(0, 42, 101) },
  { name: "width in eta", unit: "mm", feature: "widthEta", edges: fixed(0, 30, 101) },
  { name: "width in phi", unit: "mm", feature: "widthPhi", edges: fixed(0, 30, 101) },
  { name: "width in r", unit: "mm", feature: "widthR", edges: fixed(0, 20, 101) },
  { name: "sparsity", unit: "", feature: "sparsity", edges: fixed(0, 1, 21) },
];

/** Edges for total over incident energy. */
export const RESPONSE_EDGES: Float64Array = linearEdges(0.5, 1.5, 101);

/** Edges for the energy of voxels, MeV, all layers pooled. */
export function voxelEdges(largest: number, thresholdMeV: number): Float64Array {
  return logEdges(thresholdMeV, Math.max(largest, 2 * thresholdMeV), 50);
}

/** Values of a feature in one layer, of all events. */
export function layerValues(features: ShowerFeatures, feature: LayerFeature, layer: number): Float64Array {
  const values = new Float64Array(features.count);
  for (let event = 0; event < features.count; event++) {
    values[event] = features[feature][event * features.layers + layer] as number;
  }
  return values;
}

/** Total over incident energy, of all events. */
export function responses(features: ShowerFeatures): Float64Array {
  return features.total.map((total, event) => total / (features.incidentMeV[event] as number));
}
