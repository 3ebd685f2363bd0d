import { hasCheckpoint } from "../../run/checkpoint.ts";
import type { TaskRunId } from "../batch-document.ts";
import type { BatchFolder } from "../batch-folder.ts";
import type { BatchState, TaskRunStanding } from "./batch-state.ts";
import { type Ranges, toRanges } from "./run-ranges.ts";
import { isFinal, type TaskRunCause } from "./states.ts";
import type { CallOptions, ClientParts } from "./submitter.ts";

/** Why a run may fail that would succeed elsewhere, or another time. */
const NOT_ITS_OWN: ReadonlySet<TaskRunCause | undefined> = new Set<TaskRunCause>(["node", "lost", "system", "outputs"]);
/** What ends all runs of an element, though only that which ran was too long, or too large. */
const OF_ONE: ReadonlySet<TaskRunCause | undefined> = new Set<TaskRunCause>(["timeout", "oom"]);

/** Writes down that runs are wanted again which failed for no fault of their own, and those that such a failure took along. */
export async function retry(
  { batch, journal, now }: ClientParts,
  { retries, tell }: { readonly retries: number } & Pick<CallOptions, "tell">,
): Promise<void> {
  const { settings, isCanceled } = journal.state;
  if (!settings || isCanceled) return;
  const { runs, causes } = await runsToRetry(batch, journal.state, retries);
  if (Object.keys(runs).length === 0) return;
  await journal.write({ type: "wanted", at: now(), runs, settings, isRetry: true });
  const total = [...causes.values()].reduce((sum, count) => sum + count, 0);
  const which = [...causes].map(([cause, count]) => `${count} ${cause}`).join(", ");
  if (total > 0) tell(`Task runs failed for no fault of their own (${which}), and are submitted anew.`);
}

async function runsToRetry(
  batch: BatchFolder,
  state: BatchState,
  retries: number,
): Promise<{ readonly runs: Readonly<Record<string, Ranges>>; readonly causes: ReadonlyMap<string, number> }> {
  const again = new Map<string, ReadonlySet<number>>();
  const causes = new Map<string, number>();
  const faults = new Faults(batch, state);
  for (const stage of state.stages) {
    const own = new Set<number>();
    const needed = Object.values(batch.stage(stage).inputs).flatMap((input) => ("stage" in input ? [input.stage] : []));
    const comes = (run: number): boolean =>
      needed.every((each) => {
        const before = state.runs(each)[run]?.state;
        return again.get(each)?.has(run) || before === "succeeded" || (before !== undefined && !isFinal(before));
      });
    for (const [run, standing] of state.runs(stage).entries()) {
      if (!comes(run)) continue;
      if (wasTakenAlong(standing, state)) own.add(run);
      if (standing.state !== "failed" || standing.retries >= retries) continue;
      if (!(await faults.isOfOther({ stage, run }, standing))) continue;
      own.add(run);
      const cause = standing.cause as string;
      causes.set(cause, (causes.get(cause) ?? 0) + 1);
    }
    again.set(stage, own);
  }
  const entries = [...again].flatMap(([stage, own]) => (own.size === 0 ? [] : [[stage, toRanges(own)] as const]));
  return { runs: Object.fromEntries(entries), causes };
}

/** Whether a run ended without a try of its own, because something before it had failed. */
function wasTakenAlong({ state: own, token }: TaskRunStanding, state: BatchState): boolean {
  if (own === "skipped") return true;
  if (own !== "canceled") return false;
  return state.submission(token)?.after.some((each) => state.submission(each)?.hasFailed) === true;
}

/** Tells of runs that failed whether it was for no fault of their own. */
class Faults {
  readonly #batch: BatchFolder;
  readonly #state: BatchState;
  /** Of arrays, which run of each element was ended; by token and cause. */
  readonly #ended = new Map<string, ReadonlySet<number>>();

  constructor(batch: BatchFolder, state: BatchState) {
    this.#batch = batch;
    this.#state = state;
  }

  async isOfOther(id: TaskRunId, { cause, token }: TaskRunStanding): Promise<boolean> {
    if (cause === undefined || token === undefined || NOT_ITS_OWN.has(cause)) return NOT_ITS_OWN.has(cause);
    if (!OF_ONE.has(cause)) return false;
    if (!this.#endedBy(token, cause).has(id.run)) return true;
    return cause === "timeout" && (await hasCheckpoint(this.#batch.paths.checkpoints(id)));
  }

  /** Runs of an element come one after the other: those behind the one that was ended had not begun. */
  #endedBy(token: string, cause: TaskRunCause): ReadonlySet<number> {
    const key = `${token}/${cause}`;
    const known = this.#ended.get(key);
    if (known) return known;
    const { stage = "", elements = [] } = this.#state.submission(token) ?? {};
    const runs = this.#state.runs(stage);
    const isEnded = (run: number): boolean => runs[run]?.token === token && runs[run].cause === cause;
    const ended = new Set(elements.flatMap((own) => own.find(isEnded) ?? []));
    this.#ended.set(key, ended);
    return ended;
  }
}
