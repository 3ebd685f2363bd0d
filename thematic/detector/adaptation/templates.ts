import { convertUnits, type Generator, solveSymmetric, type ValidityRange } from "../../../core/index.ts";
import type { CalorimeterGeometry } from "../geometry/geometry.ts";
import { absorberOf } from "../showers/generator-conditions.ts";
import { simulateShowers } from "../showers/simulated-showers.ts";
import type { AbsorberRange } from "./detector-conditions.ts";
import { COEFFICIENTS, EnergyBasis } from "./energy-basis.ts";
import type { ExpectationDocument } from "./expectation-schema.ts";
import { logSpreadOf, precisionOf } from "./precision.ts";

/** Ranges of energy with a covariance each. */
const RANGES = 8;
const MEV_PER_GEV = 1000;

/** What the twin's own showers tell; the rest comes from a reference. */
export type Templates = Pick<ExpectationDocument, "mean" | "absorber" | "precision">;

/** Which showers are made for {@link makeTemplates}. */
export interface TemplateOptions {
  readonly generator: Generator;
  readonly geometry: CalorimeterGeometry;
  readonly layers: number;
  readonly absorber: AbsorberRange | undefined;
  /** At the nominal thickness; half as many at two others. */
  readonly showers: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Mean and covariance of the layers' shares from showers of the twin's generator, over all energies that it covers. At the three
 * thicknesses (nominal, and as far on both sides as the nearer end of the range) showers have the same ids, so that their
 * fluctuations cancel in the differences.
 */
export async function makeTemplates(options: TemplateOptions): Promise<Templates> {
  const { generator, absorber, layers, showers } = options;
  const basis = energiesOf(generator);
  const energies = basis.energies(showers);
  const shares = await sharesOf(energies, absorber?.nominalMm, options);
  const mean = fitted(energies, shares, { basis, layers });
  const precisions = residualsByRange(energies, shares, { basis, layers, mean }).map((rows) =>
    precisionOf(rows, layers),
  );
  return {
    mean: [...mean],
    absorber: absorber ? await absorberTerms(energies, shares, { ...options, absorber, precisions }) : null,
    precision: precisions.map((matrix) =>
      Array.from({ length: layers }, (_, i) => [...matrix.subarray(i * layers, i * layers + i + 1)]).flat(),
    ),
  };
}

/** Energies that a generator covers. */
export function energiesOf({ validity }: Generator): EnergyBasis {
  const { unit, min, max } = validity["incident_energy"] as ValidityRange;
  const { scale, offset } = convertUnits(unit, "MeV");
  return new EnergyBasis(min * scale + offset, max * scale + offset);
}

/** Thicknesses that a generator covers around that of the geometry; `undefined` where it has no such condition. */
export function absorberRangeOf({ validity }: Generator, geometry: CalorimeterGeometry): AbsorberRange | undefined {
  const range = validity["absorber_thickness"];
  if (!range) return undefined;
  const { scale, offset } = convertUnits(range.unit, "mm");
  const [minMm, maxMm] = [range.min * scale + offset, range.max * scale + offset];
  const nominalMm = absorberOf(geometry);
  return nominalMm > minMm && nominalMm < maxMm ? { minMm, maxMm, nominalMm } : undefined;
}

/**
 * Half of the difference, and what is left of the sum, of what is seen a step above and below the nominal thickness. Of the logarithms
 * of spreads, half of the difference.
 */
async function absorberTerms(
  allEnergies: Float64Array,
  allShares: Float64Array,
  options: TemplateOptions & { readonly absorber: AbsorberRange; readonly precisions: readonly Float64Array[] },
): Promise<NonNullable<Templates["absorber"]>> {
  const { generator, layers, absorber, precisions } = options;
  const { nominalMm, minMm, maxMm } = absorber;
  const basis = energiesOf(generator);
  const stepMm = Math.min(nominalMm - minMm, maxMm - nominalMm);
  const energies = allEnergies.subarray(0, Math.ceil(allEnergies.length / 2));
  const [thinnerShares, thickerShares] = [
    await sharesOf(energies, nominalMm - stepMm, options),
    await sharesOf(energies, nominalMm + stepMm, options),
  ];
  const [thinner, same, thicker] = [
    fitted(energies, thinnerShares, { basis, layers }),
    fitted(energies, allShares.subarray(0, energies.length * layers), { basis, layers }),
    fitted(energies, thickerShares, { basis, layers }),
  ];
  const spreadOf = (shares: Float64Array, mean: Float64Array): number[] =>
    residualsByRange(energies, shares, { basis, layers, mean }).flatMap((rows, range) => [
      ...logSpreadOf(rows, precisions[range] as Float64Array),
    ]);
  const [thinnerSpread, thickerSpread] = [spreadOf(thinnerShares, thinner), spreadOf(thickerShares, thicker)];
  const at = (values: Float64Array, i: number): number => values[i] as number;
  return {
    nominalMm,
    stepMm,
    linear: Array.from(same, (_, i) => (at(thicker, i) - at(thinner, i)) / 2),
    quadratic: Array.from(same, (value, i) => (at(thicker, i) + at(thinner, i)) / 2 - value),
    spread: thickerSpread.map((value, i) => (value - (thinnerSpread[i] as number)) / 2),
  };
}

/** The layers' shares of the incident energy, `[event, layer]`. */
async function sharesOf(
  energyMeV: Float64Array,
  absorberMm: number | undefined,
  { generator, geometry, layers, seed, signal }: TemplateOptions,
): Promise<Float64Array> {
  const request = { energyMeV, seed, ...(absorberMm !== undefined && { absorberMm }) };
  const [allLayers, alphas, rings] = geometry.shape;
  const width = alphas * rings;
  const shares = new Float64Array(energyMeV.length * layers);
  for await (const { start, count, energies } of simulateShowers(generator, geometry, request).batches({
    ...(signal && { signal }),
  })) {
    const cells = energies.values();
    for (let event = 0; event < count; event++) {
      for (let layer = 0; layer < layers; layer++) {
        const from = (event * allLayers + layer) * width;
        let sum = 0;
        for (let cell = from; cell < from + width; cell++) sum += cells[cell] as number;
        shares[(start + event) * layers + layer] = sum / (energyMeV[start + event] as number);
      }
    }
  }
  return shares;
}

/** Mean shares as functions of energy, `[layer, coefficient]`: least squares, weighted as 1/E is the variance. */
function fitted(
  energies: Float64Array,
  shares: Float64Array,
  { basis, layers }: { readonly basis: EnergyBasis; readonly layers: number },
): Float64Array {
  const normal = new Float64Array(COEFFICIENTS ** 2);
  const right = new Float64Array(layers * COEFFICIENTS);
  const polynomials = new Float64Array(COEFFICIENTS);
  energies.forEach((energy, event) => {
    basis.polynomials(energy, polynomials);
    for (let k = 0; k < COEFFICIENTS; k++) {
      const weighted = energy * (polynomials[k] as number);
      for (let m = 0; m < COEFFICIENTS; m++) {
        const at = k * COEFFICIENTS + m;
        normal[at] = (normal[at] as number) + weighted * (polynomials[m] as number);
      }
      for (let layer = 0; layer < layers; layer++) {
        const at = layer * COEFFICIENTS + k;
        right[at] = (right[at] as number) + weighted * (shares[event * layers + layer] as number);
      }
    }
  });
  for (let from = 0; from < right.length; from += COEFFICIENTS) {
    // Energies are spread over the whole range: the polynomials are independent.
    right.set(solveSymmetric(normal, right.subarray(from, from + COEFFICIENTS)) as Float64Array, from);
  }
  return right;
}

/** Times √(E / GeV), in each range of energy: `[event, layer]`. */
function residualsByRange(
  energies: Float64Array,
  shares: Float64Array,
  { basis, layers, mean }: { readonly basis: EnergyBasis; readonly layers: number; readonly mean: Float64Array },
): Float64Array[] {
  const rows: number[][] = Array.from({ length: RANGES }, () => []);
  const polynomials = new Float64Array(COEFFICIENTS);
  energies.forEach((energy, event) => {
    basis.polynomials(energy, polynomials);
    const scale = Math.sqrt(energy / MEV_PER_GEV);
    const into = rows[basis.range(energy, RANGES)] as number[];
    for (let layer = 0; layer < layers; layer++) {
      const from = layer * COEFFICIENTS;
      const expected = polynomials.reduce((sum, value, k) => sum + value * (mean[from + k] as number), 0);
      into.push(scale * ((shares[event * layers + layer] as number) - expected));
    }
  });
  return rows.map((values) => Float64Array.from(values));
}
