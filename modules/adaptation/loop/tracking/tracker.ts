import type { Expectation, Features } from "../../../../core/index.ts";
import type { Comparison } from "../compare-conditions.ts";
import { FeatureWindow } from "../feature-window.ts";
import type { AdaptationSettings } from "../options.ts";
import type { Standing } from "../phases.ts";
import { blockEvidence, type DecidedMove, overdispersionOf, shiftsOf } from "./block-evidence.ts";
import { type BlockEvidence, DriftFilter } from "./drift-filter.ts";
import { readingOf, responseOf, type Tracked } from "./drift-model.ts";
import { PathProof } from "./path-proof.ts";
import { type FilledFeatures, jumpsAt } from "./slow-control-readings.ts";
import { MovingExpectation, TrackedPath } from "./tracked-path.ts";
import type { TrackedCondition, TrackerState } from "./tracker-state.ts";

/** So many blocks one after the other that are not as expected, and nobody who looks into it: conditions are elsewhere. */
const MOST_BEYOND = 8;
/** A coefficient is somewhere in its range before it is known: the standard deviation of a uniform distribution of width 1. */
const UNIFORM = 1 / Math.sqrt(12);

/**
 * Follows conditions that drift all the time, one block of events after the other. Each block is looked at under the
 * conditions that those before it tell, and then moves them: by its scores and information, as a Kalman filter does.
 *
 * A block that is far from what was expected moves nothing: something has happened to the instrument, and the loop finds out what.
 */
export class Tracker {
  readonly #tracked: readonly Tracked[];
  readonly #indices: readonly number[];
  readonly #settings: AdaptationSettings;
  readonly #filter: DriftFilter;
  readonly #path = new TrackedPath();
  #passedNs: bigint;
  #beganNs: bigint;
  #block = new FeatureWindow();
  #missing = 0;
  #values: Float64Array;
  #overdispersion = 1;
  #last: number[];
  #lastNs: bigint;
  #told: Float64Array;
  #toldNs: bigint;
  readonly #proof = new PathProof();
  #beyond: Pick<BlockEvidence, "at" | "score" | "information"> | undefined;
  #beyondCount = 0;
  #due: Comparison | undefined;
  #view: { standing: Standing; expectation: Expectation; conditions: Float64Array } | undefined;

  /** @param reference - The conditions of `standing` are those at its end. */
  constructor(
    tracked: readonly Tracked[],
    standing: Pick<Standing, "conditions">,
    reference: Features,
    settings: AdaptationSettings,
  ) {
    const timeNs = reference.timesNs.at(-1) ?? 0n;
    this.#tracked = tracked;
    this.#indices = tracked.map(({ index }) => index);
    this.#settings = settings;
    this.#values = Float64Array.from(tracked, ({ index }) => standing.conditions[index] as number);
    const errors = tracked.map(({ slowControl, max, min, walk }) => (slowControl ? UNIFORM * (max - min) : walk));
    this.#filter = new DriftFilter(tracked, this.#values, errors);
    this.#told = this.#values.slice();
    this.#last = tracked.map(() => 0);
    this.#read(reference);
    this.#passedNs = timeNs;
    this.#beganNs = timeNs;
    this.#lastNs = timeNs;
    this.#toldNs = timeNs;
    this.#path.push({ fromNs: timeNs, values: this.#values });
  }

  /** Conditions of now, and what is expected around them. */
  view(standing: Standing): { readonly expectation: Expectation; readonly conditions: Float64Array } {
    if (this.#view?.standing !== standing) {
      const conditions = this.#with(standing, this.#values);
      const expectation = standing.expectation.around?.(conditions) ?? standing.expectation;
      this.#view = { standing, expectation, conditions };
    }
    return this.#view;
  }

