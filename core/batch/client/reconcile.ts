import type { ElementStatus } from "../../contracts/executor.ts";
import type { StateChange } from "./batch-entry.ts";
import type { TaskRunStanding } from "./batch-state.ts";
import { toRanges } from "./run-ranges.ts";
import { isFinal, stepsTo, type TaskRunState } from "./states.ts";

/** What is known of the runs of one stage at one moment. Results were looked for after the executor had been asked. */
export interface StageLook {
  readonly standings: readonly TaskRunStanding[];
  /** Runs that have a result. */
  readonly accepted: ReadonlySet<number>;
  /** What the executor says of the element that a run is in; `undefined` where it was not asked, or did not answer. */
  readonly elementOf: (run: number) => ElementStatus | undefined;
  /** What the newest attempt of the run's submission says of its failure; `undefined` where none failed. */
  readonly failureOf: (run: number) => string | undefined;
  /** Since when the run's element is known to have ended without its result [ms since 1970]. */
  readonly silentSince: (run: number) => number | undefined;
  /** Whether what the run needs is there; a stage of which it will not be made; or neither. */
  readonly inputsOf: (run: number) => "ready" | "waiting" | { readonly lostIn: string };
  /** ms since 1970. */
  readonly now: number;
  /** How long a result may take to be seen on a shared file system [ms]. */
  readonly graceMs: number;
  /** How long nothing may be heard of a run before it counts as lost [ms]. */
  readonly lostMs: number;
}

type News = Omit<StateChange, "runs">;

/** What the history of the runs has to add, in the order in which it happened. */
export function reconcile(look: StageLook): StateChange[] {
  const first = new Map<string, { news: News; runs: number[] }>();
  const second = new Map<string, { news: News; runs: number[] }>();
  for (const [run, standing] of look.standings.entries()) {
    for (const [step, news] of newsOf(standing, run, look).entries()) {
      const groups = step === 0 ? first : second;
      const key = JSON.stringify(news);
      const group = groups.get(key) ?? { news, runs: [] };
      groups.set(key, group);
      group.runs.push(run);
    }
  }
  return [...first.values(), ...second.values()].map(({ news, runs }) => ({ runs: toRanges(runs), ...news }));
}

function newsOf(standing: TaskRunStanding, run: number, look: StageLook): readonly News[] {
  const { state } = standing;
  if (look.accepted.has(run)) {
    if (state === "succeeded") return [];
    // It was given up, and came to its end all the same.
    if (isFinal(state)) return [{ state: "succeeded", isAnother: true }];
    return [{ state: "succeeded" }];
  }
  if (isFinal(state)) return [];
  const end = endOf(standing, run, look);
  if (end) return [end];
  return stepsTo(standing, seenAs(standing, run, look)).map((step) => ({ state: step }));
}

/** How a run without a result has ended; `undefined` where it may go on. */
function endOf(standing: TaskRunStanding, run: number, look: StageLook): News | undefined {
  const { state, before, since, token } = standing;
  const element = look.elementOf(run);
  const isCanceling = state === "canceling";
  if (token === undefined) return isCanceling ? { state: "canceled" } : skipped(standing, run, look);
  switch (element?.state) {
    case "succeeded": {
      const silentSince = look.silentSince(run);
      if (silentSince === undefined || look.now - silentSince < look.graceMs) return undefined;
      const reason = look.failureOf(run) ?? "Its element ended well, and left no result.";
      return isCanceling ? { state: "canceled" } : { state: "failed", cause: "outputs", reason };
    }
    case "failed": {
      const failure = look.failureOf(run);
      if (failure !== undefined) return { state: "failed", cause: "executor", reason: failure };
      if (isCanceling) return { state: "canceled" };
      return (
        skipped(standing, run, look) ??
        early(run, look) ?? { state: "failed", cause: element.cause ?? "executor", reason: wordsOf(element) }
      );
    }
    case "canceled":
      if ((before ?? state) === "created")
        return skipped(standing, run, look) ?? { state: "canceled", reason: wordsOf(element) };
      return { state: "canceled", ...(!isCanceling && { reason: wordsOf(element) }) };
    case "unknown":
      if ((state !== "unknown" && !isCanceling) || look.now - since < look.lostMs) return undefined;
      return isCanceling
        ? { state: "canceled", reason: "Nothing was heard of it after it had been canceled." }
        : {
            state: "failed",
            cause: "lost",
            reason: `Nothing was heard of it for ${Math.round((look.now - since) / 1000)} s.`,
          };
    default:
      return undefined;
  }
}

function skipped({ state, before }: TaskRunStanding, run: number, look: StageLook): News | undefined {
  if ((before ?? state) !== "created") return undefined;
  const inputs = look.inputsOf(run);
  if (typeof inputs !== "object") return undefined;
  return { state: "skipped", reason: `It needs an output of stage "${inputs.lostIn}", whose run did not succeed.` };
}

/** How a run failed that was started before what it needs: a batch system waits for no array that it has forgotten. */
function early(run: number, look: StageLook): News | undefined {
  const inputs = look.inputsOf(run);
  if (inputs === "ready") return undefined;
  const stage = typeof inputs === "object" ? inputs.lostIn : undefined;
  const which = stage === undefined ? "an output of a stage before it" : `an output of stage "${stage}"`;
  return { state: "failed", cause: "system", reason: `It was started, and needs ${which}, which is not there.` };
}

/** As what a run is seen that has not ended. */
function seenAs({ state, before }: TaskRunStanding, run: number, look: StageLook): TaskRunState {
  const element = look.elementOf(run);
  switch (element?.state) {
    case "preparing":
    case "running":
    case "preempted":
    case "unknown":
      return element.state;
    case "queued":
      // An array may wait for one before it; its runs wait in `created` until what they need is there.
      return (before ?? state) === "created" && look.inputsOf(run) !== "ready" ? "created" : "queued";
    default:
      return state;
  }
}

/** What the executor said, as a sentence. */
function wordsOf({ state, native, reason, exitCode, node }: ElementStatus): string {
  const facts = [
    ...(reason === undefined ? [] : [reason]),
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(node === undefined ? [] : [`on ${node}`]),
  ];
  return `The executor says: ${native ?? state}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}.`;
}
