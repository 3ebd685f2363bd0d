import { access } from "node:fs/promises";
import {
  type Adaptable,
  type CounterFaults,
  type Digest,
  digestJson,
  type FeatureRows,
  type FeatureWindow,
  type JsonValue,
} from "../../../core/index.ts";
import type { CountersAcceptedDecision } from "../counters/counter-decision.ts";
import type { AcceptedDecision, RetrainingDecision, RolledBackDecision } from "../loop/decision.ts";
import type { AdaptationOptions } from "../loop/options.ts";
import type { Phase } from "../loop/phases.ts";
import type { TrackedCondition } from "../loop/tracking/tracker-state.ts";
import type { NearestAlarm } from "../loop/watch.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import {
  DecisionsDigest,
  DecisionsJournal,
  decisionsFile,
  type RecordedDecision,
  type Rules,
} from "./decisions-journal.ts";
import { EventsTaken, type EventsTakenFrom } from "./events-taken.ts";
import { sliceOfRows, TwinLoop } from "./twin-loop.ts";

/** How events are decided on. */
export interface DecideOptions extends AdaptationOptions {
  /** What is adapted: under its first conditions when this begins, and under the adapted ones as soon as they are decided. */
  readonly adaptable: Adaptable;
  /** Folder of the decisions; made where it is missing. One at a time decides in it. */
  readonly folder: string;
  /** After a restart, so many events are taken again, and those of a change that is being looked into; 50,000 by default. */
  readonly checkpointEvents?: number | undefined;
  /**
   * Does something about new conditions, once they are durable: seals a version, say. Called again with the same decision
   * after a restart, when nobody knows whether it had ended: it must be of no effect then. What it gives is kept.
   */
  readonly act?: ((change: ConditionsChange) => Promise<JsonValue>) | undefined;
  /** Does something about a change that nothing explains which may be adapted: writes a plan of retraining, say. Called as `act` is. */
  readonly retrain?: ((request: RetrainingRequest) => Promise<JsonValue>) | undefined;
  /** Called for each decision when it is durable and acted upon; those that were known are told again. */
  readonly onDecision?: ((decided: RecordedDecision) => void) | undefined;
  /** Called when the events before a time, nanoseconds since 1970, are needed no longer, also after a restart: they may be deleted. */
  readonly onCheckpoint?: ((beforeNs: bigint) => Promise<void>) | undefined;
  /** Called after each window. */
  readonly onProgress?: ((progress: DecideProgress) => void) | undefined;
  /** Ends it: it rejects with the signal's reason, and goes on from there when it is called again. */
  readonly signal?: AbortSignal | undefined;
}

/** New conditions, or the old ones again; or other faults of counters. */
export interface ConditionsChange extends RecordedDecision {
  readonly decision: AcceptedDecision | RolledBackDecision | CountersAcceptedDecision;
  /** All that was decided before, with what was done about it. */
  readonly earlier: readonly RecordedDecision[];
}

/** The twin has to learn anew. */
export interface RetrainingRequest extends RecordedDecision {
  readonly decision: RetrainingDecision;
  /** All that was decided before, with what was done about it. */
  readonly earlier: readonly RecordedDecision[];
  /** The events after the alarm, which nothing explained; none where the decider began behind them, with a checkpoint. */
  readonly events: readonly EventsTakenFrom[];
}

/** How far a decider is. */
export interface DecideProgress {
  /** Taken, also before a restart. */
  readonly events: number;
  /** Of the last one, nanoseconds since 1970. */
  readonly timeNs: bigint;
  readonly phase: Phase["name"];
  /** In the order of the twin, with tracked ones where they are now. A copy. */
  readonly conditions: Float64Array;
  /** Conditions that are tracked, with their errors; none before the first reference. */
  readonly tracked: readonly TrackedCondition[];
  /** How near the watch is to an alarm; absent while it does not watch. */
  readonly nearest?: NearestAlarm | undefined;
}

