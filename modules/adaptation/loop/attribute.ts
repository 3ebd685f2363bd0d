import {
  type Adaptable,
  type Cause,
  type Expectation,
  type Features,
  InvalidArgumentError,
} from "../../../core/index.ts";
import { type Fitted, fitFrom, HOPE, type Rival } from "./fit-conditions.ts";
import { isTooMuch, type LeftOver, leftOver, type NormalDeviance } from "./left-over.ts";
import { type FitData, type Linearisation, linearise, scoreSpread } from "./linearisation.ts";
import { meanEigenvalue, mostWanted, promiseOf } from "./promise.ts";

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
  /** Not so for fits that ended after a step, since another cause explains far more. */
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
  /**
   * What may be left, however significant, if no bound keeps the best cause from more: as a part of what it explains, divided by
   * the number of its conditions (causes that come together: of theirs on average); 0.25 by default.
   */
  readonly leftShare?: number | undefined;
  /** Most causes that come together; 8 by default. */
  readonly mostJoined?: number | undefined;
  /** Most steps of a fit; 20 by default. */
  readonly maxIterations?: number | undefined;
}

/** Of the way to a bound. */
const BEYOND = 0.1;

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
  /** Covariance of the sum of scores there. */
  readonly #spread: Float64Array;
  #tried: Tried[] = [];

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
    this.#spread = scoreSpread(data, options.from, options.referenceEvents ?? Number.POSITIVE_INFINITY);
  }

  attribution(): Attribution {
    const { leftLevel = 1e-3, leftShare = 0.25 } = this.#options;
    this.#tryAlone();
    for (const rung of new Set(this.#twin.causes.map((cause) => cause.rung))) this.#join(rung);
    const best = bestOf(this.#tried);
    const fit = best?.fit ?? this.#nothing();
    const left = leftOver(fit, { ...this.#data, normalDeviance: this.#options.normalDeviance });
    const explanation = best?.explanation;
    // No twin describes all, but a bound that keeps a cause from explaining the rest is no excuse.
    const most = explanation && !this.#isHeldBack(fit) ? leftShare * reductionPerCondition(explanation) : 0;
    const overdispersion = explanation?.overdispersion ?? 1;
    const isLeft = isTooMuch(left, { level: leftLevel, most, overdispersion, isExplained: best !== undefined });
    return {
      verdict: isLeft ? "unexplained" : best ? "cause" : "none",
      events: this.#start.events,
      best: explanation ?? null,
      left,
      tried: this.#tried.map(({ explanation }) => explanation),
    };
  }

  /**
   * Each cause by itself. The most promising comes first, so that fits of those that cannot come near are broken off: a change of
   * one condition is one of all others to a little part.
   */
  #tryAlone(): void {
    const { causes } = this.#twin;
    const start = { at: this.#start, free: [] };
    const promises = new Map(causes.map((cause) => [cause, promiseOf(start, cause)]));
    const byPromise = [...causes].sort((a, b) => (promises.get(b) as number) - (promises.get(a) as number));
    let reduction = 0;
    for (const cause of byPromise) {
      const tried = this.#try([cause], this.#start, { reduction, spread: this.#spread });
      reduction = Math.max(reduction, tried?.fit.reduction ?? 0);
    }
    this.#tried.sort((a, b) => causes.indexOf(a.causes[0] as Cause) - causes.indexOf(b.causes[0] as Cause));
  }

  /**
   * Whether a bound keeps a condition from moving on, by as much as is worth a version and by a tenth of its way: what a twin has
   * wrong about a condition grows with how far that moves.
   */
  #isHeldBack({ at, atBounds }: Fitted): boolean {
    return atBounds.some((index) => {
      const information = at.information[index * at.score.length + index] as number;
      const beyond = Math.abs(at.score[index] as number) / information;
      const way = Math.abs((at.conditions[index] as number) - (this.#options.from[index] as number));
      return beyond >= Math.max(this.#twin.conditions[index]?.worth ?? 0, BEYOND * way);
    });
  }

  /** Adds to the best of those that may join the one whose scores ask for it most, while it is worth it. */
  #join(rung: number): void {
    const candidates = this.#twin.causes.filter((cause) => cause.rung === rung && cause.mayJoin);
    let joined = bestOf(this.#tried.filter(({ causes: [cause] }) => cause && candidates.includes(cause)));
    if (joined && !joined.explanation.converged) {
      // It was broken off for a cause of another rung.
      this.#tried = this.#tried.filter((tried) => tried !== joined);
      joined = this.#try(joined.causes, this.#start);
    }
    const { mostJoined = 8 } = this.#options;
    while (joined && joined.causes.length < mostJoined) {
      const { causes, fit }: Tried = joined;
      const next = mostWanted(
        fit,
        candidates.filter((cause) => !causes.includes(cause)),
      );
      // All that may still join promise less than this one each.
      const hoped = next && HOPE * (mostJoined - causes.length) * promiseOf(fit, next);
      if (!hoped || worth(joined) + hoped < worth(bestOf(this.#tried) ?? joined)) break;
      const more = this.#try([...causes, next], fit.at);
      if (!more || worth(more) <= worth(joined)) break;
      joined = more;
    }
    // The one that came first may be what the others explain better together.
    const [first, ...others] = joined?.causes ?? [];
    if (first && others.length > 1) this.#try(others, this.#start);
  }

  #try(causes: readonly Cause[], at: Linearisation, rival?: Rival): Tried | undefined {
    const { conditions } = this.#twin;
    const moved = [...new Set(causes.flatMap((cause) => cause.conditions))].sort((a, b) => a - b);
    const { from, maxIterations, referenceEvents } = this.#options;
    const found = fitFrom(at, this.#data, { conditions, moved, from, maxIterations, referenceEvents }, rival);
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
    const [at, spread] = [this.#start, this.#spread];
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

/** For each condition that a cause has: one that has many imitates much, and has less excuse for what it leaves. */
function reductionPerCondition({ reduction, causes, moved }: Explanation): number {
  return (reduction * causes.length) / moved.length;
}
