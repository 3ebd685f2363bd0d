import type { Adaptable, Expectation } from "../../../core/index.ts";
import { type Attribution, attribute } from "./attribute.ts";
import { compareConditions } from "./compare-conditions.ts";
import type { AdaptationAlarm, Decision, DecisionBase } from "./decision.ts";
import { FeatureWindow, sliceOf } from "./feature-window.ts";
import type { AdaptationSettings } from "./options.ts";
import type { NormalTables } from "./watch.ts";

/** What the loop does with the next event. */
export type PhaseName = "referring" | "watching" | "estimating" | "proving" | "settling";

/** A phase, with the events that it has gathered. */
export type Phase = Referring | Watching | Estimating | Proving | Settling;

/** Gathers a reference. */
interface Referring {
  readonly name: "referring";
  readonly window: FeatureWindow;
}

interface Watching {
  readonly name: "watching";
}

/** Gathers window A: events after the alarm, since those that raised it are the luckiest ones. */
export interface Estimating {
  readonly name: "estimating";
  readonly alarm: AdaptationAlarm;
  readonly size: number;
  readonly window: FeatureWindow;
}

/** Gathers window B, behind window A. */
export interface Proving {
  readonly name: "proving";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
  /** Of either window. */
  readonly size: number;
  /** Both windows. */
  readonly window: FeatureWindow;
}

/** Gathers windows C, behind A and B: each may take the acceptance back; together they are the new reference. */
export interface Settling {
  readonly name: "settling";
  readonly alarm: AdaptationAlarm;
  readonly attribution: Attribution;
  readonly size: number;
  readonly window: FeatureWindow;
  readonly before: Standing;
}

/** What holds now: the conditions, and what is expected and normal under them. */
export interface Standing {
  readonly conditions: Float64Array;
  readonly expectation: Expectation;
  /** Events of the reference. */
  readonly referenceEvents: number;
  readonly normal: NormalTables;
}

/** What is remembered of decisions; plain JSON. */
export interface DecisionMemory {
  /** Event time of the last acceptance, nanoseconds as a decimal number; null before the first. */
  readonly acceptedNs: string | null;
  /** Causes that were refused or taken back, and how many events had been taken then. */
  readonly refused: readonly { readonly causes: readonly string[]; readonly events: number }[];
}

/** All that a decision rests on. */
export interface Situation {
  readonly twin: Pick<Adaptable, "conditions" | "causes">;
  readonly settings: AdaptationSettings;
  readonly standing: Standing;
  /** That of {@link standing}, or one that moves with tracked conditions. */
  readonly expectation: Expectation;
  readonly memory: DecisionMemory;
  /** Taken so far, and the time of the last. */
  readonly events: number;
  readonly timeNs: bigint;
}