/** What was decided. */
export interface Decided {
  readonly events: number;
  /** Time of the first event and of the last, nanoseconds since 1970; 0 without events. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly phase: Phase["name"];
  readonly conditions: Float64Array;
  /** Of its counters, where the twin has any. */
  readonly faults?: CounterFaults | undefined;
  readonly decisions: readonly RecordedDecision[];
  /** Of the decisions: equal for equal events, twins and options. */
  readonly digest: Digest;
}

/**
 * Decides on events by an `Adaptation` and, where the twin has counters, a `CounterAdaptation`. Each decision is durable before
 * anything is done about it, and what was done is written down beside it. Killed at any time and called again with the same
 * events, it decides the same and does nothing twice. Memory: besides that of the loops, all decisions.
 *
 * @param windows - Of a journal of features, in order (`featureWindows`, `followFeatureWindows`): from its beginning, or what
 *   gives them from a time on, since which events are needed. Their width makes no difference. The decider ends with them.
 * @throws `TWIN_FILE_LOCKED` while another decides; `TWIN_DECISIONS_DIVERGED` where other decisions are in the folder;
 *   `TWIN_INVALID_ARGUMENT` for options out of range; `TWIN_WRITE_FAILED`; what windows, twin and `act` throw; the signal's reason.
 *
 * @example
 * const windows = (afterNs?: bigint) =>
 *   followFeatureWindows("features", { windowNs, allowedLatenessNs, patienceNs, afterNs, log: "decisions/windows.journal", signal });
 * await decide(windows, { adaptable, folder: "decisions", signal });
 */
export async function decide(
  windows: AsyncIterable<FeatureWindow> | ((afterNs: bigint | undefined) => AsyncIterable<FeatureWindow>),
  options: DecideOptions,
): Promise<Decided> {
  const {
    adaptable,
    folder,
    checkpointEvents = 50_000,
    act,
    retrain,
    onDecision,
    onCheckpoint,
    onProgress,
    signal,
    ...settings
  } = options;
  const both = new TwinLoop(adaptable, settings);
  const loop = both.conditions;
  const rules = rulesOf(adaptable, both);
  await using journal = await DecisionsJournal.open(folder, rules, signal);
  const decider = new Decider(journal, options);
  const found = await readCheckpoint(folder);
  // One of other decisions, as when the journal was deleted, is of no use: they are all made again.
  const known = new DecisionsDigest(rules);
  const checkpoint = found && found.digest === known.of(found.decisions, journal.recorded) ? found : undefined;
  const digests = checkpoint ? known : new DecisionsDigest(rules);
  if (checkpoint) {
    both.restore(checkpoint.state);
    await decider.resume(checkpoint.decisions);
    await adaptable.apply(loop.conditions, both.faults);
  }
  const knownNs = checkpoint && BigInt(checkpoint.endNs);
  let fromNs = checkpoint && BigInt(checkpoint.firstNs);
  let toNs = BigInt(checkpoint?.state.conditions.timeNs ?? 0);
  let kept = loop.events;
  for await (const window of typeof windows === "function" ? windows(knownNs) : windows) {
    signal?.throwIfAborted();
    const first = firstFrom(window.rows, knownNs);
    const rows = sliceOfRows(window.rows, first, window.rows.count);
    const before = loop.events;
    const decisions = await both.add(rows, { signal });
    decider.events.next(window.rows, first);
    for (const decision of decisions) {
      decider.events.takeUpTo(first + decision.events - before);
      await decider.take(decision);
    }
    decider.events.takeUpTo(window.rows.count);
    const { events, phase, conditions } = loop;
    fromNs ??= rows.timesNs[0];
    toNs = rows.timesNs.at(-1) ?? toNs;
    // Between two decisions about them, the twin in this process goes along.
    if (loop.tracked.length > 0) await adaptable.apply(conditions);
    if (rows.count > 0) {
      onProgress?.({ events, timeNs: toNs, phase, conditions, tracked: loop.tracked, nearest: loop.nearest });
    }
    // While it watches, its state is small.
    if (!both.isWatching || events - kept < checkpointEvents) continue;
    const endNs = String(window.startNs + window.widthNs);
    const { count: decided } = decider;
    // All of them are in the journal.
    const digest = digests.of(decided, journal.recorded) as Digest;
    const firstNs = String(fromNs ?? 0n);
    await writeCheckpoint(folder, {
      schemaVersion: 1,
      firstNs,
      endNs,
      decisions: decided,
      digest,
      state: both.state(),
    });
    kept = events;
    await onCheckpoint?.(BigInt(endNs));
  }
  const { events, phase, conditions } = loop;
  const decisions = [...journal.recorded];
  const digest = digestJson(decisions.map(({ decision }) => decision));
  return { events, fromNs: fromNs ?? 0n, toNs, phase, conditions, faults: both.faults, decisions, digest };
}

