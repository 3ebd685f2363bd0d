import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { RunningCovariance } from "./covariance.ts";
import { symmetricEigen } from "./symmetric-eigenvalues.ts";

/** Fields that empirical orthogonal functions are fitted to, read in parts. */
export interface EofSource {
  readonly samples: number;
  readonly cells: number;
  /**
   * All cells of some samples, or all samples of some cells (`[from, to)`): `[sample, cell]` row-major, NaN where missing.
   * Every part is asked for twice.
   */
  read(part: { readonly axis: "samples" | "cells"; readonly from: number; readonly to: number }): Promise<Float64Array>;
}

/** How {@link fitEof} goes. */
export interface EofOptions {
  /** `[cell]`, what anomalies are multiplied with: the root of the area, √cos(latitude). Cells of weight 0 are left out. 1 by default. */
  readonly weights?: ArrayLike<number> | undefined;
  /** How many modes are kept, or the share of variance that they are to explain at least; `{ explained: 0.9 }` by default. */
  readonly modes?: EofModes | undefined;
  /** Bound on the memory of the covariances and of a part; 256 MB by default. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the fraction done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** How many patterns: a number of them, or as many as explain a share of the variance. */
export type EofModes = { readonly count: number } | { readonly explained: number };

/** Empirical orthogonal functions (principal components) of a field. */
export interface EofFit {
  readonly samples: number;
  readonly cells: number;
  readonly modes: number;
  /** `[cell]`; NaN for cells left out, as they were missing in a sample or have no weight. */
  readonly mean: Float64Array;
  /** `[cell]`, as given. */
  readonly weights: Float64Array;
  /** `[mode, cell]`, of anomalies times weights; orthonormal, the element of largest magnitude is positive. 0 for cells left out. */
  readonly patterns: Float64Array;
  /** `[mode]`, of the components, divided by samples - 1; in descending order. */
  readonly variances: Float64Array;
  /** `[mode]`, share of {@link totalVariance}. */
  readonly explained: Float64Array;
  /**
   * `[mode]`, standard errors of {@link variances} by North's rule of thumb, λ √(2 / samples). Modes whose variances are no further apart
   * than that are not told from each other. Samples that depend on each other make it too small.
   *
   * @see G. R. North, T. L. Bell, R. F. Cahalan, F. J. Moeng, Mon. Weather Rev. 110 (1982) 699.
   */
  readonly errors: Float64Array;
  readonly totalVariance: number;
}

/**
 * Fits empirical orthogonal functions: eigenvectors of the covariance of cells, or of that of samples where these are fewer.
 *
 * Memory: four matrices of the smaller number squared, beside one part of the source and the result.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than 3 samples, weights or modes that do not fit, or no cell that is never missing,
 *   or matrices of more than `maxBytes`; what reading throws.
 * @see A. Hannachi, I. T. Jolliffe, D. B. Stephenson, Int. J. Climatol. 27 (2007) 1119.
 */
export async function fitEof(source: EofSource, options: EofOptions = {}): Promise<EofFit> {
  const { samples, cells } = source;
  const { modes = { explained: 0.9 }, maxBytes = 256e6, signal, onProgress } = options;
  const weights = Float64Array.from(options.weights ?? new Float64Array(cells).fill(1));
  check(source, { weights, modes });
  const size = Math.min(samples, cells);
  if (32 * size ** 2 > maxBytes) {
    throw new InvalidArgumentError(
      `Patterns of ${samples} samples of ${cells} cells need matrices of ${size} x ${size}, ${Math.ceil((32 * size ** 2) / 1e6)} MB, more than the ${Math.floor(maxBytes / 1e6)} MB allowed (\`maxBytes\`). Take fewer samples (a season, every fifth day), or a coarser grid.`,
    );
  }
  const axis = cells <= samples ? "samples" : "cells";
  const [along, across] = axis === "samples" ? [samples, cells] : [cells, samples];
  const each = Math.max(1, Math.floor(maxBytes / 32 / across));
  let done = 0;
  const parts = async (take: (part: Float64Array, from: number, to: number) => void): Promise<void> => {
    for (let from = 0; from < along; from += each) {
      signal?.throwIfAborted();
      const to = Math.min(along, from + each);
      take(await source.read({ axis, from, to }), from, to);
      done += to - from;
      onProgress?.(done / (2 * along));
    }
  };
  const decompose = axis === "samples" ? bySamples : byCells;
  const { mean, decomposed } = await decompose({ samples, cells, weights, parts, modes });
  const { variances, patterns, totalVariance } = decomposed;
  fixSigns(patterns, variances.length, cells);
  return {
    ...{ samples, cells, modes: variances.length, mean, weights, patterns, variances, totalVariance },
    explained: variances.map((variance) => variance / totalVariance),
    errors: variances.map((variance) => variance * Math.sqrt(2 / samples)),
  };
}

/** The source that an array in memory is: `[sample, cell]` row-major. */
export function eofSource(values: Float64Array, samples: number): EofSource {
  const cells = values.length / samples;
  if (!Number.isInteger(cells)) {
    throw new InvalidArgumentError(`${values.length} values are no ${samples} samples of equal length.`);
  }
  return {
    ...{ samples, cells },
    read: async ({ axis, from, to }) => {
      if (axis === "samples") return values.slice(from * cells, to * cells);
      const part = new Float64Array(samples * (to - from));
      for (let i = 0; i < samples; i++) {
        part.set(values.subarray(i * cells + from, i * cells + to), i * (to - from));
      }
      return part;
    },
  };
}

interface Route {
  readonly samples: number;
  readonly cells: number;
  readonly weights: Float64Array;
  readonly modes: EofModes;
  readonly parts: (take: (part: Float64Array, from: number, to: number) => void) => Promise<void>;
}

interface Decomposed {
  readonly variances: Float64Array;
  readonly patterns: Float64Array;
  readonly totalVariance: number;
}

/** By the covariance of cells. */
async function bySamples(route: Route): Promise<{ mean: Float64Array; decomposed: Decomposed }> {
  const { samples, cells, weights, parts, modes } = route;
  const origin = new Float64Array(cells);
  const mean = new Float64Array(cells);
  await parts((part, from, to) => {
    if (from === 0) origin.set(part.subarray(0, cells));
    for (let i = 0; i < to - from; i++) {
      for (let c = 0; c < cells; c++) {
        mean[c] = (mean[c] as number) + ((part[i * cells + c] as number) - (origin[c] as number)) / samples;
      }
    }
  });
  for (let c = 0; c < cells; c++) {
    mean[c] = (weights[c] as number) > 0 ? (mean[c] as number) + (origin[c] as number) : Number.NaN;
  }
  const kept = keptCells(mean);
  const running = new RunningCovariance(kept.length);
  const row = new Float64Array(kept.length);
  await parts((part, from, to) => {
    for (let i = 0; i < to - from; i++) {
      kept.forEach((c, k) => {
        row[k] = ((part[i * cells + c] as number) - (mean[c] as number)) * (weights[c] as number);
      });
      running.add(row);
    }
  });
  const { values, vectors } = symmetricEigen(running.result().covariance, kept.length);
  const { count, total } = chooseModes(values, Math.min(samples - 1, kept.length), modes);
  const patterns = new Float64Array(count * cells);
  for (let m = 0; m < count; m++) {
    const vector = (kept.length - 1 - m) * kept.length;
    kept.forEach((c, k) => {
      patterns[m * cells + c] = vectors[vector + k] as number;
    });
  }
  return { mean, decomposed: { variances: values.slice(-count).reverse(), patterns, totalVariance: total } };
}

/** By the covariance of samples, whose eigenvectors are combinations of samples that give the patterns. */
async function byCells(route: Route): Promise<{ mean: Float64Array; decomposed: Decomposed }> {
  const { samples, cells, weights, parts, modes } = route;
  const mean = new Float64Array(cells);
  const products = new Float64Array(samples * samples);
  await parts((part, from, to) => {
    const width = to - from;
    centre(part, mean.subarray(from, to), weights.subarray(from, to));
    for (let i = 0; i < samples; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let c = 0; c < width; c++) sum += (part[i * width + c] as number) * (part[j * width + c] as number);
        products[i * samples + j] = (products[i * samples + j] as number) + sum / (samples - 1);
      }
    }
  });
  const kept = keptCells(mean).length;
  const { values, vectors } = symmetricEigen(products, samples);
  const { count, total } = chooseModes(values, Math.min(samples - 1, kept), modes);
  const variances = values.slice(-count).reverse();
  const patterns = new Float64Array(count * cells);
  await parts((part, from, to) => {
    const width = to - from;
    centre(part, mean.subarray(from, to), weights.subarray(from, to));
    for (let m = 0; m < count; m++) {
      const vector = (samples - 1 - m) * samples;
      const scale = 1 / Math.sqrt((samples - 1) * (variances[m] as number));
      const target = patterns.subarray(m * cells + from, m * cells + to);
      for (let i = 0; i < samples; i++) {
        const factor = scale * (vectors[vector + i] as number);
        for (let c = 0; c < width; c++) target[c] = (target[c] as number) + factor * (part[i * width + c] as number);
      }
    }
  });
  return { mean, decomposed: { variances, patterns, totalVariance: total } };
}

