import { type Adaptable, type Features, InvalidArgumentError } from "../../../core/index.ts";
import type { AdaptationState } from "./adaptation-state.ts";
import { phaseFrom, phaseState, standingFrom, standingState } from "./adaptation-state.ts";
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
import { normalOf, Watch } from "./watch.ts";

/**
 * The loop that lets a twin follow its instrument: it watches what events say of the twin's conditions; after an alarm finds the cause
 * on events after it; proves new conditions on other events; takes them back if they are worse afterwards; and asks for
 * retraining where nothing that may be adapted explains the change.
 *
 * A pure function of the features in order: no clock, no random numbers; in whatever batches, and across `state` and
 * `restore`, decisions are the same bit for bit. It decides and applies nothing: apply the conditions of `accepted` and
 * `rolled-back`. Memory: three windows, or the reference if that is more.
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
  #events = 0;
  #timeNs = 0n;
  #phase: Phase = { name: "referring", window: new FeatureWindow() };
  #memory: DecisionMemory = { acceptedNs: null, refused: [] };
  #standing: Standing | undefined;
  /** Of what is normal now; made anew with it. */
  #watch: Watch | undefined;
  #isBusy: boolean = false;

  /**
   * @param twin - Its `current` conditions are right for the first events; nothing of it is changed.
   * @throws `TWIN_INVALID_ARGUMENT` for options out of range, all of them named.
   */
  constructor(twin: Adaptable, options: AdaptationOptions = {}) {
    this.settings = adaptationSettings(options);
    this.#twin = twin;
    this.#initial = twin.current;
  }

  /** Taken so far. */
  get events(): number {
    return this.#events;
  }

  /** What it does with the next event. */
  get phase(): PhaseName {
    return this.#phase.name;
  }

  /** Those that it holds for right, in the order of the twin. A copy. */
  get conditions(): Float64Array {
    return (this.#standing?.conditions ?? this.#initial).slice();
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
      for (let from = 0; from < features.count; ) {
        const rest = sliceOf(features, from, features.count);
        from +=
          this.#phase.name === "watching" ? this.#look(rest, decisions) : await this.#gather(rest, decisions, signal);
      }
      return decisions;
    } finally {
      this.#isBusy = false;
    }
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
    this.#events = state.events;
    this.#timeNs = BigInt(state.timeNs);
    this.#memory = state.memory;
    this.#standing = standing;
    this.#phase = phase;
    this.#watch = watch;
  }

  /** Watches events up to an alarm; how many. */
  #look(features: Features, decisions: Decision[]): number {
    const [watch, { expectation, conditions }] = [this.#watch as Watch, this.#standing as Standing];
    const { taken, alarm } = watch.take(features, { twin: this.#twin, expectation, conditions, first: this.#events });
    this.#count(features, taken);
    if (alarm) this.#take(afterAlarm(alarm, this.settings), decisions);
    return taken;
  }

  /** Adds events to the window of the phase, up to what it waits for; how many. */
  async #gather(features: Features, decisions: Decision[], signal: AbortSignal | undefined): Promise<number> {
    const phase = this.#phase as Exclude<Phase, { name: "watching" }>;
    const due = this.#due(phase);
    const taken = Math.min(features.count, due - phase.window.count);
    phase.window.append(sliceOf(features, 0, taken));
    this.#count(features, taken);
    if (phase.window.count < due) return taken;
    if (phase.name === "referring") await this.#refer(phase.window, decisions, signal);
    else if (phase.name === "estimating") this.#take(afterEstimating(phase, this.#situation()), decisions);
    else if (phase.name === "proving") this.#take(afterProving(phase, this.#situation()), decisions);
    else await this.#settle(phase, decisions, signal);
    return taken;
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
    const { conditions } = this;
    const expectation = await this.#twin.expect(window, conditions, { signal });
    const normal = normalOf(expectation, window, conditions);
    const blind = this.#twin.conditions.filter((_, index) => !normal.watched.includes(index)).map(({ name }) => name);
    const standing = { conditions, expectation, referenceEvents: window.count, normal };
    this.#take({ decision: { kind: "referred", blind }, phase: { name: "watching" }, standing }, decisions);
  }

  #take({ decision, phase, standing, memory }: Step, decisions: Decision[]): void {
    const before = Array.from(this.conditions);
    if (standing && phase.name === "watching") this.#watch = new Watch(standing.normal, this.settings);
    this.#standing = standing ?? this.#standing;
    this.#memory = memory ?? this.#memory;
    this.#phase = phase;
    if (phase.name === "watching") this.#watch?.reset();
    const after = Array.from(this.conditions);
    decisions.push({ events: this.#events, timeNs: String(this.#timeNs), before, after, ...decision });
  }

  #situation(): Situation {
    const [twin, settings, memory] = [this.#twin, this.settings, this.#memory];
    return { twin, settings, memory, standing: this.#standing as Standing, events: this.#events, timeNs: this.#timeNs };
  }

  #count({ timesNs }: Features, taken: number): void {
    this.#events += taken;
    this.#timeNs = timesNs[taken - 1] ?? this.#timeNs;
  }
}
