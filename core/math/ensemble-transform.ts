import { symmetricEigen } from "./symmetric-eigenvalues.ts";

/** Observations seen from the mean of an ensemble, all divided by their error and by √(members - 1). */
export interface Innovations {
  /** Predicted by the members, `[observation, member]` row-major. */
  readonly anomalies: Float64Array;
  /** Measured. */
  readonly distances: Float64Array;
}

/** T = 1 + Qᵀ diag(scale) Q turns anomalies into those after an update; gain · Q moves the mean along them. */
export interface EnsembleTransform {
  /** Q, `[mode, member]` row-major. */
  readonly modes: Float64Array;
  readonly scale: Float64Array;
  readonly gain: Float64Array;
}

/**
 * With the anomalies Sᵀ of the predictions and the distances d: T = (1 + S Sᵀ)^(-1/2), and the mean moves by
 * (1 + S Sᵀ)^(-1) S d. Both follow from the eigenvectors u of S Sᵀ, or from S v with the eigenvectors v of Sᵀ S, whichever
 * is smaller.
 *
 * @returns Nothing where nothing is observed.
 */
export function transformOf({ anomalies, distances }: Innovations, members: number): EnsembleTransform | undefined {
  const count = distances.length;
  if (count === 0) return undefined;
  const isDual = count < members;
  const rank = isDual ? count : members;
  const { values, vectors } = symmetricEigen(
    isDual ? rowProducts(anomalies, members) : columnProducts(anomalies, members),
    rank,
  );
  const gain = product(vectors, isDual ? distances : product(distances, anomalies, members), 1);
  const scale = new Float64Array(rank);
  for (let i = 0; i < rank; i++) {
    const value = Math.max(0, values[i] as number);
    const root = Math.sqrt(1 + value);
    // 1/root - 1 without cancellation; the vectors S v have the length √value, and value goes out.
    scale[i] = -(isDual ? 1 : value) / (root * (1 + root));
    gain[i] = (gain[i] as number) / (1 + value);
  }
  return { modes: isDual ? product(vectors, anomalies, members) : vectors, scale, gain };
}

/** Turns the anomalies of one element; returns by how much its mean moves. */
export function applyTransform({ modes, scale, gain }: EnsembleTransform, anomaly: Float64Array): number {
  const members = anomaly.length;
  const along = product(modes, anomaly, 1);
  let moved = 0;
  for (let i = 0; i < along.length; i++) {
    moved += (along[i] as number) * (gain[i] as number);
    const factor = (along[i] as number) * (scale[i] as number);
    for (let k = 0; k < members; k++) {
      anomaly[k] = (anomaly[k] as number) + factor * (modes[i * members + k] as number);
    }
  }
  return moved;
}

/** Lower triangle of Sᵀ S, of the rows of Sᵀ. */
function rowProducts(rows: Float64Array, width: number): Float64Array {
  const count = rows.length / width;
  const result = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += (rows[i * width + k] as number) * (rows[j * width + k] as number);
      result[i * count + j] = sum;
    }
  }
  return result;
}

/** Lower triangle of S Sᵀ, of the rows of Sᵀ. */
function columnProducts(rows: Float64Array, width: number): Float64Array {
  const result = new Float64Array(width * width);
  for (let start = 0; start < rows.length; start += width) {
    for (let k = 0; k < width; k++) {
      const factor = rows[start + k] as number;
      for (let l = 0; l <= k; l++) {
        result[k * width + l] = (result[k * width + l] as number) + factor * (rows[start + l] as number);
      }
    }
  }
  return result;
}

/** Matrix product; `width` is the number of columns of the right one. */
function product(left: Float64Array, right: Float64Array, width: number): Float64Array {
  const inner = right.length / width;
  const rows = left.length / inner;
  const result = new Float64Array(rows * width);
  for (let i = 0; i < rows; i++) {
    const target = result.subarray(i * width, (i + 1) * width);
    for (let j = 0; j < inner; j++) {
      const factor = left[i * inner + j] as number;
      for (let k = 0; k < width; k++) target[k] = (target[k] as number) + factor * (right[j * width + k] as number);
    }
  }
  return result;
}