/** Makes `[sample, cell]` weighted anomalies, with 0 and a mean of NaN for cells left out. */
function centre(part: Float64Array, mean: Float64Array, weights: Float64Array): void {
  const width = mean.length;
  const samples = part.length / width;
  for (let c = 0; c < width; c++) {
    const origin = part[c] as number;
    let sum = 0;
    for (let i = 0; i < samples; i++) sum += (part[i * width + c] as number) - origin;
    const weight = weights[c] as number;
    const centreOf = weight > 0 ? origin + sum / samples : Number.NaN;
    mean[c] = centreOf;
    for (let i = 0; i < samples; i++) {
      const at = i * width + c;
      part[at] = Number.isNaN(centreOf) ? 0 : ((part[at] as number) - centreOf) * weight;
    }
  }
}

function keptCells(mean: Float64Array): readonly number[] {
  const kept = Array.from(mean.keys()).filter((c) => Number.isFinite(mean[c]));
  if (kept.length > 0) return kept;
  throw new InvalidArgumentError(
    "Every cell is missing in some sample, or has no weight; patterns need cells that are never missing.",
  );
}

function chooseModes(ascending: Float64Array, most: number, modes: EofModes): { count: number; total: number } {
  const total = ascending.reduce((sum, value) => sum + Math.max(0, value), 0);
  const largest = ascending.at(-1) as number;
  if (!(largest > 0)) throw new InvalidArgumentError("All samples are equal; there is no variance to explain.");
  let rank = 0;
  while (rank < most && (ascending.at(-1 - rank) as number) > 1e-13 * largest) rank++;
  if ("count" in modes) {
    if (modes.count <= rank) return { count: modes.count, total };
    throw new InvalidArgumentError(`${modes.count} modes are asked for; these samples have ${rank}.`);
  }
  let count = 0;
  for (let sum = 0; count < rank && sum < modes.explained * total * (1 - 1e-12); count++) {
    sum += ascending.at(-1 - count) as number;
  }
  return { count, total };
}

function fixSigns(patterns: Float64Array, modes: number, cells: number): void {
  for (let m = 0; m < modes; m++) {
    const pattern = patterns.subarray(m * cells, (m + 1) * cells);
    const largest = pattern.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    if (largest < 0) for (let c = 0; c < cells; c++) pattern[c] = -(pattern[c] as number);
  }
}

function check(
  { samples, cells }: EofSource,
  { weights, modes }: { readonly weights: Float64Array; readonly modes: EofModes },
): void {
  if (samples < 3 || cells < 1) {
    throw new InvalidArgumentError(`Patterns need at least 3 samples of a cell; got ${samples} of ${cells}.`);
  }
  if (weights.length !== cells || !weights.every((weight) => weight >= 0 && weight < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`Weights are ${cells} numbers of 0 or more, one per cell; got ${weights.length}.`);
  }
  const isRight =
    "count" in modes ? Number.isInteger(modes.count) && modes.count >= 1 : modes.explained > 0 && modes.explained <= 1;
  if (!isRight) {
    throw new InvalidArgumentError(
      `Modes are { count: 1 or more } or { explained: above 0, up to 1 }; got ${JSON.stringify(modes)}.`,
    );
  }
}
