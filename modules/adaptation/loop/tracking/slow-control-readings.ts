import type { Features } from "../../../../core/index.ts";
import { sliceOf } from "../feature-window.ts";
import { readingOf, type Tracked, type TrackedCoefficient } from "./drift-model.ts";

/** Features of which missing slow control has its last value. */
export interface FilledFeatures {
  readonly features: Features;
  /** Of each event, `[event]`: the coefficients that are without slow control, as bits. */
  readonly missing: Uint8Array;
}

/** The last readings of slow control; they stand in where there is none. */
export class SlowControlReadings {
  readonly #coefficients: readonly (TrackedCoefficient | undefined)[];
  /** Null before the first. */
  #last: (number | null)[];

  /** @param coefficients - At most 8. */
  constructor(coefficients: readonly (TrackedCoefficient | undefined)[]) {
    this.#coefficients = coefficients;
    this.#last = coefficients.map(() => null);
  }

  fill(features: Features): FilledFeatures {
    const { count } = features;
    const missing = new Uint8Array(count);
    const columns = count === 0 ? 0 : features.values.length / count;
    let filled: Float64Array | undefined;
    this.#coefficients.forEach((coefficient, place) => {
      if (!coefficient) return;
      let last = this.#last[place] ?? null;
      for (let event = 0; event < count; event++) {
        const at = event * columns + coefficient.feature;
        const value = features.values[at] as number;
        if (!Number.isNaN(value)) {
          last = value;
          continue;
        }
        missing[event] = (missing[event] as number) | (1 << place);
        if (last === null) continue;
        filled ??= features.values.slice();
        filled[at] = last;
      }
      this.#last[place] = last;
    });
    return { features: filled ? { ...features, values: filled } : features, missing };
  }

  state(): readonly (number | null)[] {
    return [...this.#last];
  }

  restore(state: readonly (number | null)[]): void {
    this.#last = [...state];
  }
}

/** Events `from` to `to`, that one excluded; a view. */
export function sliceOfFilled({ features, missing }: FilledFeatures, from: number, to: number): FilledFeatures {
  return { features: sliceOf(features, from, to), missing: missing.subarray(from, to) };
}

/** Places of coefficients of which slow control is at this event somewhere that it cannot have come to since the one before. */
export function jumpsAt(
  features: Features,
  event: number,
  {
    tracked,
    last,
    lastNs,
  }: {
    readonly tracked: readonly Tracked[];
    /** Readings of the event before these, and its time. */
    readonly last: readonly number[];
    readonly lastNs: bigint;
  },
): readonly number[] {
  const columns = features.values.length / features.count;
  const jumps: number[] = [];
  tracked.forEach(({ slowControl }, place) => {
    if (!slowControl) return;
    const before = event === 0 ? (last[place] as number) : readingOf(features, (event - 1) * columns, slowControl);
    const beforeNs = event === 0 ? lastNs : (features.timesNs[event - 1] as bigint);
    const seconds = Math.max(0, Number((features.timesNs[event] as bigint) - beforeNs) / 1e9);
    const change = Math.abs(readingOf(features, event * columns, slowControl) - before);
    if (change > slowControl.mostPerSecond * seconds + slowControl.resolution) jumps.push(place);
  });
  return jumps;
}
