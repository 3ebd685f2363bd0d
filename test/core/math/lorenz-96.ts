import { ensembleKalmanUpdate, gaspariCohn, localise, RandomStream } from "../../../core/index.ts";

/** Places on the ring. */
const PLACES = 40;
const FORCE = 8;
/** Of a step, in units of 5 days. */
const DT = 0.05;

/** A filter and the observations that it is given. */
export interface TwinExperiment {
  readonly seed: number;
  /** How many cycles count; as many more as `spinUp` says come before. */
  readonly cycles: number;
  readonly spinUp: number;
  readonly members: number;
  readonly inflation?: number;
  /** Of the weights, in places; without one there is no localisation. */
  readonly halfWidth?: number;
  /** Every so many places are observed, each cycle, with an error variance of 1. */
  readonly spacing?: number;
  /** Share of these observations that is missing, others each time. */
  readonly missing?: number;
}

/** Means over cycles; roots are taken before. */
export interface Skill {
  /** Of the mean after the update, over all places. */
  readonly rmse: number;
  /** Standard deviation of the members after the update, over all places. */
  readonly spread: number;
  /** Of the observations themselves. */
  readonly observationError: number;
  /** Of the mean over time as an estimate of every state. */
  readonly climate: number;
}

/**
 * Estimates a trajectory of the model from noisy observations of it. The ensemble begins with states of other times, which
 * know nothing of the trajectory.
 */
export function twinExperiment(on: TwinExperiment): Skill {
  const { members, inflation = 1, halfWidth, spacing = 1, missing = 0 } = on;
  const places = Array.from({ length: PLACES / spacing }, (_, at) => at * spacing);
  const variances = places.map(() => 1);
  const localisation =
    halfWidth === undefined
      ? {}
      : {
          localisation: localise({ elements: PLACES, observations: places.length }, (element, observation) =>
            gaspariCohn(apart(element, places[observation] as number), halfWidth),
          ),
        };
  const noise = new RandomStream({ seed: BigInt(on.seed), id: 0n });
  const truth = Float64Array.from({ length: PLACES }, () => FORCE + noise.normal());
  for (let step = 0; step < 1000; step++) lorenz96Step(truth);
  let states: Float64Array = new Float64Array(members * PLACES);
  const elsewhere = truth.slice();
  for (let k = 0; k < members; k++) {
    for (let step = 0; step < 200; step++) lorenz96Step(elsewhere);
    states.set(elsewhere, k * PLACES);
  }

  const sums = { rmse: 0, spread: 0, observationError: 0, first: 0, second: 0 };
  for (let cycle = 0; cycle < on.spinUp + on.cycles; cycle++) {
    lorenz96Step(truth);
    for (let k = 0; k < members; k++) lorenz96Step(states.subarray(k * PLACES, (k + 1) * PLACES));
    const errors = places.map(() => (noise.uniform() < missing ? Number.NaN : noise.normal()));
    const values = places.map((place, j) => (truth[place] as number) + (errors[j] as number));
    const predicted = states.filter((_, at) => (at % PLACES) % spacing === 0);
    states = ensembleKalmanUpdate(
      { members, states },
      { values, variances, predicted },
      { inflation, ...localisation },
    );
    if (cycle < on.spinUp) continue;
    const { error, spread } = errorAndSpread(states, truth);
    sums.rmse += error;
    sums.spread += spread;
    sums.observationError += rms(errors.filter((error) => !Number.isNaN(error)));
    sums.first += truth.reduce((a, b) => a + b) / PLACES;
    sums.second += rms(truth) ** 2;
  }
  const { cycles } = on;
  return {
    rmse: sums.rmse / cycles,
    spread: sums.spread / cycles,
    observationError: sums.observationError / cycles,
    climate: Math.sqrt(sums.second / cycles - (sums.first / cycles) ** 2),
  };
}

/** One step by Runge and Kutta's fourth-order rule of x'ᵢ = (xᵢ₊₁ - xᵢ₋₂) xᵢ₋₁ - xᵢ + F on a ring, in place. */
export function lorenz96Step(state: Float64Array, dt = DT): void {
  const sum = new Float64Array(state.length);
  let slope = new Float64Array(state.length);
  for (const [reach, weight] of [
    [0, 1],
    [0.5, 2],
    [0.5, 2],
    [1, 1],
  ] as const) {
    const at = state.map((value, i) => value + reach * dt * (slope[i] as number));
    slope = tendency(at);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (slope[i] as number);
  }
  for (let i = 0; i < state.length; i++) state[i] = (state[i] as number) + (dt / 6) * (sum[i] as number);
}

/** E. N. Lorenz, "Predictability: a problem partly solved", Seminar on Predictability, ECMWF (1996) vol. 1, p. 1. */
function tendency(x: Float64Array): Float64Array<ArrayBuffer> {
  const n = x.length;
  const slope = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const difference = (x[(i + 1) % n] as number) - (x[(i + n - 2) % n] as number);
    slope[i] = difference * (x[(i + n - 1) % n] as number) - (x[i] as number) + FORCE;
  }
  return slope;
}

function errorAndSpread(
  states: Float64Array,
  truth: Float64Array,
): { readonly error: number; readonly spread: number } {
  const members = states.length / PLACES;
  let [errors, variances] = [0, 0];
  for (let i = 0; i < PLACES; i++) {
    const column = Array.from({ length: members }, (_, k) => states[k * PLACES + i] as number);
    const mean = column.reduce((a, b) => a + b) / members;
    errors += (mean - (truth[i] as number)) ** 2;
    variances += column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (members - 1);
  }
  return { error: Math.sqrt(errors / PLACES), spread: Math.sqrt(variances / PLACES) };
}

function apart(a: number, b: number): number {
  const distance = Math.abs(a - b);
  return Math.min(distance, PLACES - distance);
}

function rms(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) ** 2;
  return Math.sqrt(sum / values.length);
}
