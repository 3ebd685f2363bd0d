import { type Adaptable, type CounterFaults, type Features, InvalidArgumentError } from "../../../core/index.ts";
import { CounterAdaptation, type CounterAdaptationState } from "../counters/counter-adaptation.ts";
import { Adaptation } from "../loop/adaptation.ts";
import type { AdaptationState } from "../loop/adaptation-state.ts";
import type { Decision } from "../loop/decision.ts";
import { sliceOf } from "../loop/feature-window.ts";
import type { AdaptationOptions } from "../loop/options.ts";

/** What both loops remember. */
export interface TwinLoopState {
  readonly conditions: AdaptationState;
  /** Null where the twin has no counters. */
  readonly counters: CounterAdaptationState | null;
}

/**
 * All that follows an instrument: the loop of its conditions and, where the twin has counters, theirs. A counter that is not what it was
 * moves features, too, so counters come first: when one is suspected, the other loop gives up what it was about to explain by a
 * condition, and learns anew what is normal, under the conditions of now, with the counter as it is.
 */
export class TwinLoop {
  readonly conditions: Adaptation;
  readonly counters: CounterAdaptation | undefined;

  constructor(twin: Adaptable, options: AdaptationOptions) {
    this.conditions = new Adaptation(twin, options);
    this.counters = twin.counters && new CounterAdaptation(twin.counters, this.conditions.settings);
  }

  /** Whether no window of features is gathered: the state is small then. That of counters always is. */
  get isWatching(): boolean {
    return this.conditions.phase === "watching";
  }

  get faults(): CounterFaults | undefined {
    return this.counters?.faults;
  }

  /** Takes the next events, in the order of their time. @throws as both do */
  async add(features: Features, options: { readonly signal?: AbortSignal | undefined }): Promise<readonly Decision[]> {
    if (!this.counters) return await this.conditions.add(features, options);
    const decisions: Decision[] = [];
    for (let from = 0; from < features.count; ) {
      // The same pieces, whatever the batches are.
      const to = Math.min(features.count, from + this.counters.due);
      const piece = sliceOfRows(features, from, to);
      decisions.push(...(await this.conditions.add(piece, options)));
      const found = this.counters.add(piece, this.conditions.conditions);
      if (found.some(({ kind }) => kind === "counters-alarmed" || kind === "counters-accepted"))
        this.conditions.renew();
      decisions.push(...found);
      from = to;
    }
    return decisions;
  }

  state(): TwinLoopState {
    return { conditions: this.conditions.state(), counters: this.counters?.state() ?? null };
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for what is no state of such loops. */
  restore({ conditions, counters }: TwinLoopState): void {
    if ((counters === null) !== (this.counters === undefined)) {
      throw new InvalidArgumentError(`The state is of a twin ${counters === null ? "without" : "with"} counters.`);
    }
    if (counters) this.counters?.restore(counters);
    this.conditions.restore(conditions);
  }
}

/** Events `from` to `to`, that one excluded, with their marks; a view. */
export function sliceOfRows(features: Features, from: number, to: number): Features {
  const { marks } = features;
  const offsets = marks?.offsets.subarray(from, to + 1);
  return { ...sliceOf(features, from, to), marks: marks && offsets && { offsets, counters: marks.counters } };
}
