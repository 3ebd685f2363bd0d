import {
  type CounterFaults,
  type Counters,
  type Features,
  InvalidArgumentError,
  type Marks,
} from "../../../core/index.ts";
import type { AdaptationSettings } from "../loop/options.ts";
import { normalProbability } from "../normal-distribution.ts";
import type { CounterDecision, CounterFinding, ProvenCounterFinding } from "./counter-decision.ts";
import { faultyIn, withFindings } from "./counter-faults.ts";
import { CounterShares } from "./counter-shares.ts";
import { CounterWatch, type CounterWatchState, type Seen } from "./counter-watch.ts";
import { type CounterChange, logRatio } from "./likelihood-ratio.ts";

/** Counts are looked at after so many events: a counter that falls silent takes tens of events to be told, at least. */
const BLOCK_EVENTS = 256;

/** What is decided about counters, without what every decision tells. */
type Step = DistributiveOmit<CounterDecision, "events" | "timeNs" | "before" | "after">;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A counter that is being looked into. */
interface Suspect {
  readonly finding: CounterFinding;
  readonly change: CounterChange;
  /** Events that its proof takes, at least. */
  readonly size: number;
  /** So far. */
  readonly events: number;
  readonly counted: number;
  readonly expected: number;
  readonly value: number;
}

/** What a `CounterAdaptation` remembers; plain JSON. */
export interface CounterAdaptationState {
  readonly schemaVersion: 1;
  readonly events: number;
  readonly timeNs: string;
  readonly faults: CounterFaults;
  readonly acceptedNs: string | null;
  readonly suspects: readonly Suspect[];
  /** How many events of the reference marked each counter, and of the block that is not complete: that of the reference at first. */
  readonly reference: readonly number[] | null;
  /** Those that were faulty in the reference. */
  readonly faultyInReference: readonly number[];
  readonly block: { readonly events: number; readonly counts: readonly number[] };
  readonly sums: CounterWatchState;
}

/**
 * The loop that notices counters of a twin which fall silent, become noisy, or are sound again: a reference tells how often each
 * counts, a watch suspects, and other events than those that raised the suspicion prove it. Its faults are reversible: what
 * is sound again is found in the same way.
 *
 * A pure function of the marks in order: in whatever batches, and across `state` and `restore`, decisions are the same bit for bit. It
 * decides and applies nothing. Memory: some numbers for each counter, however many events.
 *
 * @example
 * const loop = new CounterAdaptation(twin.counters, new Adaptation(twin).settings);
 * for (const decision of loop.add(twin.features(events))) {
 *   if (decision.kind === "counters-accepted") await twin.apply(twin.current, decision.faultsAfter);
 * }
 */
export class CounterAdaptation {
  readonly #counters: Counters;
  readonly #settings: AdaptationSettings;
  #events = 0;
  #timeNs = 0n;
  #faults: CounterFaults;
  #acceptedNs: bigint | undefined;
  #suspects: readonly Suspect[] = [];
  /** Of these the reference does not tell how often they count when they are sound. */
  #faultyInReference: readonly number[] = [];
  /** Since a reference is complete. */
  #watch: CounterWatch | undefined;
  #counts: Uint32Array;
  #counted = 0;

  /** @param counters - Their faults are right for the first events; nothing of them is changed. */
  constructor(counters: Counters, settings: AdaptationSettings) {
    this.#counters = counters;
    this.#settings = settings;
    this.#faults = counters.faults;
    this.#counts = new Uint32Array(counters.size);
  }

  /** Taken so far. */
  get events(): number {
    return this.#events;
  }

  /** Those that it holds for right. */
  get faults(): CounterFaults {
    return this.#faults;
  }

