import {
  type Adaptable,
  type Cause,
  type Expectation,
  type Features,
  InvalidArgumentError,
} from "../../../core/index.ts";
import { type Fitted, fitFrom } from "./fit-conditions.ts";
import { type LeftOver, leftOver, type NormalDeviance } from "./left-over.ts";
import { type FitData, type Linearisation, linearise, scoreSpread } from "./linearisation.ts";
import { inverseOf, product, subMatrix } from "./sub-matrix.ts";

/** One explanation that was tried; plain JSON. */
export interface Explanation {
  /** Names of the causes that come together; one mostly. */
  readonly causes: readonly string[];
  readonly rung: number;
  /** What moved, and where to: index and name of the condition, value and standard error (null where a bound holds it). */
  readonly moved: readonly {
    readonly index: number;
    readonly condition: string;
    readonly value: number;
    readonly error: number | null;
  }[];
  /** By how much the deviance fell. */
  readonly reduction: number;
  /** By how much it has to fall for these causes to be worth it. */
  readonly price: number;
  /** How much more than 1 per condition the deviance falls without a change: tr(H⁻¹V) / conditions. */
  readonly overdispersion: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Names of conditions that their bounds held. */
  readonly atBounds: readonly string[];
}

/** Why events have changed; plain JSON. */
export interface Attribution {
  /**
   * `none`: no cause is worth its price, nothing has changed. `cause`: `best` explains it. `unexplained`: something has changed,
   * and even the best cause leaves more than noise allows.
   */
  readonly verdict: "none" | "cause" | "unexplained";
  readonly events: number;
  /** The explanation that is worth most; null where none is worth its price. */
  readonly best: Explanation | null;
  /** What the best leaves; without one, all there is. */
  readonly left: LeftOver;
  /** All that was tried, in the order of the twin's causes, then joined ones. Causes that events say nothing of are not in it. */
  readonly tried: readonly Explanation[];
}

/** How to attribute. */
export interface AttributionOptions {
  /** Conditions before. */
  readonly from: Float64Array;
  /** Events of the reference behind the expectation; infinite by default. */
  readonly referenceEvents?: number | undefined;
  /** Deviances without a change; without it, only scores tell what is left. */
  readonly normalDeviance?: NormalDeviance | undefined;
  /** Probability of calling noise unexplained; 0.001 by default. */
  readonly leftLevel?: number | undefined;
  /** What may be left of what the best cause explains, however significant, if no bound keeps it from more; 0.25 by default. */
  readonly leftShare?: number | undefined;
  /** Most causes that come together; 8 by default. */
  readonly mostJoined?: number | undefined;
  /** Most steps of a fit; 20 by default. */
  readonly maxIterations?: number | undefined;
}

type Twin = Pick<Adaptable, "conditions" | "causes">;

interface Tried {
  readonly causes: readonly Cause[];
  readonly explanation: Explanation;
  readonly fit: Fitted;
}

/**
 * Why events are not as expected: each cause is fitted by itself, and those that may join are joined while that is worth its
 * price; the explanation with the largest reduction of deviance beyond its price wins, and where two are equal the gentler one.
 *
 * The price of k causes with m conditions is φ (m ln n + 2 k ln K), of n events and K causes to choose from. ln n is Schwarz's;
 * 2 ln K, of Chen and Chen, keeps the chance that any of many causes is found in noise small: at most K P(χ² > ln n + 2 ln K),
 * 0.4 % for 46 causes and 3,000 events. φ = tr(H⁻¹V) / m is what noise reduces the deviance by, per condition: 1 where the
 * expectation's distribution is right, more where tails are heavier or the reference is small.
 *
 * @throws `TWIN_INVALID_ARGUMENT` for fewer than two events, or another number of conditions.
 * @see G. Schwarz, "Estimating the dimension of a model", Annals of Statistics 6 (1978) 461; J. Chen, Z. Chen, "Extended Bayesian
 *   information criteria for model selection with large model spaces", Biometrika 95 (2008) 759; K. Takeuchi (1976), for tr(H⁻¹V) in
 *   place of the number of conditions.
 */
export function attribute(
  twin: Twin,
  data: { readonly expectation: Expectation; readonly features: Features },
  options: AttributionOptions,
): Attribution {
  return new Search(twin, data, options).attribution();
}

class Search {
  readonly #twin: Twin;
  readonly #data: FitData;
  readonly #options: AttributionOptions;
  readonly #start: Linearisation;
  readonly #tried: Tried[] = [];

  constructor(twin: Twin, data: FitData, options: AttributionOptions) {
    const size = twin.conditions.length;
    if (data.features.count < 2 || options.from.length !== size) {
      throw new InvalidArgumentError(
        `Attribution needs at least 2 events and ${size} conditions; got ${data.features.count} and ${options.from.length}.`,
      );
    }
    this.#twin = twin;
    this.#data = data;
    this.#options = options;
    this.#start = linearise(data, options.from);
  }

