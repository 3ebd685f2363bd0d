import { type AdaptableCondition, type Expectation, type Features, InvalidArgumentError } from "../../../core/index.ts";
import { type FitData, type Linearisation, linearise, scoreSpread, sum } from "./linearisation.ts";
import { inverseOf, product, subMatrix } from "./sub-matrix.ts";

/** A step that would reduce the deviance by less than this is none: it is a thousandth of a standard error. */
const CONVERGED = 1e-6;
const MOST_HALVINGS = 12;

/** What to fit. */
export interface FitOptions {
  /** All conditions of the twin, for their bounds. */
  readonly conditions: readonly AdaptableCondition[];
  /** Indices of those that move, ascending. */
  readonly moved: readonly number[];
  /** Where to start, and where those that do not move stay. */
  readonly from: Float64Array;
  /** Most Gauss-Newton steps; 20 by default. */
  readonly maxIterations?: number | undefined;
  /** Events of the reference behind the expectation, which err as well; infinite by default. */
  readonly referenceEvents?: number | undefined;
}

/** Conditions under which events are most likely. */
export interface ConditionsFit {
  /** All of them, in the order of the twin. */
  readonly values: Float64Array;
  /** Standard errors of those that moved, in the order of `moved`: √ of H⁻¹ V H⁻¹; NaN where a bound holds one. */
  readonly errors: Float64Array;
  /** By how much the deviance fell: twice the rise of the log likelihood. */
  readonly reduction: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Indices of conditions that would go on, but for their bounds. */
  readonly atBounds: readonly number[];
}

/** A fit, and what events say where it ended. */
export interface Fitted extends ConditionsFit {
  readonly at: Linearisation;
  /** Indices of those that moved and are not held by a bound. */
  readonly free: readonly number[];
  /** Covariance of the sum of scores there. */
  readonly spread: Float64Array;
}

/**
 * The conditions that describe events best, when only some of them may move: Gauss-Newton steps with the Fisher information,
 * halved until the deviance does not rise, within bounds.
 *
 * Standard errors are from the spread of the scores (White's sandwich), so they hold where the expectation's distribution is
 * not quite that of the events.
 *
 * @returns `undefined` where the events do not tell the conditions apart, or nothing of one.
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than two events.
 * @see J. Nocedal, S. J. Wright, "Numerical Optimization", 2nd ed., chapters 10 and 16.7; H. White, Econometrica 50 (1982) 1.
 */
export function fitConditions(
  expectation: Expectation,
  features: Features,
  options: FitOptions,
): ConditionsFit | undefined {
  if (features.count < 2) {
    throw new InvalidArgumentError(`A fit of conditions needs at least 2 events; got ${features.count}.`);
  }
  const fitted = fitFrom(linearise({ expectation, features }, options.from), { expectation, features }, options);
  if (!fitted) return undefined;
  const { at: _at, free: _free, spread: _spread, ...fit } = fitted;
  return fit;
}

/** What is given up has to promise so much too little: steps to second order may be followed by better ones. */
export const HOPE = 2;

/** What a fit has to be worth, or it is broken off after its first step. */
export interface Rival {
  readonly reduction: number;
  /** Covariance of the sum of scores at the start. */
  readonly spread: Float64Array;
}

/**
 * {@link fitConditions} from a place that is linearised already.
 *
 * @param rival - Where a fit cannot come near its reduction, one step has to do, with the information and spread of the start.
 */
