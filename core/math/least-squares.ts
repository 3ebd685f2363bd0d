import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** Result of {@link leastSquares}. */
export interface LeastSquaresFit {
  readonly parameters: Float64Array;
  /** Sum of squared residuals. */
  readonly chiSquare: number;
  /** Covariance of the parameters if the residuals have unit variance, `[n, n]` row-major. */
  readonly covariance: Float64Array;
  readonly iterations: number;
  /** Whether the last step changed the sum by less than the tolerance. */
  readonly converged: boolean;
}

/**
 * Non-linear least squares by Levenberg and Marquardt, with derivatives by central differences.
 *
 * @param residuals - Maps parameters to residuals (already divided by their errors); always the same number of them.
 *   A non-finite residual marks parameters as not allowed.
 * @param start - Parameters to start from; `residuals` must be finite there.
 * @throws `TWIN_INVALID_ARGUMENT` when the residuals at the start are not finite, or fewer than the parameters.
 * @see D. W. Marquardt, J. SIAM 11 (1963) 431.
 */
export function leastSquares(
  residuals: (parameters: Float64Array) => Float64Array,
  start: ArrayLike<number>,
  options: { readonly maxIterations?: number; readonly tolerance?: number } = {},
): LeastSquaresFit {
  const tolerance = options.tolerance ?? 1e-10;
  const maxIterations = options.maxIterations ?? 200;
  let parameters = Float64Array.from(start);
  let current = residuals(parameters);
  let chiSquare = squaredNorm(current);
  const n = parameters.length;
  if (!Number.isFinite(chiSquare))
    throw new InvalidArgumentError("The residuals at the start of a fit are not finite.");
  if (current.length < n)
    throw new InvalidArgumentError(`${n} parameters cannot be fitted to ${current.length} residuals.`);
  let damping = 1e-3;
  let iterations = 0;
  let converged = false;
  let normal = normalEquations(residuals, parameters, current);
  while (!converged && iterations < maxIterations) {
    iterations++;
    const damped = Float64Array.from(normal.matrix);
    for (let i = 0; i < n; i++) damped[i * n + i] = (damped[i * n + i] as number) * (1 + damping) + 1e-300;
    const step = solveSymmetric(damped, normal.gradient);
    const trial = parameters.map((value, i) => value - (step ? (step[i] as number) : Number.NaN));
    const trialResiduals = step ? residuals(trial) : current;
    const trialChiSquare = step ? squaredNorm(trialResiduals) : Number.NaN;
    if (trialChiSquare <= chiSquare) {
      converged = chiSquare - trialChiSquare <= tolerance * chiSquare;
      parameters = trial;
      current = trialResiduals;
      chiSquare = trialChiSquare;
      damping = Math.max(damping / 10, 1e-12);
      normal = normalEquations(residuals, parameters, current);
    } else {
      damping *= 10;
      // No direction helps any more: this is the minimum to the precision of the derivatives.
      converged = damping > 1e12;
    }
  }
  return { parameters, chiSquare, covariance: invertSymmetric(normal.matrix, n), iterations, converged };
}

/** JᵀJ and Jᵀr. */
function normalEquations(
  residuals: (parameters: Float64Array) => Float64Array,
  parameters: Float64Array,
  current: Float64Array,
): { readonly matrix: Float64Array; readonly gradient: Float64Array } {
  const n = parameters.length;
  const columns = Array.from(parameters, (value, i) => {
    const width = 1e-5 * Math.max(Math.abs(value), 1e-2);
    const high = residuals(parameters.with(i, value + width));
    const low = residuals(parameters.with(i, value - width));
    return high.map((r, k) => {
      const derivative = (r - (low[k] as number)) / (2 * width);
      return Number.isFinite(derivative) ? derivative : 0;
    });
  });
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const entry = dot(columns[i] as Float64Array, columns[j] as Float64Array);
      matrix[i * n + j] = entry;
      matrix[j * n + i] = entry;
    }
  }
  return { matrix, gradient: Float64Array.from(columns, (column) => dot(column, current)) };
}

/** Solves A x = b for a symmetric positive definite A by Cholesky; `undefined` where A is not. */
export function solveSymmetric(a: Float64Array, b: ArrayLike<number>): Float64Array | undefined {
  const n = b.length;
  const factor = cholesky(a, n);
  if (!factor) return undefined;
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i] = (x[i] as number) - (factor[i * n + k] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (factor[i * n + i] as number);
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i] = (x[i] as number) - (factor[k * n + i] as number) * (x[k] as number);
    x[i] = (x[i] as number) / (factor[i * n + i] as number);
  }
  return x;
}

/** Inverse of a symmetric positive definite matrix; all NaN where it is singular. */
function invertSymmetric(a: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n).fill(Number.NaN);
  for (let column = 0; column < n; column++) {
    const unit = new Float64Array(n);
    unit[column] = 1;
    const x = solveSymmetric(a, unit);
    if (!x) return inverse.fill(Number.NaN);
    for (let row = 0; row < n; row++) inverse[row * n + column] = x[row] as number;
  }
  return inverse;
}

/** Lower triangular L with L Lᵀ = A. */
function cholesky(a: Float64Array, n: number): Float64Array | undefined {
  const factor = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j] as number;
      for (let k = 0; k < j; k++) sum -= (factor[i * n + k] as number) * (factor[j * n + k] as number);
      if (i !== j) factor[i * n + j] = sum / (factor[j * n + j] as number);
      else if (sum > 0) factor[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return factor;
}

function squaredNorm(values: Float64Array): number {
  return dot(values, values);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
