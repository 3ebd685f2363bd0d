import { type Adaptable, type Features, InvalidArgumentError } from "../../../core/index.ts";
import type { AdaptationState } from "./adaptation-state.ts";
import { phaseFrom, phaseState, standingFrom, standingState } from "./adaptation-state.ts";
import type { Comparison } from "./compare-conditions.ts";
import type { Decision } from "./decision.ts";
import { FeatureWindow, sliceOf } from "./feature-window.ts";
import { type AdaptationOptions, type AdaptationSettings, adaptationSettings } from "./options.ts";
import {
  afterAlarm,
  afterEstimating,
  afterProving,
  afterSettlingBlock,
  type DecisionMemory,
  type Phase,
  type PhaseName,
  type Settling,
  type Situation,
  type Standing,
  type Step,
  settlingEvents,
} from "./phases.ts";
import { type FilledFeatures, sliceOfFilled } from "./tracking/slow-control-readings.ts";
import { Tracker } from "./tracking/tracker.ts";
import type { TrackedCondition } from "./tracking/tracker-state.ts";
import { Tracking } from "./tracking/tracking.ts";
import { type NearestAlarm, type NormalTables, normalOf, Watch } from "./watch.ts";

/**
 * The loop that lets a twin follow its instrument: it watches what events say of the twin's conditions; after an alarm finds the cause
 * on events after it; proves new conditions on other events; takes them back if they are worse afterwards; and asks for
 * retraining where nothing that may be adapted explains the change.
 *
 * A pure function of the features in order: no clock, no random numbers; in whatever batches, and across `state` and
 * `restore`, decisions are the same bit for bit. It decides and applies nothing: apply the conditions of `accepted`,
 * `rolled-back` and `tracked`; or, where some are tracked, `conditions` as often as you like. Memory: three windows, or the reference if that is more.
 *
 * @example
 * const loop = new Adaptation(twin);
 * for (const decision of await loop.add(twin.features(events))) {
 *   if (decision.kind === "accepted") await twin.apply(Float64Array.from(decision.after));
 * }
 */
export class Adaptation {
  readonly settings: AdaptationSettings;
  readonly #twin: Adaptable;
  readonly #initial: Float64Array;
  readonly #tracking: Tracking;
  #events = 0;
  #timeNs = 0n;
  #phase: Phase = { name: "referring", window: new FeatureWindow() };
  #memory: DecisionMemory = { acceptedNs: null, refused: [] };
  #standing: Standing | undefined;
  /** Of what is normal now; made anew with it. */
  #watch: Watch | undefined;
  /** From the first reference on, where conditions are tracked. */
  #tracker: Tracker | undefined;
  #isBusy: boolean = false;

  /**
   * @param twin - Its `current` conditions are right for the first events; nothing of it is changed.
   * @throws `TWIN_INVALID_ARGUMENT` for options out of range, all of them named, and conditions that cannot be tracked.
   */
  constructor(twin: Adaptable, options: AdaptationOptions = {}) {
    this.settings = adaptationSettings(options);
    this.#twin = twin;
    this.#initial = twin.current;
    this.#tracking = new Tracking(twin, this.settings.track);
  }

  /** Taken so far. */
  get events(): number {
    return this.#events;
  }

  /** What it does with the next event. */
  get phase(): PhaseName {
    return this.#phase.name;
  }