  /** What is expected of the events of a window, while conditions moved. */
  moving({ expectation, conditions }: Pick<Standing, "expectation" | "conditions">): MovingExpectation {
    return new MovingExpectation({ expectation, path: this.#path, tracked: this.#tracked, anchor: conditions });
  }

  /** Conditions that stand for those of a window. */
  mean({ conditions }: Standing, window: Features): Float64Array {
    return this.#with({ conditions }, this.#path.mean(window) ?? this.#values);
  }

  get now(): readonly TrackedCondition[] {
    return this.#tracked.map(({ index, name }, place) => {
      const [value, error] = [this.#values[place] as number, this.#filter.error(place)];
      const found = responseOf(place, { tracked: this.#tracked, values: this.#values, readings: this.#last });
      const response = found && { value: found.value, error: this.#filter.errorOf(found.factors) };
      return { index, condition: name, value, error, ...(response && { response }) };
    });
  }

  /**
   * How many of the next events are looked at under the conditions of {@link view}: it begins a new block where the last one is over.
   *
   * @param isWatching - Whether nobody looks into what is not as expected.
   */
  next({ features }: FilledFeatures, standing: Standing, isWatching: boolean): number {
    this.#due = undefined;
    const jumps = this.#jumps(features, 0);
    const first = features.timesNs[0] as bigint;
    if (this.#block.count > 0 && (this.#isOver(first) || jumps.length > 0)) this.#close(standing, isWatching);
    if (this.#block.count === 0) {
      this.#begin(features, jumps);
      // Windows begin later.
      if (isWatching) this.#path.forget();
      this.#due = this.#better();
    }
    const most = Math.min(features.count, this.#settings.trackBlockEvents - this.#block.count);
    let count = 1;
    while (
      count < most &&
      !this.#isLater(features.timesNs[count] as bigint) &&
      this.#jumps(features, count).length === 0
    )
      count++;
    return count;
  }

  /** Takes events of the block. */
  take({ features, missing }: FilledFeatures): void {
    if (features.count === 0) return;
    this.#block.append(features);
    for (const bits of missing) this.#missing |= bits;
    this.#read(features);
    this.#lastNs = features.timesNs[features.count - 1] as bigint;
  }

  /**
   * It was decided that conditions were others all along since a change. Tracked ones had moved to explain what they could of it;
   * they go back.
   */
  move(decided: DecidedMove): void {
    const { before, after } = decided;
    const levels = this.#tracked.filter(({ index, slowControl }) => !slowControl || after[index] !== before[index]);
    for (const { index, by, error } of shiftsOf(
      decided,
      levels.map((level) => level.index),
    )) {
      const place = this.#tracked.findIndex((tracked) => tracked.index === index);
      this.#filter.move(place, by, error);
      this.#path.move(place, by, this.#tracked[place] as Tracked);
    }
    this.#beyond = undefined;
    this.#beyondCount = 0;
    this.#view = undefined;
  }

  /** A new reference: what is expected is known anew. */
  refer(expectation: Expectation, reference: Features, conditions: Float64Array): void {
    this.#overdispersion = overdispersionOf(reference, { expectation, conditions, indices: this.#indices });
    this.#proof.reset();
    this.#beyond = undefined;
    this.#beyondCount = 0;
    this.#view = undefined;
  }

  /** Nobody looks any longer into blocks that were not as expected: if there are still, conditions are where those say. */
  release(): void {
    const beyond = this.#beyond;
    if (!beyond) return;
    const n = this.#tracked.length;
    this.#tracked.forEach(({ slowControl }, place) => {
      const information = beyond.information[place * n + place] as number;
      if (!slowControl && information > 0)
        this.#filter.widen(place, (2 * (beyond.score[place] as number)) / information);
    });
    this.#filter.observe(
      { ...beyond, held: this.#tracked.map(({ slowControl }) => slowControl !== undefined) },
      Number.POSITIVE_INFINITY,
    );
    this.#beyond = undefined;
    this.#beyondCount = 0;
  }

  /**
   * After the block began: why its conditions are to be told, if they are. They are worth it, and describe the events since the last
   * were told better than those.
   */
  get due(): Comparison | undefined {
    return this.#due;
  }

  /** With what was told of tracked conditions. */
  told(standing: Standing): Float64Array {
    return this.#with(standing, this.#told);
  }

  #better(): Comparison | undefined {
    const { trackIntervalS, betterSigmas } = this.#settings;
    const isWorth = this.#tracked.some(
      ({ worth }, i) => Math.abs((this.#values[i] as number) - (this.#told[i] as number)) >= worth,
    );
    const isSoon = Number(this.#lastNs - this.#toldNs) < trackIntervalS * 1e9;
    return isWorth && !isSoon ? this.#proof.better(betterSigmas) : undefined;
  }

  /** The conditions of now were told. */
  tell(): void {
    this.#told = this.#values.slice();
    this.#toldNs = this.#lastNs;
    this.#proof.reset();
  }

  state(): TrackerState {
    const { at, score, information } = this.#beyond ?? {};
    return {
      filter: this.#filter.state(),
      passedNs: String(this.#passedNs),
      beganNs: String(this.#beganNs),
      block: this.#block.state(),
      missing: this.#missing,
      path: this.#path.state(),
      overdispersion: this.#overdispersion,
      last: [...this.#last],
      lastNs: String(this.#lastNs),
      told: Array.from(this.#told),
      toldNs: String(this.#toldNs),
      differences: this.#proof.state(),
      beyond:
        at && score && information
          ? { at: Array.from(at), score: Array.from(score), information: Array.from(information) }
          : null,
      beyondCount: this.#beyondCount,
    };
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for a state of other conditions. */
  restore(state: TrackerState): void {
    this.#filter.restore(state.filter);
    this.#passedNs = BigInt(state.passedNs);
    this.#beganNs = BigInt(state.beganNs);
    this.#block = FeatureWindow.restore(state.block);
    this.#missing = state.missing;
    this.#path.restore(state.path);
    this.#values = this.#path.last;
    this.#overdispersion = state.overdispersion;
    this.#last = [...state.last];
    this.#lastNs = BigInt(state.lastNs);
    this.#told = Float64Array.from(state.told);
    this.#toldNs = BigInt(state.toldNs);
    this.#proof.restore(state.differences);
    const { beyond } = state;
    this.#beyond = beyond
      ? {
          at: Float64Array.from(beyond.at),
          score: Float64Array.from(beyond.score),
          information: Float64Array.from(beyond.information),
        }
      : undefined;
    this.#beyondCount = state.beyondCount;
    this.#view = undefined;
  }

  /** Slow control of the last event. */
  #read({ count, values }: Features): void {
    if (count === 0) return;
    this.#tracked.forEach(({ slowControl }, place) => {
      if (slowControl) this.#last[place] = readingOf({ values }, (count - 1) * (values.length / count), slowControl);
    });
  }

  #isOver(timeNs: bigint): boolean {
    return this.#block.count >= this.#settings.trackBlockEvents || this.#isLater(timeNs);
  }

  #isLater(timeNs: bigint): boolean {
    return Number(timeNs - this.#beganNs) >= this.#settings.trackBlockS * 1e9;
  }

  #jumps(features: Features, event: number): readonly number[] {
    return jumpsAt(features, event, { tracked: this.#tracked, last: this.#last, lastNs: this.#lastNs });
  }

  #begin(features: Features, jumps: readonly number[]): void {
    const first = features.timesNs[0] as bigint;
    this.#pass(first);
    for (const place of jumps) {
      const { slowControl } = this.#tracked[place] as Tracked;
      if (slowControl) this.#filter.handOver(place, this.#last[place] as number, readingOf(features, 0, slowControl));
    }
    this.#beganNs = first;
    this.#missing = 0;
    this.#values = this.#filter.values;
    this.#path.push({ fromNs: first, values: this.#values });
    this.#view = undefined;
  }

  /** The block is over: it moves the conditions. */
  #close(standing: Standing, isWatching: boolean): void {
    const block = this.#block;
    const { expectation, conditions } = this.view(standing);
    const told = expectation.deviance(block, this.#with(standing, this.#told));
    this.#proof.add(told, expectation.deviance(block, conditions));
    const [indices, overdispersion] = [this.#indices, this.#overdispersion];
    const evidence = blockEvidence(block, { expectation, conditions, indices, overdispersion });
    const held = this.#tracked.map((_, place) => this.#isMissing(place));
    let sum = 0;
    for (const timeNs of block.timesNs) sum += Number(timeNs - this.#beganNs);
    this.#pass(this.#beganNs + BigInt(Math.round(sum / block.count)));
    if (this.#filter.observe({ ...evidence, held }, this.#settings.trackSigmas)) {
      this.#beyond = undefined;
      this.#beyondCount = 0;
    } else {
      this.#beyond = evidence;
      this.#beyondCount++;
      if (isWatching && this.#beyondCount >= MOST_BEYOND) this.release();
    }
    this.#block = new FeatureWindow();
  }

  #pass(timeNs: bigint): void {
    if (timeNs <= this.#passedNs) return;
    this.#filter.pass(Number(timeNs - this.#passedNs) / 1e9, (place) => this.#isMissing(place));
    this.#passedNs = timeNs;
  }

  /** Whether events of the block are without slow control of a coefficient. */
  #isMissing(place: number): boolean {
    return (this.#missing & (1 << place)) !== 0;
  }

  #with({ conditions }: Pick<Standing, "conditions">, values: Float64Array): Float64Array {
    const all = conditions.slice();
    this.#tracked.forEach(({ index }, place) => {
      all[index] = values[place] as number;
    });
    return all;
  }
}
