import { bootstrapError, quantiles } from "../../../core/index.ts";
import { breathe, type Pool, pick, pooledValues } from "./pool.ts";
import type { ShowerFeatures } from "./shower-features.ts";
import type { Tail } from "./validation.ts";

/** Probabilities of the quantiles. */
const PROBABILITIES: readonly number[] = [1e-3, 1 - 1e-3];
/** Showers from which on one is expected beyond the quantile. */
const MIN_SHOWERS = 1000;
const RESAMPLINGS = 100;

const TAILED: readonly {
  readonly name: string;
  readonly unit: string;
  numberOf(features: ShowerFeatures, event: number): number;
}[] = [
  {
    name: "total / incident energy",
    unit: "",
    numberOf: ({ total, incidentMeV }, event) => (total[event] as number) / (incidentMeV[event] as number),
  },
  { name: "shower width in eta", unit: "mm", numberOf: (features, event) => showerWidth(features, event, "Eta") },
  { name: "shower width in phi", unit: "mm", numberOf: (features, event) => showerWidth(features, event, "Phi") },
  { name: "shower width in r", unit: "mm", numberOf: (features, event) => showerWidth(features, event, "R") },
];

/**
 * Quantiles far out, where a generator that only learned the bulk goes wrong. Empty for fewer than 1,000 showers in a set:
 * not one is then expected beyond them.
 */
export async function tails(
  pool: Pool,
  { seed, signal }: { readonly seed: bigint; readonly signal?: AbortSignal | undefined },
): Promise<readonly Tail[]> {
  if (Math.min(pool.generated.length, pool.reference.length) < MIN_SHOWERS) return [];
  const found: Tail[] = [];
  for (const { name, unit, numberOf } of TAILED) {
    const values = pooledValues(pool, numberOf);
    const [made, real, one, other] = [pool.generated, pool.reference, ...pool.alike].map((members) =>
      pick(values, members).sort(),
    ) as [Float64Array, Float64Array, Float64Array, Float64Array];
    for (const probability of PROBABILITIES) {
      await breathe(signal);
      const of = (sorted: Float64Array): number => quantiles(sorted, [probability])[0] as number;
      const error = (sorted: Float64Array, offset: bigint): number =>
        bootstrapError(sorted.length, (indices) => resampledQuantile(sorted, indices, probability), {
          seed: seed + offset,
          resamplings: RESAMPLINGS,
        });
      found.push({
        observable: name,
        unit,
        probability,
        generated: of(made),
        generatedError: error(made, 0n),
        reference: of(real),
        referenceError: error(real, 1n),
        measuredFloor: Math.sqrt(pool.scale) * Math.abs(of(one) - of(other)),
      });
    }
  }
  return found;
}

/** Quantile of the values with these indices, as {@link quantiles} has it; takes no sorting. */
export function resampledQuantile(sorted: Float64Array, indices: Uint32Array, probability: number): number {
  const n = indices.length;
  const taken = new Uint32Array(sorted.length);
  for (let i = 0; i < n; i++) {
    const index = indices[i] as number;
    taken[index] = (taken[index] as number) + 1;
  }
  const position = (n - 1) * probability;
  const below = Math.floor(position);
  let seen = 0;
  let low = Number.NaN;
  for (let index = 0; index < sorted.length; index++) {
    seen += taken[index] as number;
    const value = sorted[index] as number;
    if (Number.isNaN(low) && seen > below) low = value;
    // The next order statistic, or the last one where there is none.
    if (seen > Math.min(below + 1, n - 1)) return low + (value - low) * (position - below);
  }
  return low;
}

/** Width of a whole shower, from what is kept of its layers: √(Σ x² E / Σ E - (Σ x E / Σ E)²). */
function showerWidth(features: ShowerFeatures, event: number, axis: "Eta" | "Phi" | "R"): number {
  const { layers, energy } = features;
  const centres = features[`centre${axis}`];
  const widths = features[`width${axis}`];
  let [sum, first, second] = [0, 0, 0];
  for (let at = event * layers; at < (event + 1) * layers; at++) {
    const weight = energy[at] as number;
    const centre = centres[at] as number;
    sum += weight;
    first += weight * centre;
    second += weight * ((widths[at] as number) ** 2 + centre ** 2);
  }
  return sum > 0 ? Math.sqrt(Math.max(0, second / sum - (first / sum) ** 2)) : 0;
}