/** What a decision changes. */
export interface Step {
  readonly decision: DistributiveOmit<Decision, keyof DecisionBase>;
  readonly phase: Phase;
  readonly standing?: Standing;
  readonly memory?: DecisionMemory;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

const WATCHING: Phase = { name: "watching" };

/** After an alarm: how large the windows must be for a change that took so long to notice. */
export function afterAlarm(alarm: AdaptationAlarm, settings: AdaptationSettings): Step {
  const wanted = Math.ceil(settings.windowPerDelay * (alarm.at - alarm.changedAt + 1));
  const size = Math.min(settings.maxWindowEvents, Math.max(settings.windowEvents, wanted));
  return {
    decision: { kind: "alarmed", alarm },
    phase: { name: "estimating", alarm, size, window: new FeatureWindow() },
  };
}

/** Window A is complete: why have events changed? */
export function afterEstimating({ alarm, size, window }: Estimating, situation: Situation): Step {
  const { twin, settings, standing, expectation } = situation;
  const { conditions: from, referenceEvents, normal } = standing;
  const { leftLevel, leftShare, mostJoined, maxIterations } = settings;
  const attribution = attribute(
    twin,
    { expectation, features: window },
    { from, referenceEvents, normalDeviance: normal.deviance, leftLevel, leftShare, mostJoined, maxIterations },
  );
  if (attribution.verdict === "none") return { decision: { kind: "dismissed", alarm, attribution }, phase: WATCHING };
  if (attribution.verdict === "unexplained") {
    return {
      decision: { kind: "retraining-requested", alarm, attribution },
      phase: { name: "referring", window: new FeatureWindow() },
    };
  }
  const reason = !isWorth(attribution, situation) ? "not-worth" : isHeldOff(attribution, situation) ? "held-off" : null;
  if (reason) return { decision: { kind: "refused", alarm, attribution, reason, comparison: null }, phase: WATCHING };
  return {
    decision: { kind: "proposed", alarm, attribution },
    phase: { name: "proving", alarm, attribution, size, window },
  };
}

/** Window B is complete: are the new conditions better? */
export function afterProving({ alarm, attribution, size, window }: Proving, situation: Situation): Step {
  const { settings, standing, expectation, memory, timeNs } = situation;
  const after = conditionsOf(attribution, standing.conditions);
  const comparison = compareConditions(expectation, sliceOf(window, size, window.count), {
    before: standing.conditions,
    after,
    sigmas: settings.betterSigmas,
  });
  const refused = { kind: "refused", alarm, attribution, comparison } as const;
  if (comparison.verdict !== "better") {
    const decision = { ...refused, reason: "not-better" } as const;
    return { decision, phase: WATCHING, memory: withRefusal(memory, attribution, situation) };
  }
  // In whole nanoseconds, which a number of seconds gives exactly enough.
  const intervalNs = BigInt(Math.round(settings.acceptIntervalS * 1e9));
  if (memory.acceptedNs !== null && timeNs - BigInt(memory.acceptedNs) < intervalNs) {
    return { decision: { ...refused, reason: "too-soon" }, phase: WATCHING };
  }
  return {
    decision: { kind: "accepted", alarm, attribution, comparison },
    phase: { name: "settling", alarm, attribution, size, window, before: standing },
    standing: { ...standing, conditions: after },
    memory: { ...memory, acceptedNs: String(timeNs) },
  };
}

/** A window C is complete: are the old conditions better after all? Nothing otherwise. */
export function afterSettlingBlock(
  { alarm, attribution, size, window, before }: Settling,
  situation: Situation,
): Step | undefined {
  const { settings, standing, expectation, memory } = situation;
  const comparison = compareConditions(expectation, sliceOf(window, window.count - size, window.count), {
    before: standing.conditions,
    after: before.conditions,
    sigmas: settings.worseSigmas,
  });
  if (comparison.verdict !== "better") return undefined;
  return {
    decision: { kind: "rolled-back", alarm, attribution, comparison },
    phase: WATCHING,
    standing: before,
    memory: withRefusal(memory, attribution, situation),
  };
}

/** Events that settling takes: whole windows C, at least one, until they are a reference together with A and B. */
export function settlingEvents({ size }: Pick<Settling, "size">, { referenceEvents }: AdaptationSettings): number {
  return Math.max(3, Math.ceil(referenceEvents / size)) * size;
}

function conditionsOf({ best }: Attribution, before: Float64Array): Float64Array {
  const after = before.slice();
  for (const { index, value } of best?.moved ?? []) after[index] = value;
  return after;
}

function isWorth({ best }: Attribution, { twin, standing }: Situation): boolean {
  return (best?.moved ?? []).some(({ index, value }) => {
    const worth = twin.conditions[index]?.worth ?? 0;
    return Math.abs(value - (standing.conditions[index] as number)) >= worth;
  });
}

function isHeldOff({ best }: Attribution, { memory, settings, events }: Situation): boolean {
  const causes = new Set(best?.causes);
  return memory.refused.some(
    (refusal) =>
      events - refusal.events < settings.holdOffEvents &&
      refusal.causes.length === causes.size &&
      refusal.causes.every((cause) => causes.has(cause)),
  );
}

function withRefusal(memory: DecisionMemory, { best }: Attribution, { events, settings }: Situation): DecisionMemory {
  const recent = memory.refused.filter((refusal) => events - refusal.events < settings.holdOffEvents);
  return { ...memory, refused: [...recent, { causes: best?.causes ?? [], events }] };
}