  /** After how many more events it may decide something. */
  get due(): number {
    return (this.#watch ? BLOCK_EVENTS : this.#settings.referenceEvents) - this.#counted;
  }

  /**
   * Takes the next events, in the order of their time.
   *
   * @param conditions - That hold now: decisions tell them.
   * @returns What was decided on the way, mostly nothing.
   * @throws `TWIN_INVALID_ARGUMENT` for events without marks, or with marks of counters that there are not; nothing was taken then.
   */
  add(features: Pick<Features, "count" | "timesNs" | "marks">, conditions: Float64Array): readonly CounterDecision[] {
    const { count, timesNs } = features;
    const marks = this.#check(features);
    const decisions: CounterDecision[] = [];
    for (let event = 0; event < count; event++) {
      for (let mark = marks.offsets[event] as number; mark < (marks.offsets[event + 1] as number); mark++) {
        const counter = marks.counters[mark] as number;
        this.#counts[counter] = (this.#counts[counter] as number) + 1;
      }
      this.#counted++;
      this.#events++;
      this.#timeNs = timesNs[event] as bigint;
      if (this.due > 0) continue;
      const both = { before: Array.from(conditions), after: Array.from(conditions) };
      const base = { events: this.#events, timeNs: String(this.#timeNs), ...both };
      for (const step of this.#watch ? this.#look(this.#watch) : this.#refer()) decisions.push({ ...base, ...step });
      this.#counts.fill(0);
      this.#counted = 0;
    }
    return decisions;
  }

  /** Plain JSON, from which a loop of the same counters with the same settings goes on bit for bit. */
  state(): CounterAdaptationState {
    const { shares } = this.#watch ?? {};
    return {
      schemaVersion: 1,
      events: this.#events,
      timeNs: String(this.#timeNs),
      faults: this.#faults,
      acceptedNs: this.#acceptedNs === undefined ? null : String(this.#acceptedNs),
      suspects: this.#suspects,
      reference: shares ? Array.from(shares.counts) : null,
      faultyInReference: this.#faultyInReference,
      block: { events: this.#counted, counts: Array.from(this.#counts) },
      sums: this.#watch?.state() ?? [],
    };
  }

  /** @throws `TWIN_INVALID_ARGUMENT` for what is no state of such a loop; nothing has changed then. */
  restore(state: CounterAdaptationState): void {
    const { schemaVersion, block, reference, acceptedNs } = state;
    if (schemaVersion !== 1 || block.counts.length !== this.#counters.size) {
      throw new InvalidArgumentError("This is no state of a loop of these counters. Restore what state() gave.");
    }
    const watch = reference ? this.#watchOf(Uint32Array.from(reference)) : undefined;
    watch?.restore(state.sums);
    this.#watch = watch;
    this.#events = state.events;
    this.#timeNs = BigInt(state.timeNs);
    this.#faults = state.faults;
    this.#acceptedNs = acceptedNs === null ? undefined : BigInt(acceptedNs);
    this.#suspects = state.suspects;
    this.#faultyInReference = state.faultyInReference;
    this.#counted = block.events;
    this.#counts = Uint32Array.from(block.counts);
  }

  #check({ count, marks }: Pick<Features, "count" | "marks">): Marks {
    const { size } = this.#counters;
    if (count > 0 && marks?.offsets.length !== count + 1) {
      throw new InvalidArgumentError(
        `The twin has ${size} counters, and of ${count} events ${marks ? `${marks.offsets.length - 1} have` : "none has"} marks. Take events in with this twin.`,
      );
    }
    if (!marks) return { offsets: new Uint32Array(1), counters: new Uint32Array(0) };
    // Those of these events only: a view of some events has the marks of all.
    const end = marks.offsets[count] as number;
    for (let mark = marks.offsets[0] as number; mark < end; mark++) {
      const counter = marks.counters[mark] as number;
      if (counter < size) continue;
      throw new InvalidArgumentError(`An event marks counter ${counter}; there are ${size}, from 0.`);
    }
    return marks;
  }

  #watchOf(counts: Uint32Array): CounterWatch {
    const { averageRunLength, referenceEvents } = this.#settings;
    const shares = new CounterShares(this.#counters, referenceEvents, counts);
    return new CounterWatch(shares, { averageRunLength, blockEvents: BLOCK_EVENTS });
  }

  #refer(): readonly Step[] {
    const watch = this.#watchOf(this.#counts.slice());
    this.#watch = watch;
    this.#faultyInReference = faultyIn(this.#faults);
    const isUnknown = (counter: number): boolean => this.#faultyInReference.includes(counter);
    const all = Array.from({ length: this.#counters.size }, (_, counter) => counter);
    return [
      {
        kind: "counters-referred",
        counted: this.#counted,
        blindToSilence: all.filter(
          (counter) => isUnknown(counter) || !(watch.delayOfSilence(counter) <= this.#settings.averageRunLength),
        ),
        blindToNoise: all.filter((counter) => isUnknown(counter) || watch.isBlindToNoise(counter)),
      },
    ];
  }

  #look(watch: CounterWatch): readonly Step[] {
    const faulty = new Set(faultyIn(this.#faults));
    const suspected = new Set([
      ...this.#suspects.map(({ finding }) => finding.counter),
      ...this.#faultyInReference.filter((counter) => !faulty.has(counter)),
    ]);
    const taken = this.#events - this.#counted;
    const block = { counts: this.#counts, events: this.#counted };
    const { suspicions, of } = watch.take(block, { faults: this.#faults, suspected, taken });
    const steps = this.#prove(
      this.#suspects.map((suspect) =>
        goOn(suspect, of({ counter: suspect.finding.counter, isSound: suspect.change.from === "sound" })),
      ),
    );
    if (suspicions.length === 0) return steps;
    const added = suspicions.map(({ counter, change, changedAt, value }): Suspect => {
      const { threshold } = watch;
      const { from, to } = change;
      const name = this.#counters.name(counter);
      const finding = { counter, name, from, to, at: this.#events, changedAt, value, threshold };
      const size = Math.max(this.#settings.windowEvents, this.#events - changedAt);
      return { finding, change, size, events: 0, counted: 0, expected: 0, value: 0 };
    });
    this.#suspects = [...this.#suspects, ...added];
    return [...steps, { kind: "counters-alarmed", findings: added.map(({ finding }) => finding) }];
  }

  /** Decides about those that enough events were seen for; about all of a group together: what they tell may be one thing. */
  #prove(suspects: readonly Suspect[]): readonly Step[] {
    // As probable as so many standard errors, if it were sound.
    const threshold = -Math.log(normalProbability(-this.#settings.betterSigmas));
    const groupOf = ({ finding }: Suspect): number => this.#counters.groups[finding.counter] as number;
    const open = new Set(suspects.filter(({ events, size }) => events < size).map(groupOf));
    const done = suspects.filter((suspect) => !open.has(groupOf(suspect)));
    const [proven, dismissed] = [
      done.filter(({ value }) => value >= threshold),
      done.filter(({ value }) => value < threshold),
    ];
    const isTime = this.#isTime();
    this.#suspects = suspects.filter(
      (suspect) => !dismissed.includes(suspect) && !(isTime && proven.includes(suspect)),
    );
    const told = (suspect: Suspect): ProvenCounterFinding => tell(suspect, threshold);
    const steps: Step[] = [];
    if (dismissed.length > 0) steps.push({ kind: "counters-dismissed", findings: dismissed.map(told) });
    if (proven.length === 0 || !isTime) return steps;
    const findings = proven.map(told);
    const faultsBefore = this.#faults;
    this.#faults = withFindings(faultsBefore, findings);
    this.#acceptedNs = this.#timeNs;
    return [...steps, { kind: "counters-accepted", findings, faultsBefore, faultsAfter: this.#faults }];
  }

  /** Otherwise what is proven waits, and more events are seen for it. */
  #isTime(): boolean {
    const intervalNs = BigInt(Math.round(this.#settings.acceptIntervalS * 1e9));
    return this.#acceptedNs === undefined || this.#timeNs - this.#acceptedNs >= intervalNs;
  }
}

function goOn(suspect: Suspect, counted: Seen): Suspect {
  return {
    ...suspect,
    events: suspect.events + counted.events,
    counted: suspect.counted + counted.counted,
    expected: suspect.expected + counted.expected,
    value: suspect.value + logRatio(counted, suspect.change),
  };
}

function tell({ finding, events, counted, expected, value }: Suspect, threshold: number): ProvenCounterFinding {
  const [seen, own] = [counted / events, Math.min(expected / events, 1)];
  // It counts where there is a signal or noise.
  const rate = finding.to === "noisy" ? (own < 1 ? Math.max((seen - own) / (1 - own), 1 / events) : 1) : null;
  return { ...finding, proof: { events, counted, expected, value, threshold }, rate };
}