export function fitFrom(
  start: Linearisation,
  data: FitData,
  { conditions, moved, maxIterations = 20, referenceEvents = Number.POSITIVE_INFINITY }: FitOptions,
  rival?: Rival,
): Fitted | undefined {
  let at = start;
  let isBrokenOff = false;
  let converged = false;
  let iterations = 0;
  for (;;) {
    const step = boundedStep(at, conditions, moved);
    if (!step) return undefined;
    converged = step.gain < CONVERGED;
    if (converged || iterations === maxIterations) break;
    const next = shortened(at, step.to, (place) => sum(data.expectation.deviance(data.features, place)));
    if (!next) break;
    iterations++;
    isBrokenOff = rival !== undefined && iterations === 1 && HOPE * (start.deviance - next.deviance) < rival.reduction;
    if (isBrokenOff) {
      at = { ...start, ...next };
      break;
    }
    at = linearise(data, next.conditions);
  }
  const atBounds = moved.filter((index) => isHeld(at, conditions, index));
  const free = moved.filter((index) => !atBounds.includes(index));
  const spread = rival && isBrokenOff ? rival.spread : scoreSpread(data, at.conditions, referenceEvents);
  const covariance = sandwich(at, free, spread);
  if (!covariance) return undefined;
  const errors = Float64Array.from(moved, (index) => {
    const place = free.indexOf(index);
    return place < 0 ? Number.NaN : Math.sqrt(covariance[place * free.length + place] as number);
  });
  return {
    values: at.conditions,
    errors,
    reduction: start.deviance - at.deviance,
    iterations,
    converged,
    atBounds,
    at,
    free,
    spread,
  };
}

/** At a bound, and pressed against it. */
function isHeld(at: Linearisation, conditions: readonly AdaptableCondition[], index: number): boolean {
  const { min, max } = conditions[index] as AdaptableCondition;
  const [value, score] = [at.conditions[index] as number, at.score[index] as number];
  return (value <= min && score < 0) || (value >= max && score > 0);
}

/** Where Gauss and Newton would go, if not beyond bounds; those that would go beyond stop there, and the rest go on. */
function boundedStep(
  at: Linearisation,
  conditions: readonly AdaptableCondition[],
  moved: readonly number[],
): { readonly to: Float64Array; readonly gain: number } | undefined {
  const to = at.conditions.slice();
  let free = moved.filter((index) => !isHeld(at, conditions, index));
  const held: number[] = [];
  for (;;) {
    const inverse = inverseOf(subMatrix(at.information, free));
    if (!inverse) return undefined;
    const shifts = Float64Array.from(held, (index) => (to[index] as number) - (at.conditions[index] as number));
    const pulls = product(subMatrix(at.information, free, held), shifts, held.length);
    const wanted = Float64Array.from(free, (index, i) => (at.score[index] as number) - (pulls[i] ?? 0));
    const step = product(inverse, wanted, free.length);
    const beyond: number[] = [];
    free.forEach((index, i) => {
      const { min, max } = conditions[index] as AdaptableCondition;
      const value = (at.conditions[index] as number) + (step[i] as number);
      to[index] = Math.max(min, Math.min(max, value));
      if (to[index] !== value) beyond.push(index);
    });
    if (beyond.length === 0) break;
    held.push(...beyond);
    free = free.filter((index) => !beyond.includes(index));
  }
  let gain = 0;
  for (const index of moved)
    gain += (at.score[index] as number) * ((to[index] as number) - (at.conditions[index] as number));
  return { to, gain };
}

/** The place on the way at which the deviance has not risen; `undefined` if there is none. */
function shortened(
  at: Linearisation,
  to: Float64Array,
  devianceAt: (place: Float64Array) => number,
): Pick<Linearisation, "conditions" | "deviance"> | undefined {
  for (let halving = 0, part = 1; halving <= MOST_HALVINGS; halving++, part /= 2) {
    const conditions = part === 1 ? to : at.conditions.map((value, i) => value + part * ((to[i] as number) - value));
    const deviance = devianceAt(conditions);
    if (deviance <= at.deviance) return { conditions, deviance };
  }
  return undefined;
}

function sandwich(at: Linearisation, free: readonly number[], spread: Float64Array): Float64Array | undefined {
  const inverse = inverseOf(subMatrix(at.information, free));
  if (!inverse) return undefined;
  return product(product(inverse, subMatrix(spread, free), free.length), inverse, free.length);
}
