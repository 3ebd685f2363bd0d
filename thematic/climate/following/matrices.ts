import { InvalidArgumentError, symmetricEigen } from "../../../core/index.ts";

/** A square matrix, `[n, n]` row-major. Those here are small: the leading modes of a field. */
export type Square = Float64Array;

export function identity(n: number): Square {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) result[i * n + i] = 1;
  return result;
}

export function multiply(a: Square, b: Square, n: number): Square {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const factor = a[i * n + k] as number;
      for (let j = 0; j < n; j++) result[i * n + j] = (result[i * n + j] as number) + factor * (b[k * n + j] as number);
    }
  }
  return result;
}

export function transpose(a: Square, n: number): Square {
  return Float64Array.from(a, (_, at) => a[(at % n) * n + Math.floor(at / n)] as number);
}

/** x a + y b. */
export function combine(x: number, a: Square, y: number, b: Square): Square {
  return a.map((value, at) => x * value + y * (b[at] as number));
}

/** a s aᵀ. */
export function congruence(a: Square, s: Square, n: number): Square {
  return symmetrised(multiply(multiply(a, s, n), transpose(a, n), n), n);
}

export function symmetrised(a: Square, n: number): Square {
  return combine(0.5, a, 0.5, transpose(a, n));
}

export function trace(a: Square, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * n + i] as number;
  return sum;
}

/** Frobenius. */
export function norm(a: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) ** 2;
  return Math.sqrt(sum);
}

/** By Gauss and Jordan with row pivots. @throws `TWIN_INVALID_ARGUMENT` where it is singular. */
export function inverse(matrix: Square, n: number): Square {
  const a = matrix.slice();
  const result = identity(n);
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column + 1; i < n; i++) {
      if (Math.abs(a[i * n + column] as number) > Math.abs(a[pivot * n + column] as number)) pivot = i;
    }
    const value = a[pivot * n + column] as number;
    if (!(Math.abs(value) > 0) || !Number.isFinite(value)) {
      throw new InvalidArgumentError("A matrix is singular: modes that are combinations of others. Take fewer modes.");
    }
    for (const each of [a, result]) {
      swapRows(each, n, pivot, column);
      for (let j = 0; j < n; j++) each[column * n + j] = (each[column * n + j] as number) / value;
    }
    for (let i = 0; i < n; i++) {
      const factor = a[i * n + column] as number;
      if (i === column || factor === 0) continue;
      for (const each of [a, result]) {
        for (let j = 0; j < n; j++) {
          each[i * n + j] = (each[i * n + j] as number) - factor * (each[column * n + j] as number);
        }
      }
    }
  }
  return result;
}

function swapRows(a: Square, n: number, first: number, second: number): void {
  if (first === second) return;
  const kept = a.slice(first * n, (first + 1) * n);
  a.copyWithin(first * n, second * n, (second + 1) * n);
  a.set(kept, second * n);
}

/** By Taylor's series of the matrix halved so often that its norm is below 1/2, and squaring. */
export function exponential(matrix: Square, n: number): Square {
  const halvings = Math.max(0, Math.ceil(Math.log2(Math.max(norm(matrix), 1e-300) * 2)));
  const small = matrix.map((value) => value / 2 ** halvings);
  let sum = identity(n);
  let term = identity(n);
  // 0.5^18 / 18! is below 1e-21.
  for (let k = 1; k <= 18; k++) {
    term = multiply(term, small, n).map((value) => value / k);
    sum = combine(1, sum, 1, term);
  }
  for (let k = 0; k < halvings; k++) sum = multiply(sum, sum, n);
  return sum;
}

/**
 * The real principal logarithm: square roots until the matrix is near 1, then the series of artanh.
 *
 * @returns `undefined` where there is none: an eigenvalue is zero, or real and negative.
 * @see S. H. Cheng, N. J. Higham, C. S. Kenney, A. J. Laub, SIAM J. Matrix Anal. Appl. 22 (2001) 1112, for the product form of the
 *   Denman-Beavers iteration.
 */
export function logarithm(matrix: Square, n: number): Square | undefined {
  const one = identity(n);
  let root: Square | undefined = matrix;
  let roots = 0;
  for (; norm(combine(1, root, -1, one)) > 0.25; roots++) {
    root = roots < 40 ? squareRoot(root, n) : undefined;
    if (!root) return undefined;
  }
  const z = multiply(combine(1, root, -1, one), inverse(combine(1, root, 1, one), n), n);
  const square = multiply(z, z, n);
  let [power, sum] = [z, new Float64Array(n * n)];
  for (let k = 1; k < 40; k += 2) {
    sum = combine(1, sum, 1 / k, power) as Float64Array<ArrayBuffer>;
    power = multiply(power, square, n);
  }
  const result = sum.map((value) => value * 2 ** (roots + 1));
  const back = norm(combine(1, exponential(result, n), -1, matrix));
  return back <= 1e-8 * norm(matrix) ? result : undefined;
}

function squareRoot(matrix: Square, n: number): Square | undefined {
  const one = identity(n);
  let [m, y] = [matrix, matrix];
  for (let step = 0; step < 60; step++) {
    let inverted: Square;
    try {
      inverted = inverse(m, n);
    } catch {
      return undefined;
    }
    y = multiply(y, combine(0.5, one, 0.5, inverted), n);
    m = combine(0.5, one, 0.25, combine(1, m, 1, inverted));
    const left = norm(combine(1, m, -1, one));
    if (!Number.isFinite(left)) return undefined;
    if (left < 1e-13 * n) return y;
  }
  return undefined;
}

/**
 * The covariance Σ with a Σ + Σ aᵀ + q = 0, for a whose eigenvalues have negative real parts.
 *
 * @returns `undefined` where a is not stable.
 * @see R. A. Smith, SIAM J. Appl. Math. 16 (1968) 198, with doubling.
 */
export function stationaryCovariance(a: Square, q: Square, n: number): Square | undefined {
  const shift = Math.max(norm(a) / Math.sqrt(n), 1e-12);
  const one = identity(n);
  const inverted = inverse(combine(shift, one, -1, a), n);
  let u = multiply(inverted, combine(shift, one, 1, a), n);
  let sum = congruence(inverted, q, n).map((value) => 2 * shift * value);
  for (let step = 0; step < 60; step++) {
    const more = congruence(u, sum, n);
    sum = combine(1, sum, 1, more) as Float64Array<ArrayBuffer>;
    if (!Number.isFinite(norm(sum))) return undefined;
    if (norm(more) <= 1e-15 * norm(sum)) return symmetrised(sum, n);
    u = multiply(u, u, n);
  }
  return undefined;
}

/** The positive part of a symmetric matrix, a factor of it (f fᵀ), and the share of its trace that was negative. */
export function positivePart(
  matrix: Square,
  n: number,
): { readonly matrix: Square; readonly factor: Square; readonly negative: number } {
  const { values, vectors } = symmetricEigen(matrix, n);
  const factor = new Float64Array(n * n);
  let [kept, lost] = [0, 0];
  for (let k = 0; k < n; k++) {
    const value = values[k] as number;
    if (value <= 0) {
      lost -= value;
      continue;
    }
    kept += value;
    const root = Math.sqrt(value);
    for (let i = 0; i < n; i++) factor[i * n + k] = root * (vectors[k * n + i] as number);
  }
  return { matrix: multiply(factor, transpose(factor, n), n), factor, negative: kept > 0 ? lost / kept : 1 };
}
