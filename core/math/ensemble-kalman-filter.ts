import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { applyTransform, type Innovations, transformOf } from "./ensemble-transform.ts";
import type { Localisation } from "./localisation.ts";

/** States that together stand for a distribution: its mean is theirs, its covariance theirs with members - 1 as divisor. */
export interface StateEnsemble {
  readonly members: number;
  /** `[member, element]` row-major, each element in a unit of its own. */
  readonly states: ArrayLike<number>;
}

/** Measurements with independent errors, and what an ensemble says of them. */
export interface EnsembleObservations {
  /** NaN where a value is missing this time: its variance and predictions are not read. */
  readonly values: ArrayLike<number>;
  /** Of the errors of the values, in their unit squared; above 0. */
  readonly variances: ArrayLike<number>;
  /** What each member would measure without errors, `[member, observation]` row-major: any function of its state. */
  readonly predicted: ArrayLike<number>;
}

/** How {@link ensembleKalmanUpdate} makes up for a small ensemble and an imperfect model. */
export interface EnsembleUpdateOptions {
  /** Without one, every observation corrects the whole state: right for ensembles larger than what varies. */
  readonly localisation?: Localisation;
  /** The spread of what is observed is multiplied by this before the observations are used; 1 or more, 1 by default. */
  readonly inflation?: number;
  /** Share of the spread taken by the observations that is given back, element by element; 0 to 1, 0 by default. */
  readonly relaxation?: number;
}

/**
 * One update of an ensemble by observations: the local ensemble transform Kalman filter. Each element of the state is
 * updated by its local observations, whose error variances are divided by their weights. Members are transformed by the
 * symmetric square root, which moves them least and keeps their mean.
 *
 * Where state and predictions are linear in each other, mean and covariance become those of the Kalman filter with the
 * mean and covariance of the ensemble, times inflation² for the covariance. Elements that no observation reaches are left
 * as they are, bit for bit, whatever they hold. The order of members and observations does not matter beyond rounding,
 * and there are no random numbers.
 *
 * Neighbouring elements with the same observations and weights share one decomposition, of the size of the smaller of
 * members and local observations: put what stands at one place side by side. Observations with correlated errors: give
 * linear combinations of them whose errors are not.
 *
 * @returns The states after the update, `[member, element]` row-major; the given ones are left as they are.
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than two members, lengths that do not fit together, a variance that is not
 *   above 0, predictions or observed elements that are not finite, an inflation below 1, a relaxation outside 0 to 1.
 * @see B. R. Hunt, E. J. Kostelich, I. Szunyogh, "Efficient data assimilation for spatiotemporal chaos: a local ensemble
 *   transform Kalman filter", Physica D 230 (2007) 112; their ρ is inflation². Deviations: where observations are fewer
 *   than members the decomposition is made in the space of observations, with the same result; what no observation
 *   reaches is not inflated.
 * @see J. S. Whitaker, T. M. Hamill, "Evaluating methods to account for system errors in ensemble data assimilation",
 *   Monthly Weather Review 140 (2012) 3078, section 2, for the relaxation to the prior spread.
 *
 * @example
 * // Temperatures at 100 places on a ring, °C, in 3 members; stations at places 20 and 70, the second one silent today.
 * const fields = [14, 15, 16].map((offset) => Array.from({ length: 100 }, (_, place) => offset + Math.cos(place / 50)));
 * const stations = [20, 70] as const;
 * const apart = (a: number, b: number) => Math.min(Math.abs(a - b), 100 - Math.abs(a - b));
 * const localisation = localise({ elements: 100, observations: 2 }, (place, station) =>
 *   gaspariCohn(apart(place, stations[station as 0 | 1]), 10),
 * );
 * const analysis = ensembleKalmanUpdate(
 *   { members: 3, states: fields.flat() },
 *   {
 *     values: [17, Number.NaN],
 *     variances: [0.25, 0.25],
 *     predicted: fields.flatMap((field) => stations.map((place) => field[place] as number)),
 *   },
 *   { localisation },
 * );
 * fields[1]?.[20]; // => 15.92…, the second member at the first station before …
 * analysis[120]; // => 16.78…, and after
 * analysis[150]; // => 15.54…, as before: no station that spoke reaches place 50
 */
