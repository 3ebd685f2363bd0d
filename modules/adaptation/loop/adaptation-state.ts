import { type Adaptable, InvalidArgumentError, type JsonValue } from "../../../core/index.ts";
import type { CusumBankState } from "../cusum-bank.ts";
import type { Attribution } from "./attribute.ts";
import type { AdaptationAlarm } from "./decision.ts";
import { FeatureWindow, type FeatureWindowState } from "./feature-window.ts";
import type { DecisionMemory, Phase, PhaseName, Standing } from "./phases.ts";
import type { TrackerState } from "./tracking/tracker-state.ts";
import type { NormalTables } from "./watch.ts";

/** What an `Adaptation` remembers: plain JSON. Options are not in it. */
export interface AdaptationState {
  readonly schemaVersion: 1;
  /** Taken so far. */
  readonly events: number;
  /** Time of the last one, nanoseconds since 1970, as a decimal number. */
  readonly timeNs: string;
  readonly memory: DecisionMemory;
  /** Null before the first reference. */
  readonly standing: StandingState | null;
  readonly phase: PhaseState;
  /** Sums of the watch; null before the first reference. */
  readonly watch: CusumBankState | null;
  /** Null where no conditions are tracked, and before the first reference. */
  readonly tracker: TrackerState | null;
  /** Last readings of slow control, of each tracked condition; null for those that have none. */
  readonly readings: readonly (number | null)[];
}

/** What holds: conditions, and what is expected and normal under them. */
export interface StandingState {
  readonly conditions: readonly number[];
  readonly expectation: JsonValue;
  readonly referenceEvents: number;
  readonly normal: NormalTables;
}

/** A phase with the events that it has gathered. */
export interface PhaseState {
  readonly name: PhaseName;
  readonly alarm?: AdaptationAlarm;
  readonly attribution?: Attribution;
  readonly size?: number;
  readonly window?: FeatureWindowState;
  readonly before?: StandingState;
}

export function standingState({ conditions, expectation, referenceEvents, normal }: Standing): StandingState {
  return { conditions: Array.from(conditions), expectation: expectation.toJSON(), referenceEvents, normal };
}

export function standingFrom(state: StandingState, twin: Adaptable): Standing {
  const { referenceEvents, normal } = state;
  const conditions = Float64Array.from(state.conditions);
  if (conditions.length !== twin.conditions.length) {
    throw new InvalidArgumentError(
      `The state has ${conditions.length} conditions, the twin ${twin.conditions.length}: it is of another twin.`,
    );
  }
  return { conditions, expectation: twin.restore(state.expectation), referenceEvents, normal };
}

export function phaseState(phase: Phase): PhaseState {
  if (phase.name === "watching") return phase;
  const window = phase.window.state();
  return phase.name === "settling" ? { ...phase, window, before: standingState(phase.before) } : { ...phase, window };
}

export function phaseFrom(state: PhaseState, twin: Adaptable): Phase {
  if (state.name === "watching") return { name: "watching" };
  const { window, before, ...rest } = state;
  if (!window) throw new InvalidArgumentError(`A loop that is ${state.name} has a window.`);
  // As phaseState wrote it.
  const phase = { ...rest, window: FeatureWindow.restore(window) } as Exclude<Phase, { name: "watching" }>;
  return phase.name === "settling" && before ? { ...phase, before: standingFrom(before, twin) } : phase;
}
