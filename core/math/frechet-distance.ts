import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import type { MeanAndCovariance } from "./covariance.ts";
import { symmetricEigenvalues } from "./symmetric-eigenvalues.ts";

/** Share of a variance below which what is left of it is rounding: such a column depends on those before. */
const DEPENDENT = 1e-13;

/**
 * Squared Fréchet distance of two normal distributions: |μ₁ - μ₂|² + Tr(Σ₁ + Σ₂ - 2 √(Σ₁ Σ₂)). Covariances may be
 * singular.
 *
 * With Σ₂ = L Lᵀ, Σ₁ Σ₂ has the eigenvalues of Lᵀ Σ₁ L, which is symmetric: the trace of the root is the sum of their
 * roots, and no root of a matrix is taken. Equal to the value by scipy's `sqrtm`.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for different sizes, or numbers that are not finite.
 * @see D. C. Dowson, B. V. Landau, "The Fréchet distance between multivariate normal distributions", Journal of
 *   Multivariate Analysis 12 (1982) 450.
 */
export function frechetDistance(a: MeanAndCovariance, b: MeanAndCovariance): number {
  const size = a.mean.length;
  if (b.mean.length !== size) {
    throw new InvalidArgumentError(`Distributions of ${size} and ${b.mean.length} dimensions cannot be compared.`);
  }
  let distance = 0;
  for (let i = 0; i < size; i++) {
    distance += ((a.mean[i] as number) - (b.mean[i] as number)) ** 2;
    distance += (a.covariance[i * size + i] as number) + (b.covariance[i * size + i] as number);
  }
  const eigenvalues = symmetricEigenvalues(sandwich(choleskyFactor(b.covariance, size), a.covariance, size), size);
  return eigenvalues.reduce((rest, value) => rest - 2 * Math.sqrt(Math.max(0, value)), distance);
}

/** Lower triangular L with L Lᵀ = the matrix, positive semidefinite; columns that depend on others are zero. */
function choleskyFactor(matrix: Float64Array, n: number): Float64Array {
  const lower = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    const row = lower.subarray(j * n, j * n + j + 1);
    const variance = matrix[j * n + j] as number;
    let pivot = variance;
    for (let k = 0; k < j; k++) pivot -= (row[k] as number) ** 2;
    if (!(pivot > DEPENDENT * variance)) continue;
    const root = Math.sqrt(pivot);
    row[j] = root;
    for (let i = j + 1; i < n; i++) {
      const other = lower.subarray(i * n, i * n + j + 1);
      let sum = matrix[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (other[k] as number) * (row[k] as number);
      other[j] = sum / root;
    }
  }
  return lower;
}

/** Lower triangle of Lᵀ S L. */
function sandwich(lower: Float64Array, symmetric: Float64Array, n: number): Float64Array {
  const right = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const target = right.subarray(i * n, i * n + n);
    for (let k = 0; k < n; k++) addScaled(target, lower.subarray(k * n, k * n + k + 1), symmetric[i * n + k] as number);
  }
  const result = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    const source = right.subarray(k * n, k * n + n);
    for (let i = 0; i <= k; i++) {
      const factor = lower[k * n + i] as number;
      if (factor !== 0) addScaled(result.subarray(i * n, i * n + i + 1), source, factor);
    }
  }
  return result;
}

/** Adds `factor` times `source` to `target`, as far as both reach. */
function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  const length = Math.min(target.length, source.length);
  for (let j = 0; j < length; j++) target[j] = (target[j] as number) + factor * (source[j] as number);
}
