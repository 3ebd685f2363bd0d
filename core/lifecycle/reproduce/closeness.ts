import type { Metric } from "./report.ts";
import { isIgnored, type Limits, limitsAt, type OutputTolerance } from "./tolerances.ts";

type Numbers = ArrayLike<number> | ArrayLike<bigint>;

/** Compares the contents of two outputs value by value; says how far they are apart, and whether that is allowed. */
export class Closeness {
  readonly #tolerance: OutputTolerance | undefined;
  #absolute = 0;
  #relative = 0;
  #at: string | null = null;
  #values = 0;
  #unequal = 0;
  #reason: string | undefined;

  constructor(tolerance: OutputTolerance | undefined) {
    this.#tolerance = tolerance;
  }

  /** Why the contents are different, the first reason found; `undefined` where they are within the tolerance. */
  get reason(): string | undefined {
    return this.#reason;
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

  /** Compares the same number of values of one path. NaN is equal to NaN. */
  addNumbers(path: string, a: Numbers, b: Numbers): void {
    const limits = limitsAt(this.#tolerance, path);
    this.#values += a.length;
    for (let i = 0; i < a.length; i++) {
      const x = a[i] as number | bigint;
      const y = b[i] as number | bigint;
      // biome-ignore lint/suspicious/noSelfCompare: the fastest test for NaN, in the innermost loop.
      if (x !== y && (x === x || y === y)) this.#addPair(path, { x, y, limits });
    }
  }

  #addPair(
    path: string,
    { x, y, limits }: { readonly x: number | bigint; readonly y: number | bigint; readonly limits: Limits },
  ): void {
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
    if (absolute > limits.absolute && relative > limits.relative) {
      this.differ(`Values of "${path}" are further apart than ${allowed(limits)}.`);
    }
  }
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function allowed({ absolute, relative }: Limits): string {
  if (absolute === 0 && relative === 0) return "not at all, and no tolerance was given";
  return [absolute > 0 ? `${absolute}` : "", relative > 0 ? `${relative} of the larger` : ""]
    .filter(Boolean)
    .join(" or ");
}