  /** Those that it holds for right, in the order of the twin; tracked ones move without a decision. A copy. */
  get conditions(): Float64Array {
    const standing = this.#standing;
    return ((standing && this.#tracker?.view(standing).conditions) ?? standing?.conditions ?? this.#initial).slice();
  }

  /** Conditions that are tracked, with their errors; none before the first reference. */
  get tracked(): readonly TrackedCondition[] {
    return this.#tracker?.now ?? [];
  }

  /** How near it is to an alarm; nothing while it does not watch. */
  get nearest(): NearestAlarm | undefined {
    return this.phase === "watching" ? this.#watch?.nearest(this.#twin) : undefined;
  }

  /**
   * Takes the next events, in the order of their time.
   *
   * @param options - The signal is looked at before a reference is made; what was taken before stays taken: restore an earlier
   *   state, or give the loop up.
   * @returns What was decided on the way, mostly nothing.
   * @throws `TWIN_INVALID_ARGUMENT` while another call has not ended, for events of another number of features, or from the
   *   twin; the signal's reason.
   */
  async add(
    features: Features,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<readonly Decision[]> {
    if (this.#isBusy) {
      throw new InvalidArgumentError("Events come one batch after the other: await the last `add` first.");
    }
    this.#isBusy = true;
    try {
      const decisions: Decision[] = [];
      const filled = this.#tracking.readings.fill(features);
      for (let from = 0; from < features.count; ) {
        const rest = sliceOfFilled(filled, from, features.count);
        from +=
          this.#phase.name === "watching" ? this.#look(rest, decisions) : await this.#gather(rest, decisions, signal);
      }
      return decisions;
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * Something has changed that no condition is about, and is dealt with elsewhere: the loop gives up what it is doing, and the next
   * events are a new reference, under the conditions of now. What was accepted last is not taken back any more.
   *
   * @throws `TWIN_INVALID_ARGUMENT` while a call of `add` has not ended.
   */
  renew(): void {
    if (this.#isBusy)
      throw new InvalidArgumentError("A loop begins anew between two batches: await the last `add` first.");
    this.#tracker?.release();
    this.#phase = { name: "referring", window: new FeatureWindow() };
  }

  /** Plain JSON, from which a loop of the same twin with the same options goes on bit for bit. */
  state(): AdaptationState {
    return {
      schemaVersion: 1,
      events: this.#events,
      timeNs: String(this.#timeNs),
      memory: this.#memory,
      standing: this.#standing ? standingState(this.#standing) : null,
      phase: phaseState(this.#phase),
      watch: this.#watch?.state() ?? null,
      tracker: this.#tracker?.state() ?? null,
      readings: this.#tracking.readings.state(),
    };
  }

  /**
   * @throws `TWIN_INVALID_ARGUMENT` for what is no state of such a loop; nothing has changed then.
   */
  restore(state: AdaptationState): void {
    if (state.schemaVersion !== 1) {
      throw new InvalidArgumentError("This is no state of an adaptation of version 1. Restore what state() gave.");
    }
    const standing = state.standing ? standingFrom(state.standing, this.#twin) : undefined;
    const phase = phaseFrom(state.phase, this.#twin);
    const watch = standing && new Watch(standing.normal, this.settings);
    if (watch && state.watch) watch.restore(state.watch);
    if ((state.tracker !== null) !== (standing !== undefined && this.#tracking.tracked.length > 0)) {
      throw new InvalidArgumentError(
        "The state tracks other conditions. Restore it with the options that it was made with.",
      );
    }
    const tracker = state.tracker && standing ? this.#trackerFrom(standing) : undefined;
    if (tracker && state.tracker) tracker.restore(state.tracker);
    this.#tracking.readings.restore(state.readings);
    this.#events = state.events;
    this.#timeNs = BigInt(state.timeNs);
    this.#memory = state.memory;
    this.#standing = standing;
    this.#phase = phase;
    this.#watch = watch;
    this.#tracker = tracker;
  }

  /** Watches events up to an alarm; how many. */
  #look(rest: FilledFeatures, decisions: Decision[]): number {
    const [watch, standing, tracker] = [this.#watch as Watch, this.#standing as Standing, this.#tracker];
    const count = tracker?.next(rest, standing, true) ?? rest.features.count;
    if (tracker?.due) this.#tell(tracker, tracker.due, decisions);
    const { expectation, conditions } = tracker?.view(standing) ?? standing;
    const { features } = sliceOfFilled(rest, 0, count);
    const { taken, alarm } = watch.take(features, { twin: this.#twin, expectation, conditions, first: this.#events });
    tracker?.take(sliceOfFilled(rest, 0, taken));
    this.#count(features, taken);
    if (!alarm) return taken;
    // What is found moves from where tracked conditions are.
    this.#standing = { ...standing, conditions };
    this.#take(afterAlarm(alarm, this.settings), decisions);
    return taken;
  }

  #tell(tracker: Tracker, comparison: Comparison, decisions: Decision[]): void {
    const standing = this.#standing as Standing;
    const before = Array.from(tracker.told(standing));
    tracker.tell();
    const [after, tracked] = [Array.from(tracker.told(standing)), tracker.now];
    const at = { events: this.#events, timeNs: String(this.#timeNs), before, after };
    decisions.push({ ...at, kind: "tracked", tracked, comparison });
  }

  /** Adds events to the window of the phase, up to what it waits for; how many. */
  async #gather(rest: FilledFeatures, decisions: Decision[], signal: AbortSignal | undefined): Promise<number> {
    const phase = this.#phase as Exclude<Phase, { name: "watching" }>;
    const due = this.#due(phase);
    const taken = Math.min(rest.features.count, due - phase.window.count);
    const part = sliceOfFilled(rest, 0, taken);
    phase.window.append(part.features);
    this.#follow(part);
    this.#count(part.features, taken);
    if (phase.window.count < due) return taken;
    if (phase.name === "referring") await this.#refer(phase.window, decisions, signal);
    else if (phase.name === "estimating") this.#take(afterEstimating(phase, this.#situation()), decisions);
    else if (phase.name === "proving") this.#take(afterProving(phase, this.#situation()), decisions);
    else await this.#settle(phase, decisions, signal);
    return taken;
  }

  /** Tracks conditions while nothing is watched. */
  #follow(part: FilledFeatures): void {
    if (!this.#tracker) return;
    for (let from = 0; from < part.features.count; ) {
      const rest = sliceOfFilled(part, from, part.features.count);
      const count = this.#tracker.next(rest, this.#standing as Standing, false);
      this.#tracker.take(sliceOfFilled(rest, 0, count));
      from += count;
    }
  }

  /** Events in the window of the phase when there is something to decide. */
  #due(phase: Exclude<Phase, { name: "watching" }>): number {
    switch (phase.name) {
      case "referring":
        return this.settings.referenceEvents;
      case "estimating":
        return phase.size;
      case "proving":
        return 2 * phase.size;
      case "settling":
        return (Math.floor(phase.window.count / phase.size) + 1) * phase.size;
    }
  }

  async #settle(phase: Settling, decisions: Decision[], signal: AbortSignal | undefined): Promise<void> {
    const step = afterSettlingBlock(phase, this.#situation());
    if (step) this.#take(step, decisions);
    else if (phase.window.count >= settlingEvents(phase, this.settings))
      await this.#refer(phase.window, decisions, signal);
  }

  async #refer(window: FeatureWindow, decisions: Decision[], signal: AbortSignal | undefined): Promise<void> {
    const before = this.#standing;
    const conditions = (before && this.#tracker?.mean(before, window)) ?? this.conditions;
    const expectation = await this.#twin.expect(window, conditions, { signal });
    const moving = this.#tracker?.moving({ expectation, conditions }) ?? expectation;
    const normal = this.#watchable(normalOf(moving, window, conditions));
    const blind = this.#twin.conditions.filter((_, index) => !normal.watched.includes(index)).map(({ name }) => name);
    const standing = { conditions, expectation, referenceEvents: window.count, normal };
    if (this.#tracking.tracked.length > 0) {
      this.#tracker ??= this.#trackerFrom(standing, window);
      this.#tracker.refer(moving, window, conditions);
    }
    this.#take({ decision: { kind: "referred", blind }, phase: { name: "watching" }, standing }, decisions);
  }

  #trackerFrom(standing: Standing, reference: Features = new FeatureWindow()): Tracker {
    return new Tracker(this.#tracking.tracked, standing, reference, this.settings);
  }

  /** Without tracked coefficients: their scores grow with slow control, and are normal at that of the reference only. */
  #watchable(normal: NormalTables): NormalTables {
    const left = this.#tracking.tracked.filter(({ slowControl }) => slowControl).map(({ index }) => index);
    const isWatched = (_: unknown, place: number): boolean => !left.includes(normal.watched[place] as number);
    return { ...normal, watched: normal.watched.filter(isWatched), tables: normal.tables.filter(isWatched) };
  }

  #take({ decision, phase, standing, memory }: Step, decisions: Decision[]): void {
    const before = Array.from(this.#told());
    const { conditions: from } = this.#standing ?? {};
    const events = this.#phase.name === "watching" ? undefined : this.#phase.window;
    if (standing && phase.name === "watching") this.#watch = new Watch(standing.normal, this.settings);
    this.#standing = standing ?? this.#standing;
    this.#memory = memory ?? this.#memory;
    this.#phase = phase;
    if (phase.name === "watching") this.#watch?.reset();
    if (decision.kind === "dismissed" || decision.kind === "refused") this.#tracker?.release();
    const isMoved = decision.kind === "accepted" || decision.kind === "rolled-back";
    if (isMoved && this.#tracker && from && standing && events) {
      const { conditions } = standing;
      const moved = decision.attribution.best?.moved ?? [];
      const errors = new Map(moved.map(({ index, error }) => [index, error ?? 0]));
      // The last events alone: how scores go together is known well enough from a window.
      const last = sliceOf(events, Math.max(0, events.count - decision.attribution.events), events.count);
      const information = this.#tracker.moving(standing).information(last, conditions);
      this.#tracker.move({ before: from, after: conditions, errors, information });
      this.#tracker.tell();
    }
    const after = Array.from(this.#told());
    decisions.push({ events: this.#events, timeNs: String(this.#timeNs), before, after, ...decision });
  }

  /** Conditions as of the last decision. */
  #told(): Float64Array {
    return (this.#standing && this.#tracker?.told(this.#standing)) ?? this.conditions;
  }

  #situation(): Situation {
    const [twin, settings, memory, standing] = [this.#twin, this.settings, this.#memory, this.#standing as Standing];
    const expectation = this.#tracker?.moving(standing) ?? standing.expectation;
    return { twin, settings, memory, standing, expectation, events: this.#events, timeNs: this.#timeNs };
  }

  #count({ timesNs }: Features, taken: number): void {
    this.#events += taken;
    this.#timeNs = timesNs[taken - 1] ?? this.#timeNs;
  }
}
