import { RandomStream, type StateEnsemble } from "../../../core/index.ts";

/** A normal distribution. */
export interface Normal {
  readonly mean: Float64Array;
  /** `[n, n]` row-major. */
  readonly covariance: Float64Array;
}

/** One measurement of `operator · state`. */
export interface Measurement {
  readonly operator: readonly number[];
  readonly value: number;
  readonly variance: number;
}

/** The Kalman filter, one measurement after another: no matrix is inverted, nor decomposed. */
export function kalman({ mean, covariance }: Normal, measurements: readonly Measurement[]): Normal {
  const n = mean.length;
  const [m, p] = [mean.slice(), covariance.slice()];
  for (const { operator, value, variance } of measurements) {
    const ph = Array.from({ length: n }, (_, i) => dot(operator, p.subarray(i * n, (i + 1) * n)));
    const total = dot(operator, ph) + variance;
    const distance = value - dot(operator, m);
    for (let i = 0; i < n; i++) {
      m[i] = (m[i] as number) + ((ph[i] as number) / total) * distance;
      for (let j = 0; j < n; j++) {
        p[i * n + j] = (p[i * n + j] as number) - ((ph[i] as number) * (ph[j] as number)) / total;
      }
    }
  }
  return { mean: m, covariance: p };
}

/** Sample mean and covariance. */
export function normalOf({ members, states }: StateEnsemble): Normal {
  const n = states.length / members;
  const row = (k: number): number[] => Array.from({ length: n }, (_, i) => states[k * n + i] as number);
  const rows = Array.from({ length: members }, (_, k) => row(k));
  const mean = Float64Array.from({ length: n }, (_, i) => rows.reduce((s, x) => s + (x[i] as number), 0) / members);
  const covariance = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    const products = rows.map(
      (x) => ((x[i] as number) - (mean[i] as number)) * ((x[j] as number) - (mean[j] as number)),
    );
    return products.reduce((a, b) => a + b) / (members - 1);
  });
  return { mean, covariance };
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** An ensemble of correlated elements, and measurements of combinations of them. */
export function linearCase(on: {
  readonly seed: bigint;
  readonly members: number;
  readonly size: number;
  readonly count: number;
}): {
  readonly prior: StateEnsemble & { readonly states: Float64Array };
  readonly measurements: readonly Measurement[];
} {
  const { seed, members, size, count } = on;
  const stream = new RandomStream({ seed, id: 0n });
  const states = Float64Array.from({ length: members * size }, () => stream.normal());
  for (let at = 1; at < states.length; at++)
    states[at] = 0.7 * (states[at - 1] as number) + (states[at] as number) + 0.3;
  const measurements = Array.from({ length: count }, () => ({
    operator: Array.from({ length: size }, () => stream.normal()),
    value: 3 * stream.normal(),
    variance: 10 ** (2 * stream.uniform() - 1),
  }));
  return { prior: { members, states }, measurements };
}

/** As the update takes them. */
export function observationsOf(
  { members, states }: StateEnsemble & { readonly states: Float64Array },
  measurements: readonly Measurement[],
) {
  const size = states.length / members;
  return {
    values: measurements.map(({ value }) => value),
    variances: measurements.map(({ variance }) => variance),
    predicted: Array.from({ length: members }, (_, k) =>
      measurements.map(({ operator }) => dot(operator, states.subarray(k * size, (k + 1) * size))),
    ).flat(),
  };
}