export function ensembleKalmanUpdate(
  prior: StateEnsemble,
  observations: EnsembleObservations,
  options: EnsembleUpdateOptions = {},
): Float64Array {
  const { members, states } = prior;
  const { localisation, inflation = 1, relaxation = 0 } = options;
  const size = checkShapes(prior, observations, localisation);
  if (!(inflation >= 1 && inflation < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError(`The inflation of an ensemble is a factor of 1 or more; got ${inflation}.`);
  }
  if (!(relaxation >= 0 && relaxation <= 1)) {
    throw new InvalidArgumentError(`The relaxation to the prior spread is a share in 0 to 1; got ${relaxation}.`);
  }
  const innovations = innovationsOf(observations, members, inflation);
  const updated = Float64Array.from(states);
  const anomaly = new Float64Array(members);
  let transform = localisation ? undefined : transformOf(innovations, members);
  for (let element = 0; element < size; element++) {
    if (localisation && !isSameAsBefore(localisation, element)) {
      transform = transformOf(localOnes(innovations, localisation, element), members);
    }
    if (!transform) continue;
    let mean = 0;
    for (let k = 0; k < members; k++) mean += updated[k * size + element] as number;
    mean /= members;
    if (!Number.isFinite(mean)) {
      throw new InvalidArgumentError(
        `Element ${element} of the state is not finite in every member; only what no observation reaches may be so.`,
      );
    }
    for (let k = 0; k < members; k++) anomaly[k] = ((updated[k * size + element] as number) - mean) * inflation;
    const before = norm(anomaly);
    mean += applyTransform(transform, anomaly);
    const after = norm(anomaly);
    const widen = after > 0 ? 1 + (relaxation * (before - after)) / after : 1;
    for (let k = 0; k < members; k++) updated[k * size + element] = mean + widen * (anomaly[k] as number);
  }
  return updated;
}

/** Number of elements of the state. */
function checkShapes(
  { members, states }: StateEnsemble,
  { values, variances, predicted }: EnsembleObservations,
  localisation: Localisation | undefined,
): number {
  if (!Number.isInteger(members) || members < 2) {
    throw new InvalidArgumentError(`An ensemble has 2 or more members; got ${members}.`);
  }
  const size = states.length / members;
  if (!Number.isInteger(size) || size === 0) {
    throw new InvalidArgumentError(`States of ${members} members cannot have ${states.length} elements in all.`);
  }
  const count = values.length;
  if (variances.length !== count || predicted.length !== members * count) {
    throw new InvalidArgumentError(
      `${count} observations of ${members} members have ${count} variances and ${members * count} predictions; got ` +
        `${variances.length} and ${predicted.length}.`,
    );
  }
  if (localisation && (localisation.starts.length !== size + 1 || localisation.observationCount !== count)) {
    throw new InvalidArgumentError(
      `A localisation of ${localisation.observationCount} observations and ${localisation.starts.length - 1} elements ` +
        `cannot be used for ${count} observations and states of ${size} elements.`,
    );
  }
  return size;
}

/** Row of an observation that is not there. */
const MISSING = -1;

interface ObservedInnovations extends Innovations {
  /** Of each observation, its row. */
  readonly rowOf: Int32Array;
}

/** Of the observations that are there; `rowOf` finds them. */
function innovationsOf(
  { values, variances, predicted }: EnsembleObservations,
  members: number,
  inflation: number,
): ObservedInnovations {
  const count = values.length;
  const anomalies = new Float64Array(count * members);
  const distances = new Float64Array(count);
  const rowOf = new Int32Array(count).fill(MISSING);
  let rows = 0;
  for (let j = 0; j < count; j++) {
    const value = values[j] as number;
    if (Number.isNaN(value)) continue;
    const variance = variances[j] as number;
    let mean = 0;
    for (let k = 0; k < members; k++) mean += predicted[k * count + j] as number;
    mean /= members;
    const scale = 1 / Math.sqrt(variance * (members - 1));
    const distance = (value - mean) * scale;
    const row = anomalies.subarray(rows * members, (rows + 1) * members);
    for (let k = 0; k < members; k++) row[k] = ((predicted[k * count + j] as number) - mean) * scale * inflation;
    if (!(variance > 0 && scale > 0 && Number.isFinite((distance + norm(row)) ** 2))) {
      throw new InvalidArgumentError(
        `Observation ${j} is ${value}, its error variance ${variance}, the mean of its predictions ${mean}: all must be ` +
          "finite, and the variance above 0, also beside these. A missing observation has the value NaN.",
      );
    }
    distances[rows] = distance;
    rowOf[j] = rows++;
  }
  return { anomalies: anomalies.subarray(0, rows * members), distances: distances.subarray(0, rows), rowOf };
}

/** Those of one element; an error variance divided by the weight divides the error by its root. */
function localOnes(
  { anomalies, distances, rowOf }: ObservedInnovations,
  { starts, observations, weights }: Localisation,
  element: number,
): Innovations {
  const [start, end] = [starts[element] as number, starts[element + 1] as number];
  const members = anomalies.length / Math.max(1, distances.length);
  const local = { anomalies: new Float64Array((end - start) * members), distances: new Float64Array(end - start) };
  let rows = 0;
  for (let at = start; at < end; at++) {
    const row = rowOf[observations[at] as number] as number;
    if (row === MISSING) continue;
    const root = Math.sqrt(weights[at] as number);
    local.distances[rows] = root * (distances[row] as number);
    for (let k = 0; k < members; k++) {
      local.anomalies[rows * members + k] = root * (anomalies[row * members + k] as number);
    }
    rows++;
  }
  return { anomalies: local.anomalies.subarray(0, rows * members), distances: local.distances.subarray(0, rows) };
}

/** Whether an element has the observations and weights of the element before. */
function isSameAsBefore({ starts, observations, weights }: Localisation, element: number): boolean {
  if (element === 0) return false;
  const start = starts[element] as number;
  const count = (starts[element + 1] as number) - start;
  const before = starts[element - 1] as number;
  if (start - before !== count) return false;
  for (let i = 0; i < count; i++) {
    if (observations[start + i] !== observations[before + i]) return false;
    if (weights[start + i] !== weights[before + i]) return false;
  }
  return true;
}

function norm(values: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += (values[k] as number) ** 2;
  return Math.sqrt(sum);
}