/**
 * That {@link decide} can begin in a folder, or go on there: to be told before a long recording is read. It reads no events, and writes
 * nothing.
 *
 * @throws `TWIN_FILE_LOCKED`, `TWIN_DECISIONS_DIVERGED`, `TWIN_INVALID_ARGUMENT`, `TWIN_READ_FAILED` as it does.
 */
export async function checkDecisions(
  options: AdaptationOptions & Pick<DecideOptions, "adaptable" | "folder" | "signal">,
): Promise<void> {
  const { adaptable, folder, signal, ...settings } = options;
  const rules = rulesOf(adaptable, new TwinLoop(adaptable, settings));
  const isThere = await access(decisionsFile(folder)).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  const journal = await DecisionsJournal.open(folder, rules, signal);
  await journal[Symbol.asyncDispose]();
  await readCheckpoint(folder);
}

function rulesOf({ conditions, counters }: Adaptable, { conditions: { settings } }: TwinLoop): Rules {
  return { conditions: conditions.map(({ name }) => name), ...(counters && { counters: counters.size }), settings };
}

/** Writes decisions down, and does what they say. */
class Decider {
  count = 0;
  /** Since the last alarm. */
  readonly events: EventsTaken = new EventsTaken();
  readonly #journal: DecisionsJournal;
  readonly #options: Pick<DecideOptions, "adaptable" | "act" | "retrain" | "onDecision">;

  constructor(journal: DecisionsJournal, options: DecideOptions) {
    this.#journal = journal;
    this.#options = options;
  }

  /** Goes on behind so many decisions. */
  async resume(count: number): Promise<void> {
    for (const { decision } of this.#journal.recorded.slice(0, count)) await this.take(decision);
  }

  async take(decision: RecordedDecision["decision"]): Promise<void> {
    const { adaptable, onDecision } = this.#options;
    const number = this.count++;
    const recorded = await this.#journal.decide(number, decision);
    if (decision.kind === "alarmed") this.events.clear();
    const { before, after } = decision;
    const faults = decision.kind === "counters-accepted" ? decision.faultsAfter : undefined;
    if (faults || after.some((value, index) => value !== before[index])) {
      await adaptable.apply(Float64Array.from(after), faults);
    }
    if (recorded.outcome === undefined) {
      const outcome = await this.#act(number, decision);
      if (outcome !== undefined) await this.#journal.act(number, outcome);
    }
    onDecision?.(this.#journal.recorded[number] as RecordedDecision);
  }

  /** What is done about a decision; `undefined` for nothing. */
  async #act(number: number, decision: RecordedDecision["decision"]): Promise<JsonValue | undefined> {
    const { act, retrain } = this.#options;
    const earlier = (): readonly RecordedDecision[] => this.#journal.recorded.slice(0, number);
    if (decision.kind === "accepted" || decision.kind === "rolled-back" || decision.kind === "counters-accepted") {
      return await act?.({ number, decision, earlier: earlier() });
    }
    if (decision.kind !== "retraining-requested") return undefined;
    return await retrain?.({ number, decision, earlier: earlier(), events: this.events.sources });
  }
}

/** The first row from a time on. Rows are in the order of their time. */
function firstFrom({ timesNs, count }: FeatureRows, fromNs: bigint | undefined): number {
  if (fromNs === undefined) return 0;
  const first = timesNs.findIndex((timeNs) => timeNs >= fromNs);
  return first < 0 ? count : first;
}
