import { InvalidArgumentError } from "../../../core/index.ts";
import {
  combine,
  congruence,
  exponential,
  inverse,
  logarithm,
  multiply,
  norm,
  positivePart,
  type Square,
  stationaryCovariance,
  symmetrised,
  trace,
  transpose,
} from "./matrices.ts";

/**
 * dx/dt = L x + noise for the leading modes of a field, and a decay of its own for each further one. Times are in days.
 *
 * @see C. Penland, P. D. Sardeshmukh, Journal of Climate 8 (1995) 1999, sections 2 and 3.
 */
export interface LinearDynamics {
  /** Modes in all. */
  readonly modes: number;
  /** Leading ones that depend on each other. */
  readonly coupled: number;
  /** Lag that L was found at, days. */
  readonly lagDays: number;
  /** L, `[coupled, coupled]`, 1/day. */
  readonly operator: readonly number[];
  /** Stationary covariance of the coupled ones, `[coupled, coupled]`. */
  readonly covariance: readonly number[];
  /** Decay of each further one, 1/day, and its stationary variance, `[modes - coupled]`. */
  readonly rates: readonly number[];
  readonly variances: readonly number[];
  /** Share of the noise covariance -(L C + C Lᵀ) that was negative and set to 0: 0 where the data are those of such a process. */
  readonly clippedNoise: number;
}

/** How a state of {@link LinearDynamics} goes on by some time, exactly: x' = G x + F n with normal n. */
export interface Propagator {
  readonly days: number;
  /** `[coupled, coupled]`. */
  readonly green: Square;
  /** F, `[coupled, coupled]`. */
  readonly noise: Square;
  /** Of each further mode. */
  readonly decay: Float64Array;
  readonly spread: Float64Array;
}

/** Components of a field in time. */
export interface ComponentSeries {
  readonly modes: number;
  /** `[sample, mode]` row-major. */
  readonly components: Float64Array;
  /** Number of the time step of each sample, ascending; missing numbers are gaps. */
  readonly steps: ArrayLike<number>;
  readonly stepDays: number;
}

/**
 * Fits L = ln(C(τ) C(0)⁻¹) / τ and the noise that goes with it by the fluctuation-dissipation relation. Where that noise
 * covariance has negative eigenvalues they are set to 0 and the stationary covariance follows, with the total variance of the data.
 *
 * @throws `TWIN_INVALID_ARGUMENT` where there is no real logarithm (an eigenvalue of C(τ) C(0)⁻¹ is negative: the lag is too long for
 *   modes that oscillate, or a mode is noise), where modes grow, or where there are too few pairs.
 */
export function fitLinearDynamics(
  series: ComponentSeries,
  { coupled, lag }: { readonly coupled: number; readonly lag: number },
): LinearDynamics {
  const { modes, stepDays } = series;
  if (!(Number.isInteger(coupled) && coupled >= 1 && coupled <= modes)) {
    throw new InvalidArgumentError(`${coupled} modes cannot be coupled; there are ${modes}.`);
  }
  if (!(Number.isInteger(lag) && lag >= 1)) throw new InvalidArgumentError(`A lag is 1 step or more; got ${lag}.`);
  const lagDays = lag * stepDays;
  const c0 = laggedCovariance(series, coupled, 0);
  const green = multiply(laggedCovariance(series, coupled, lag), inverse(c0, coupled), coupled);
  const log = logarithm(green, coupled);
  if (!log) {
    throw new InvalidArgumentError(
      `There is no linear model of ${coupled} modes at a lag of ${lagDays} days: an eigenvalue of C(τ) C(0)⁻¹ is zero or negative. Take fewer modes, or a shorter lag.`,
    );
  }
  const operator = log.map((value) => value / lagDays);
  const product = multiply(operator, c0, coupled);
  const noise = positivePart(combine(-1, product, -1, transpose(product, coupled)), coupled);
  const covariance = stationaryCovariance(operator, noise.matrix, coupled);
  if (!covariance) {
    throw new InvalidArgumentError(
      `The linear model of ${coupled} modes at a lag of ${lagDays} days grows without bounds. Take fewer modes, or longer data.`,
    );
  }
  const scale = trace(c0, coupled) / trace(covariance, coupled);
  const rates: number[] = [];
  const variances: number[] = [];
  for (let mode = coupled; mode < modes; mode++) {
    const variance = laggedProduct(series, [mode, mode], 0);
    const correlation = laggedProduct(series, [mode, mode], lag) / variance;
    variances.push(variance);
    // What is not correlated is forgotten within a step.
    rates.push(-Math.log(Math.min(Math.max(correlation, 1e-9), 1 - 1e-9)) / lagDays);
  }
  return {
    ...{ modes, coupled, lagDays, rates, variances, clippedNoise: noise.negative },
    operator: [...operator],
    covariance: Array.from(covariance, (value) => value * scale),
  };
}

