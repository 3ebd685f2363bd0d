import { InvalidArgumentError, solveSymmetric } from "../../../core/index.ts";
import { eventWeight } from "./student.ts";

/** Of the correlations, taken off towards 0: with a few hundred rows they are not known better. */
const SHRINKAGE = 0.01;
/** With one bad row in a hundred, a thousand times too large, the last one changes a variance by less than a thousandth. */
const ITERATIONS = 20;
/** Of the logarithm of a spread, so that the first steps do not go too far. */
const LONGEST_STEP = 0.5;

/**
 * Inverse of the scatter matrix of rows about 0, by maximum likelihood of the t distribution, with correlations shrunk.
 *
 * @param rows - `[row, size]`.
 * @returns `[size, size]`, symmetric to the bit.
 * @throws `TWIN_INVALID_ARGUMENT` for rows of which one column is a multiple of others, or is always 0.
 */
export function precisionOf(rows: Float64Array, size: number): Float64Array {
  const count = rows.length / size;
  const weights = new Float64Array(count).fill(1);
  let precision: Float64Array = new Float64Array(size * size);
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    precision = inverse(shrunk(scatterOf(rows, weights, size), size), size);
    for (let row = 0; row < count; row++) {
      weights[row] = eventWeight(squaredDistance(precision, rows.subarray(row * size, (row + 1) * size)), size);
    }
  }
  return precision;
}

/**
 * The logarithm of the spread of each column of rows, where that of rows with this precision is 0: by maximum likelihood of the
 * t distribution, with the correlations given.
 *
 * @param rows - `[row, size]`.
 * @returns `[size]`.
 */
export function logSpreadOf(rows: Float64Array, precision: Float64Array): Float64Array {
  const size = Math.sqrt(precision.length);
  const count = rows.length / size;
  const covariance = inverse(precision, size);
  // By Fisher's information on the logarithms of spreads, and those of nearly Gaussian rows: 1 + P ∘ P⁻¹, positive definite.
  const information = precision.map((value, at) => value * (covariance[at] as number) + Number(at % (size + 1) === 0));
  const spread = new Float64Array(size);
  const [scaled, pulled] = [new Float64Array(size), new Float64Array(size)];
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    const score = new Float64Array(size).fill(-1);
    for (let from = 0; from < rows.length; from += size) {
      for (let i = 0; i < size; i++) scaled[i] = (rows[from + i] as number) * Math.exp(-(spread[i] as number));
      times(precision, scaled, pulled);
      const distance = scaled.reduce((sum, value, i) => sum + value * (pulled[i] as number), 0);
      const weight = eventWeight(distance, size) / count;
      for (let i = 0; i < size; i++) {
        score[i] = (score[i] as number) + weight * (scaled[i] as number) * (pulled[i] as number);
      }
    }
    (solveSymmetric(information, score) as Float64Array).forEach((step, i) => {
      spread[i] = (spread[i] as number) + Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, step));
    });
  }
  return spread;
}

/** rᵀ P r. */
export function squaredDistance(precision: Float64Array, residual: Float64Array): number {
  const size = residual.length;
  let sum = 0;
  for (let i = 0, at = 0; i < size; i++, at += size) {
    const value = residual[i] as number;
    let beside = 0;
    for (let j = 0; j < i; j++) beside += (precision[at + j] as number) * (residual[j] as number);
    sum += value * (2 * beside + (precision[at + i] as number) * value);
  }
  return sum;
}

/** P v, into `to`. */
export function times(precision: Float64Array, vector: Float64Array, to: Float64Array): void {
  const size = vector.length;
  for (let i = 0, at = 0; i < size; i++, at += size) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += (precision[at + j] as number) * (vector[j] as number);
    to[i] = sum;
  }
}

/** The precision of what is left when some components are not known, with 0 in their rows and columns (Schur complement). */
export function marginalPrecision(precision: Float64Array, size: number, missing: readonly number[]): Float64Array {
  const left = precision.slice();
  for (const gone of missing) {
    const pivot = left[gone * size + gone] as number;
    const row = left.slice(gone * size, (gone + 1) * size);
    for (let i = 0; i < size; i++) {
      const factor = (row[i] as number) / pivot;
      // Symmetric to the bit: each product is formed once.
      for (let j = 0; j <= i; j++) {
        const value = (left[i * size + j] as number) - factor * (row[j] as number);
        left[i * size + j] = value;
        left[j * size + i] = value;
      }
    }
    for (let i = 0; i < size; i++) {
      left[gone * size + i] = 0;
      left[i * size + gone] = 0;
    }
  }
  return left;
}

function scatterOf(rows: Float64Array, weights: Float64Array, size: number): Float64Array {
  const scatter = new Float64Array(size * size);
  weights.forEach((weight, row) => {
    const from = row * size;
    for (let i = 0; i < size; i++) {
      const value = (weight * (rows[from + i] as number)) / weights.length;
      for (let j = 0; j <= i; j++) {
        scatter[i * size + j] = (scatter[i * size + j] as number) + value * (rows[from + j] as number);
      }
    }
  });
  return scatter;
}

/** From the lower triangle. */
function shrunk(scatter: Float64Array, size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      const value = (scatter[i * size + j] as number) * (i === j ? 1 : 1 - SHRINKAGE);
      matrix[i * size + j] = value;
      matrix[j * size + i] = value;
    }
  }
  return matrix;
}

function inverse(matrix: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    const solution = solveSymmetric(matrix, new Float64Array(size).fill(1, column, column + 1));
    if (!solution) {
      throw new InvalidArgumentError(
        "The energies of layers in the twin's showers have no covariance that can be inverted; look at fewer layers, or at more showers (options `layers`, `templateShowers`).",
      );
    }
    // The lower triangle counts: symmetric to the bit.
    for (let row = column; row < size; row++) {
      result[row * size + column] = solution[row] as number;
      result[column * size + row] = solution[row] as number;
    }
  }
  return result;
}
