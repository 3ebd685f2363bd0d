import type { ChosenShowers, Pool } from "./pool.ts";
import type { LayerFeature, ShowerFeatures } from "./shower-features.ts";

/** Keeps the logarithm of an empty layer finite; CaloChallenge's. */
const EMPTY_MEV = 1e-8;

/**
 * The numbers of a shower that classifiers and distances see, in CaloChallenge's order: log10 E_inc, log10 E of each
 * layer, centres and widths in eta and phi, log10 E_tot, sparsity, centre and width in r; MeV, and mm over 100.
 *
 * @see CaloChallenge `code/evaluate.py`, `prepare_high_data_for_classifier`.
 */
const BLOCKS: readonly { readonly feature: LayerFeature | "incident" | "total"; readonly over?: number }[] = [
  { feature: "incident" },
  { feature: "energy" },
  { feature: "centreEta", over: 100 },
  { feature: "centrePhi", over: 100 },
  { feature: "widthEta", over: 100 },
  { feature: "widthPhi", over: 100 },
  { feature: "total" },
  { feature: "sparsity", over: 1 },
  { feature: "centreR", over: 100 },
  { feature: "widthR", over: 100 },
];

/** Numbers per shower of so many layers: 362 for 45. */
export function featureCount(layers: number): number {
  return 2 + 8 * layers;
}

/** Showers as rows of numbers, `[shower, feature]`, float32. */
export interface FeatureRows {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Some rows of a table of showers. */
export interface FeatureSet {
  readonly rows: FeatureRows;
  readonly members: Uint32Array;
}

/** Rows of the features that distances are computed from, of all showers of a pool, each divided by its {@link scalesOf}. */
export function featureRows(pool: Pool): FeatureRows {
  const width = featureCount((pool.sources[0] as ChosenShowers).features.layers);
  const rows = { count: pool.size, width, values: new Float32Array(pool.size * width) };
  let row = 0;
  for (const { features, events } of pool.sources) {
    for (const event of events) fillRow(rows.values, row++ * width, features, event);
  }
  normalise(rows, scalesOf({ rows, members: pool.reference }));
  return rows;
}

function fillRow(values: Float32Array, from: number, features: ShowerFeatures, event: number): void {
  const { layers } = features;
  let at = from;
  for (const { feature, over } of BLOCKS) {
    if (feature === "incident") values[at++] = Math.log10(features.incidentMeV[event] as number);
    else if (feature === "total") values[at++] = Math.log10((features.total[event] as number) + EMPTY_MEV);
    else {
      for (let layer = 0; layer < layers; layer++) {
        const value = features[feature][event * layers + layer] as number;
        values[at++] = over === undefined ? Math.log10(value + EMPTY_MEV) : value / over;
      }
    }
  }
}

/** Largest magnitude of each feature in a set; 1 where it is 0 everywhere. */
function scalesOf({ rows: { width, values }, members }: FeatureSet): Float64Array {
  const scales = new Float64Array(width);
  for (const member of members) {
    for (let k = 0, from = member * width; k < width; k++) {
      const size = Math.abs(values[from + k] as number);
      if (size > (scales[k] as number)) scales[k] = size;
    }
  }
  return scales.map((scale) => scale || 1);
}

function normalise({ values, width }: FeatureRows, scales: Float64Array): void {
  for (let from = 0; from < values.length; from += width) {
    for (let k = 0; k < width; k++) values[from + k] = (values[from + k] as number) / (scales[k] as number);
  }
}
