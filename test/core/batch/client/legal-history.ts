import type { BatchEntry } from "../../../../core/batch/client/batch-entry.ts";
import { BatchState } from "../../../../core/batch/client/batch-state.ts";
import { indicesOf } from "../../../../core/batch/client/run-ranges.ts";
import type { BatchFolder, TaskRunState } from "../../../../core/index.ts";

/** How far a state is: an attempt goes on to higher numbers only. Said here anew, so that the table is checked against it. */
const PLACE: Readonly<Record<Exclude<TaskRunState, "unknown">, number>> = {
  created: 0,
  queued: 1,
  preparing: 2,
  running: 3,
  preempted: 4,
  canceling: 5,
  succeeded: 9,
  failed: 9,
  canceled: 9,
  skipped: 9,
};

/** What is wrong with one step of a task run's history, what was `unknown` left out; nothing where it is legal. */
export function problemOf(
  from: Exclude<TaskRunState, "unknown">,
  to: Exclude<TaskRunState, "unknown">,
  isAnother: boolean,
): string | undefined {
  const step = `${from} to ${to}`;
  if (isAnother) return PLACE[from] === 9 && to !== from ? undefined : `${step}: nothing had ended`;
  if (to === "skipped") return from === "created" ? undefined : step;
  // Started again by the executor.
  if (from === "preempted" && PLACE[to] >= 1 && PLACE[to] <= 3) return undefined;
  return PLACE[to] > PLACE[from] ? undefined : step;
}

/** Follows the entries of a journal, and checks each state that follows another. */
export class HistoryCheck {
  readonly #entries: BatchEntry[] = [];
  readonly #known = new Map<string, Exclude<TaskRunState, "unknown">>();

  /** @throws `Error` for a step that no history may have. */
  add(entry: BatchEntry, state: BatchState): void {
    this.#entries.push(entry);
    if (entry.type === "wanted") {
      for (const [stage, runs] of Object.entries(entry.runs)) {
        for (const run of indicesOf(runs)) {
          const known = this.#known.get(`${stage}/${run}`) ?? "created";
          if (known !== "created" && PLACE[known] !== 9) throw new Error(`${stage}/${run} is wanted, and ${known}`);
          if (known === "succeeded") throw new Error(`${stage}/${run} is wanted, and has a result`);
          this.#known.set(`${stage}/${run}`, "created");
        }
      }
    }
    if (entry.type === "canceling") {
      for (const stage of state.stages) {
        for (const run of state.runs(stage).keys()) {
          const known = this.#known.get(`${stage}/${run}`) ?? "created";
          if (PLACE[known] !== 9) this.#known.set(`${stage}/${run}`, "canceling");
        }
      }
    }
    if (entry.type !== "states") return;
    for (const { runs, state: to, isAnother } of entry.changes) {
      for (const run of indicesOf(runs)) {
        const key = `${entry.stage}/${run}`;
        const known = this.#known.get(key) ?? "created";
        if (to === "unknown") {
          if (PLACE[known] > 4) throw new Error(`${key}: ${known} to unknown`);
          continue;
        }
        const isBack = state.runs(entry.stage)[run]?.state === "unknown" && to === known;
        const problem = isBack ? undefined : problemOf(known, to, isAnother === true);
        if (problem !== undefined) throw new Error(`${key}: ${problem}`);
        this.#known.set(key, to);
      }
    }
  }

  /** What the entries say, applied anew. */
  replayed({ id, document }: BatchFolder): BatchState {
    const state = new BatchState(
      document.stages.map(({ name }) => name),
      document.points.length,
    );
    state.apply({ type: "opened", at: 0, batch: id });
    for (const entry of this.#entries) state.apply(entry);
    return state;
  }
}