  attribution(): Attribution {
    const { leftLevel = 1e-3, leftShare = 0.25 } = this.#options;
    for (const cause of this.#twin.causes) this.#try([cause], this.#start);
    for (const rung of new Set(this.#twin.causes.map((cause) => cause.rung))) this.#join(rung);
    const best = bestOf(this.#tried);
    const fit = best?.fit ?? this.#nothing();
    const left = leftOver(fit, { ...this.#data, normalDeviance: this.#options.normalDeviance });
    const { reduction, overdispersion, atBounds } = best?.explanation ?? {
      reduction: 0,
      overdispersion: 1,
      atBounds: [],
    };
    // No twin describes all, but a bound that keeps a cause from explaining the rest is no excuse.
    const most = atBounds.length > 0 ? 0 : leftShare * reduction;
    const isLeft = isTooMuch(left, { level: leftLevel, most, overdispersion });
    return {
      verdict: isLeft ? "unexplained" : best ? "cause" : "none",
      events: this.#start.events,
      best: best?.explanation ?? null,
      left,
      tried: this.#tried.map(({ explanation }) => explanation),
    };
  }

  /** Adds to the best of those that may join the one whose scores ask for it most, while it is worth it. */
  #join(rung: number): void {
    const candidates = this.#twin.causes.filter((cause) => cause.rung === rung && cause.mayJoin);
    let joined = bestOf(this.#tried.filter(({ causes: [cause] }) => cause && candidates.includes(cause)));
    while (joined && joined.causes.length < (this.#options.mostJoined ?? 8)) {
      const { causes, fit }: Tried = joined;
      const next = mostWanted(
        fit,
        candidates.filter((cause) => !causes.includes(cause)),
      );
      const more = next && this.#try([...causes, next], fit.at);
      if (!more || worth(more) <= worth(joined)) break;
      joined = more;
    }
    // The one that came first may be what the others explain better together.
    const [first, ...others] = joined?.causes ?? [];
    if (first && others.length > 1) this.#try(others, this.#start);
  }

  #try(causes: readonly Cause[], at: Linearisation): Tried | undefined {
    const { conditions } = this.#twin;
    const moved = [...new Set(causes.flatMap((cause) => cause.conditions))].sort((a, b) => a - b);
    const { from, maxIterations, referenceEvents } = this.#options;
    const found = fitFrom(at, this.#data, { conditions, moved, from, maxIterations, referenceEvents });
    if (!found) return undefined;
    const fit = { ...found, reduction: this.#start.deviance - found.at.deviance };
    const overdispersion = meanEigenvalue(fit);
    const priced = moved.length * Math.log(this.#start.events) + 2 * causes.length * Math.log(this.#twin.causes.length);
    const explanation: Explanation = {
      causes: causes.map(({ name }) => name),
      rung: causes[0]?.rung ?? 0,
      moved: moved.map((index, i) => ({
        index,
        condition: conditions[index]?.name ?? "",
        value: fit.values[index] as number,
        error: Number.isNaN(fit.errors[i]) ? null : (fit.errors[i] as number),
      })),
      reduction: fit.reduction,
      price: overdispersion * priced,
      overdispersion,
      iterations: fit.iterations,
      converged: fit.converged,
      atBounds: fit.atBounds.map((index) => conditions[index]?.name ?? ""),
    };
    const tried = { causes, explanation, fit };
    this.#tried.push(tried);
    return tried;
  }

  /** No change as a fit of nothing. */
  #nothing(): Fitted {
    const at = this.#start;
    const spread = scoreSpread(this.#data, at.conditions, this.#options.referenceEvents ?? Number.POSITIVE_INFINITY);
    const [values, errors] = [at.conditions, new Float64Array(0)];
    return { values, errors, reduction: 0, iterations: 0, converged: true, atBounds: [], at, free: [], spread };
  }
}

function worth({ explanation }: Tried): number {
  return explanation.reduction - explanation.price;
}

/** Of those that are worth their price; the first of equals. */
function bestOf(tried: readonly Tried[]): Tried | undefined {
  let best: Tried | undefined;
  for (const each of tried) if (worth(each) > (best ? worth(best) : 0)) best = each;
  return best;
}

/** 1 where all conditions are held by bounds. */
function meanEigenvalue({ at, free, spread }: Fitted): number {
  const inverse = inverseOf(subMatrix(at.information, free));
  if (!inverse || free.length === 0) return 1;
  const ratio = product(inverse, subMatrix(spread, free), free.length);
  let trace = 0;
  for (let i = 0; i < free.length; i++) trace += ratio[i * free.length + i] as number;
  return trace / free.length;
}

/**
 * By Rao's score test: the reduction per condition that a fit with the cause would bring, to second order.
 *
 * @see C. R. Rao, Proc. Cambridge Phil. Soc. 44 (1948) 50.
 */
function mostWanted(fit: Fitted, causes: readonly Cause[]): Cause | undefined {
  let [wanted, most]: [Cause | undefined, number] = [undefined, 0];
  for (const cause of causes) {
    const indices = [...new Set([...fit.free, ...cause.conditions])];
    const inverse = inverseOf(subMatrix(fit.at.information, indices));
    if (!inverse) continue;
    const score = Float64Array.from(indices, (index) => fit.at.score[index] as number);
    const step = product(inverse, score, indices.length);
    const gain = step.reduce((total, value, i) => total + value * (score[i] as number), 0) / cause.conditions.length;
    if (gain > most) [wanted, most] = [cause, gain];
  }
  return wanted;
}

/** Both tests have half of the level. A chi-square is in units of noise, as reductions divided by their overdispersion are. */
function isTooMuch(
  { scores, deviance }: LeftOver,
  { level, most, overdispersion }: { readonly level: number; readonly most: number; readonly overdispersion: number },
): boolean {
  const above = (scores.chiSquare - scores.degreesOfFreedom) * overdispersion;
  const byScores = scores.probability < level / 2 && above > most;
  const byDeviance = deviance !== null && deviance.probability < level / 2 && Math.abs(deviance.excess) > most;
  return byScores || byDeviance;
}
