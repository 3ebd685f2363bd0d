import { InvalidArgumentError } from "../errors/invalid-argument.ts";

/** Counts (or sums of weights) between edges. Bins are `[low, high)`, the last one `[low, high]`, as in numpy. */
export interface Histogram {
  /** n + 1 edges, increasing. */
  readonly edges: Float64Array;
  /** Sum of weights in each of the n bins. */
  readonly counts: Float64Array;
  /** Sum of squared weights in each bin: the variance of `counts`. */
  readonly squares: Float64Array;
  /** Sum of weights below the first edge. */
  underflow: number;
  /** Sum of weights above the last edge. */
  overflow: number;
  /** Number of NaN values, in no bin. */
  invalid: number;
}

/**
 * An empty histogram, to be filled by {@link fillHistogram}.
 *
 * @throws `TWIN_INVALID_ARGUMENT` unless there are at least two finite, increasing edges.
 */
export function emptyHistogram(edges: ArrayLike<number>): Histogram {
  const copy = Float64Array.from(edges);
  if (copy.length < 2) throw new InvalidArgumentError(`A histogram needs at least 2 edges; got ${copy.length}.`);
  for (let i = 0; i < copy.length; i++) {
    const edge = copy[i] as number;
    if (!Number.isFinite(edge) || (i > 0 && edge <= (copy[i - 1] as number))) {
      throw new InvalidArgumentError(`Histogram edges must be finite and increasing; edge ${i} is ${edge}.`);
    }
  }
  const bins = copy.length - 1;
  return {
    edges: copy,
    counts: new Float64Array(bins),
    squares: new Float64Array(bins),
    underflow: 0,
    overflow: 0,
    invalid: 0,
  };
}

/** Index of the bin of a value: -1 below the first edge, n above the last, NaN for NaN. */
export function findBin(edges: Float64Array, value: number): number {
  const bins = edges.length - 1;
  if (Number.isNaN(value)) return value;
  if (value < (edges[0] as number)) return -1;
  if (value >= (edges[bins] as number)) return value === edges[bins] ? bins - 1 : bins;
  let low = 0;
  let high = bins;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (value < (edges[middle] as number)) high = middle;
    else low = middle;
  }
  return low;
}

/** Adds one value. */
export function addToHistogram(histogram: Histogram, value: number, weight: number = 1): void {
  const bin = findBin(histogram.edges, value);
  if (Number.isNaN(bin)) histogram.invalid++;
  else if (bin < 0) histogram.underflow += weight;
  else if (bin >= histogram.counts.length) histogram.overflow += weight;
  else {
    histogram.counts[bin] = (histogram.counts[bin] as number) + weight;
    histogram.squares[bin] = (histogram.squares[bin] as number) + weight * weight;
  }
}

/** Adds values, each with its weight or with weight 1. */
export function fillHistogram(histogram: Histogram, values: ArrayLike<number>, weights?: ArrayLike<number>): void {
  if (weights && weights.length !== values.length) {
    throw new InvalidArgumentError(
      `${values.length} values, but ${weights.length} weights; give one weight per value.`,
    );
  }
  for (let i = 0; i < values.length; i++) {
    addToHistogram(histogram, values[i] as number, weights ? (weights[i] as number) : 1);
  }
}

/**
 * Histogram of values; equal to `numpy.histogram(values, edges, weights=weights)`, with what lies outside counted
 * apart.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for edges that do not increase, or another number of weights than values.
 */
export function histogram(
  values: ArrayLike<number>,
  edges: ArrayLike<number>,
  options: { readonly weights?: ArrayLike<number> } = {},
): Histogram {
  const result = emptyHistogram(edges);
  fillHistogram(result, values, options.weights);
  return result;
}

/** `count` numbers from `start` to `stop`, both included; equal to numpy's `linspace` to the bit. */
export function linearEdges(start: number, stop: number, count: number): Float64Array {
  if (!Number.isInteger(count) || count < 2) throw new InvalidArgumentError(`Give at least 2 edges; got ${count}.`);
  const step = (stop - start) / (count - 1);
  const edges = Float64Array.from({ length: count }, (_, i) => i * step + start);
  edges[count - 1] = stop;
  return edges;
}

/**
 * `count` numbers from `start` to `stop`, evenly spaced in the logarithm: numpy's `geomspace(start, stop, count)` within
 * an ulp or two, because powers round differently. Both ends are exact, so that the largest value of a sample lies in
 * the last bin when it is `stop`.
 *
 * @throws `TWIN_INVALID_ARGUMENT` unless both ends are above 0.
 */
export function logEdges(start: number, stop: number, count: number): Float64Array {
  if (!(start > 0 && stop > 0)) {
    throw new InvalidArgumentError(`Logarithmic edges need ends above 0; got ${start} and ${stop}.`);
  }
  const edges = linearEdges(Math.log10(start), Math.log10(stop), count).map((exponent) => 10 ** exponent);
  edges[0] = start;
  edges[count - 1] = stop;
  return edges;
}
