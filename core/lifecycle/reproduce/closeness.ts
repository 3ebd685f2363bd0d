import type { Metric } from "./report.ts";
import { isIgnored, type Limits, limitsAt, type OutputTolerance } from "./tolerances.ts";

type Numbers = ArrayLike<number> | ArrayLike<bigint>;

/** Two values that are further apart than is allowed. */
interface Pair {
  readonly path: string;
  readonly x: number | bigint;
  readonly y: number | bigint;
  readonly unit: string | undefined;
  readonly limits: Limits;
}

/** Compares the contents of two outputs value by value; says how far they are apart, and whether that is allowed. */
export class Closeness {
  readonly #tolerance: OutputTolerance | undefined;
  #absolute = 0;
  #relative = 0;
  #at: string | null = null;
  #values = 0;
  #unequal = 0;
  #reason: string | undefined;
  #furthest: (Pair & { readonly absolute: number }) | undefined;

  constructor(tolerance: OutputTolerance | undefined) {
    this.#tolerance = tolerance;
  }

  /**
   * Why the contents are different: the first thing that no tolerance allows, or else the values that are furthest apart;
   * `undefined` where they are within the tolerance.
   */
  get reason(): string | undefined {
    return this.#reason ?? (this.#furthest && sentenceOf(this.#furthest));
  }

  get metric(): Metric {
    return {
      absolute: this.#absolute,
      relative: this.#relative,
      at: this.#at,
      values: this.#values,
      unequal: this.#unequal,
    };
  }

  ignores(path: string): boolean {
    return isIgnored(this.#tolerance, path);
  }

  /** Takes down that contents are different in a way that no tolerance allows. */
  differ(reason: string): void {
    this.#reason ??= reason;
  }

  /** Compares the same number of values of one path. NaN is equal to NaN. @param unit - Of both, for messages. */
  addNumbers(path: string, a: Numbers, b: Numbers, unit?: string): void {
    const limits = limitsAt(this.#tolerance, path);
    this.#values += a.length;
    for (let i = 0; i < a.length; i++) {
      const x = a[i] as number | bigint;
      const y = b[i] as number | bigint;
      // biome-ignore lint/suspicious/noSelfCompare: the fastest test for NaN, in the innermost loop.
      if (x !== y && (x === x || y === y)) this.#addPair({ path, x, y, unit, limits });
    }
  }

  #addPair(pair: Pair): void {
    const { path, x, y, limits } = pair;
    this.#unequal++;
    const absolute = typeof x === "bigint" ? Number(magnitude(x - (y as bigint))) : Math.abs(x - (y as number));
    const relative = absolute / Math.max(Math.abs(Number(x)), Math.abs(Number(y)));
    if (!Number.isFinite(absolute)) {
      this.differ(`"${path}" is finite in one run alone, or too far apart to tell how far.`);
      return;
    }
    if (absolute > this.#absolute || this.#at === null) this.#at = path;
    this.#absolute = Math.max(this.#absolute, absolute);
    this.#relative = Math.max(this.#relative, relative);
    const isTooFar = absolute > limits.absolute && relative > limits.relative;
    if (isTooFar && absolute > (this.#furthest?.absolute ?? 0)) this.#furthest = { ...pair, absolute };
  }
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** The same for (x, y) as for (y, x). */
function sentenceOf({ path, x, y, unit, limits }: Pair): string {
  const [less, more] = x < y ? [x, y] : [y, x];
  const shownUnit = unit === undefined ? "" : ` ${unit}`;
  const where = path === "" ? "The value" : `"${path}"`;
  return `${where} is ${less}${shownUnit} in one run and ${more}${shownUnit} in the other; ${allowed(limits, shownUnit)}.`;
}

function allowed({ absolute, relative }: Limits, unit: string): string {
  const percent = Number((100 * relative).toPrecision(12));
  const limits = [absolute > 0 && `${absolute}${unit}`, relative > 0 && `${percent} % of the larger`].filter(Boolean);
  return limits.length === 0 ? "no tolerance is given for it" : `a difference of ${limits.join(" or ")} is allowed`;
}
