import type { EofFit } from "./eof.ts";

/** A field seen in the patterns of a fit. */
export interface EofProjection {
  /** `[mode]`. */
  readonly components: Float64Array;
  /** `[cell]`: squares of what the patterns leave of the weighted anomalies; 0 for cells left out. */
  readonly squares: Float64Array;
  /** Their sum over that of the squared weights: a mean square, in the unit of the field squared. */
  readonly error: number;
  /** Hotelling's T²: the sum of the squared components, each over its variance. */
  readonly hotelling: number;
}

/** Projects the field that begins at `from`. A cell of the fit that is missing makes everything NaN. */
export function projectEof(fit: EofFit, fields: ArrayLike<number>, from: number = 0): EofProjection {
  const { cells, modes, mean, weights, patterns, variances } = fit;
  const rest = new Float64Array(cells);
  let area = 0;
  for (let c = 0; c < cells; c++) {
    if (Number.isNaN(mean[c])) continue;
    const weight = weights[c] as number;
    area += weight * weight;
    rest[c] = ((fields[from + c] as number) - (mean[c] as number)) * weight;
  }
  const components = new Float64Array(modes);
  let hotelling = 0;
  for (let m = 0; m < modes; m++) {
    const pattern = patterns.subarray(m * cells, (m + 1) * cells);
    let component = 0;
    for (let c = 0; c < cells; c++) component += (rest[c] as number) * (pattern[c] as number);
    components[m] = component;
    hotelling += component ** 2 / (variances[m] as number);
    // Patterns are orthogonal: what is taken off here does not change the components to come.
    for (let c = 0; c < cells; c++) rest[c] = (rest[c] as number) - component * (pattern[c] as number);
  }
  let sum = 0;
  for (let c = 0; c < cells; c++) {
    rest[c] = (rest[c] as number) ** 2;
    sum += rest[c] as number;
  }
  return { components, squares: rest, error: sum / area, hotelling };
}