/** The propagator over some days, 0 or more. */
export function propagator(dynamics: LinearDynamics, days: number): Propagator {
  const { coupled: n } = dynamics;
  const covariance = Float64Array.from(dynamics.covariance);
  const green = exponential(
    Float64Array.from(dynamics.operator, (value) => value * days),
    n,
  );
  const left = symmetrised(combine(1, covariance, -1, congruence(green, covariance, n)), n);
  const decay = Float64Array.from(dynamics.rates, (rate) => Math.exp(-rate * days));
  return {
    ...{ days, green, decay },
    noise: positivePart(left, n).factor,
    spread: Float64Array.from(dynamics.variances, (variance, i) =>
      Math.sqrt(variance * (1 - (decay[i] as number) ** 2)),
    ),
  };
}

/** A propagator that leaves nothing of where it began: draws from the stationary distribution. */
export function stationaryDraw(dynamics: LinearDynamics): Propagator {
  const { coupled: n, rates, variances } = dynamics;
  return {
    days: Number.POSITIVE_INFINITY,
    green: new Float64Array(n * n),
    noise: positivePart(Float64Array.from(dynamics.covariance), n).factor,
    decay: new Float64Array(rates.length),
    spread: Float64Array.from(variances, Math.sqrt),
  };
}

/** Turns a state `[mode]` into the one later; without `normals`, `[mode]`, into the mean of those. */
export function propagate(
  { green, noise, decay, spread }: Propagator,
  state: Float64Array,
  normals?: Float64Array,
): Float64Array {
  const n = state.length - decay.length;
  const result = new Float64Array(state.length);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let k = 0; k < n; k++) {
      sum += (green[i * n + k] as number) * (state[k] as number);
      if (normals) sum += (noise[i * n + k] as number) * (normals[k] as number);
    }
    result[i] = sum;
  }
  for (let i = n; i < state.length; i++) {
    const own = (decay[i - n] as number) * (state[i] as number);
    result[i] = own + (normals ? (spread[i - n] as number) * (normals[i] as number) : 0);
  }
  return result;
}

/**
 * The τ-test: whether covariances at other lags are those that L says. A linear process gives small numbers, but for the error of
 * sampling, at all lags.
 *
 * @returns Of each lag 1, 2, …, in steps: the norm of C(lag) - exp(L lag) C(0) over that of C(0).
 * @see Penland and Sardeshmukh, section 2.
 */
export function tauTest(series: ComponentSeries, dynamics: LinearDynamics, lags: number): readonly number[] {
  const { coupled } = dynamics;
  const c0 = laggedCovariance(series, coupled, 0);
  return Array.from({ length: lags }, (_, i) => {
    const { green } = propagator(dynamics, (i + 1) * series.stepDays);
    const said = multiply(green, c0, coupled);
    return norm(combine(1, laggedCovariance(series, coupled, i + 1), -1, said)) / norm(c0);
  });
}

/** Mean of x(t + lag) x(t)ᵀ. */
function laggedCovariance(series: ComponentSeries, size: number, lag: number): Square {
  return Float64Array.from({ length: size * size }, (_, at) =>
    laggedProduct(series, [Math.floor(at / size), at % size], lag),
  );
}

function laggedProduct(
  { modes, components, steps }: ComponentSeries,
  [later, earlier]: readonly [number, number],
  lag: number,
): number {
  let [sum, pairs, from] = [0, 0, 0];
  for (let i = 0; i < steps.length; i++) {
    const wanted = (steps[i] as number) - lag;
    while ((steps[from] as number) < wanted) from++;
    if (steps[from] !== wanted) continue;
    sum += (components[i * modes + later] as number) * (components[from * modes + earlier] as number);
    pairs++;
  }
  if (pairs < 10 * modes) {
    throw new InvalidArgumentError(
      `${pairs} pairs of steps ${lag} apart are too few for ${modes} modes; 10 for each, and better 100, are needed.`,
    );
  }
  return sum / pairs;
}
