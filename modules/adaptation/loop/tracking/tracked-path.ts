import type { Expectation, Features, JsonValue } from "../../../../core/index.ts";
import { sliceOf } from "../feature-window.ts";
import type { Tracked } from "./drift-model.ts";

/** Tracked conditions from a time on. */
export interface PathStep {
  readonly fromNs: bigint;
  /** `[tracked]`. */
  readonly values: Float64Array;
}

/** How tracked conditions moved, as plain JSON. */
export type TrackedPathState = readonly { readonly fromNs: string; readonly values: readonly number[] }[];

/** How tracked conditions moved. */
export class TrackedPath {
  #steps: PathStep[] = [];

  push(step: PathStep): void {
    this.#steps.push(step);
  }

  get last(): Float64Array {
    return this.#steps.at(-1)?.values ?? new Float64Array(0);
  }

  /** Forgets all but the last step. */
  forget(): void {
    this.#steps.splice(0, this.#steps.length - 1);
  }

  /** As if one of them had been off by so much all the time, within its bounds. */
  move(place: number, by: number, { min, max }: Pick<Tracked, "min" | "max">): void {
    for (const { values } of this.#steps) values[place] = Math.max(min, Math.min(max, (values[place] as number) + by));
  }

  /** Mean over events. */
  mean(features: Features): Float64Array | undefined {
    const sums = this.#steps[0]?.values.map(() => 0);
    for (const { count, step } of this.parts(features)) {
      step?.values.forEach((value, i) => {
        if (sums) sums[i] = (sums[i] as number) + count * value;
      });
    }
    return sums?.map((sum) => sum / features.count);
  }

  /** Runs of events that were under the same conditions. */
  *parts(features: Features): Generator<{ from: number; count: number; step: PathStep | undefined }, void, undefined> {
    const { timesNs, count } = features;
    for (let from = 0, place = 0; from < count; ) {
      while (this.#steps[place + 1] && (this.#steps[place + 1] as PathStep).fromNs <= (timesNs[from] as bigint))
        place++;
      const next = this.#steps[place + 1]?.fromNs;
      let to = from + 1;
      while (to < count && (next === undefined || (timesNs[to] as bigint) < next)) to++;
      yield { from, count: to - from, step: this.#steps[place] };
      from = to;
    }
  }

  state(): TrackedPathState {
    return this.#steps.map(({ fromNs, values }) => ({ fromNs: String(fromNs), values: Array.from(values) }));
  }

  restore(state: TrackedPathState): void {
    this.#steps = state.map(({ fromNs, values }) => ({
      fromNs: BigInt(fromNs),
      values: Float64Array.from(values),
    }));
  }
}

/** What a twin expects of events while conditions move. */
interface Moving {
  readonly expectation: Expectation;
  readonly path: TrackedPath;
  readonly tracked: readonly Tracked[];
  /** Conditions that stand for the path: those asked about move along it as these do. */
  readonly anchor: Float64Array;
}

/**
 * An expectation that moves: asked about other conditions than those tracked, what it says of an event is of its time. With it, whoever
 * thinks that conditions are the same for all events of a window is right.
 */
export class MovingExpectation implements Expectation {
  readonly #moving: Moving;
  /** Of how the spread is, if not that along the path. */
  readonly #around: Float64Array;
  readonly #expectations = new Map<PathStep | undefined, Expectation>();

  constructor(moving: Moving, around: Float64Array = moving.anchor) {
    this.#moving = moving;
    this.#around = around;
  }

  scores(features: Features, conditions: Float64Array): Float64Array {
    const scores = new Float64Array(features.count * conditions.length);
    this.#forEach(features, conditions, (part, expectation, place, from) =>
      scores.set(expectation.scores(part, place), from * conditions.length),
    );
    return scores;
  }

  information(features: Features, conditions: Float64Array): Float64Array {
    const information = new Float64Array(conditions.length ** 2);
    this.#forEach(features, conditions, (part, expectation, place) => {
      expectation.information(part, place).forEach((value, at) => {
        information[at] = (information[at] as number) + value;
      });
    });
    return information;
  }

  deviance(features: Features, conditions: Float64Array): Float64Array {
    const deviance = new Float64Array(features.count);
    this.#forEach(features, conditions, (part, expectation, place, from) =>
      deviance.set(expectation.deviance(part, place), from),
    );
    return deviance;
  }

  around(conditions: Float64Array): MovingExpectation {
    return new MovingExpectation(this.#moving, conditions);
  }

  toJSON(): JsonValue {
    return this.#moving.expectation.toJSON();
  }

  #forEach(
    features: Features,
    conditions: Float64Array,
    visit: (part: Features, expectation: Expectation, conditions: Float64Array, from: number) => void,
  ): void {
    for (const { from, count, step } of this.#moving.path.parts(features)) {
      const part = sliceOf(features, from, from + count);
      visit(part, this.#expectationOf(step), this.#moved(conditions, step, false), from);
    }
  }

  #expectationOf(step: PathStep | undefined): Expectation {
    const { expectation } = this.#moving;
    let around = this.#expectations.get(step);
    if (!around) {
      around = expectation.around?.(this.#moved(this.#around, step, true)) ?? expectation;
      this.#expectations.set(step, around);
    }
    return around;
  }

  #moved(conditions: Float64Array, step: PathStep | undefined, isBounded: boolean): Float64Array {
    const { tracked, anchor } = this.#moving;
    const moved = conditions.slice();
    tracked.forEach(({ index, min, max }, i) => {
      const by = step ? (step.values[i] as number) - (anchor[index] as number) : 0;
      const value = (moved[index] as number) + by;
      moved[index] = isBounded ? Math.max(min, Math.min(max, value)) : value;
    });
    return moved;
  }
}
