import type { Digest } from "../../canonical/digest.ts";
import type { ArrayJob } from "../../contracts/executor.ts";
import type { BatchEntry, StateChange, SubmitSettings } from "./batch-entry.ts";
import { indicesOf } from "./run-ranges.ts";
import { isFinal, type TaskRunCause, type TaskRunState } from "./states.ts";

/** How a task run is. */
export interface TaskRunStanding {
  readonly state: TaskRunState;
  /** Of one that is `unknown`: how it was before. */
  readonly before?: TaskRunState;
  /** Which attempt it is, from 1. */
  readonly attempt: number;
  /** How often it was submitted anew by itself, since somebody submitted or resumed it. */
  readonly retries: number;
  /** When it got into its state [ms since 1970]. */
  readonly since: number;
  readonly cause?: TaskRunCause;
  /** Why it is so, a sentence. */
  readonly reason?: string;
  /** Of the submission that runs it; absent where it is in none. */
  readonly token?: string;
  /** Whether it is to be submitted. */
  readonly isWanted: boolean;
}

/** How a submission is: `submitting` is open, since it was begun and nobody knows whether it succeeded. */
export type SubmissionState = "submitting" | "submitted" | "refused" | "abandoned";

/** An array of a batch, as its journal tells. */
export interface KnownSubmission {
  readonly token: string;
  readonly stage: string;
  /** Runs, `[element][…]`. */
  readonly elements: readonly (readonly number[])[];
  /** Tokens of the submissions that it waits for. */
  readonly after: readonly string[];
  readonly settings: SubmitSettings;
  readonly state: SubmissionState;
  /** When it was begun [ms since 1970]. */
  readonly at: number;
  /** The executor's names of it. More than one where it took it twice: of each element one of them does the work. */
  readonly ids: readonly string[];
  /** Whether a run in it did not succeed: what waits for it is canceled by the executor. */
  readonly hasFailed: boolean;
  /** Elements that ended well without results, and since when [ms since 1970]. */
  readonly silent: ReadonlyMap<number, number>;
}

/** What the journal of a batch says: the same after each of its entries, whoever reads it. */
export class BatchState {
  /** Id of the batch; `undefined` before the first entry. */
  batch: Digest | undefined;
  /** How arrays are submitted, as it was said last. */
  settings: SubmitSettings | undefined;
  /** When work on what was wanted last was first seen [ms since 1970]; `undefined` before. */
  startedAt: number | undefined;
  /** Whether somebody canceled the batch, and has not asked for anything since. */
  isCanceled: boolean = false;
  readonly #runs: ReadonlyMap<string, TaskRunStanding[]>;
  readonly #submissions = new Map<string, KnownSubmission>();

  /** @param stages - Names of the stages in their order. @param points - How many runs each has. */
  constructor(stages: readonly string[], points: number) {
    this.#runs = new Map(
      stages.map((stage) => [
        stage,
        Array.from(
          { length: points },
          (): TaskRunStanding => ({ state: "created", attempt: 1, retries: 0, since: 0, isWanted: false }),
        ),
      ]),
    );
  }

  get stages(): readonly string[] {
    return [...this.#runs.keys()];
  }

  get submissions(): readonly KnownSubmission[] {
    return [...this.#submissions.values()];
  }

  submission(token: string | undefined): KnownSubmission | undefined {
    return token === undefined ? undefined : this.#submissions.get(token);
  }

  /** Of a stage, `[run]`. */
  runs(stage: string): readonly TaskRunStanding[] {
    return this.#runs.get(stage) ?? [];
  }

  /** @throws `RangeError` for an entry that tells of what is not there. */
  apply(entry: BatchEntry): void {
    switch (entry.type) {
      case "opened":
        this.batch = entry.batch;
        return;
      case "wanted":
        this.settings = entry.settings;
        this.startedAt = undefined;
        this.isCanceled = false;
        for (const [stage, runs] of Object.entries(entry.runs)) {
          for (const run of indicesOf(runs)) this.#put(stage, run, (standing) => wanted(standing, entry));
        }
        return;
      case "submitting":
        this.#submissions.set(entry.token, {
          ...entry,
          settings: this.#known(this.settings, "settings"),
          state: "submitting",
          ids: [],
          hasFailed: false,
          silent: new Map(),
        });
        for (const run of entry.elements.flat()) {
          this.#put(entry.stage, run, (standing) => ({ ...standing, token: entry.token, isWanted: false }));
        }
        return;
      case "submitted":
        this.#alter(entry.token, ({ ids }) => ({ state: "submitted", ids: [...new Set([...ids, entry.id])] }));
        return;
      case "refused":
        this.#release(entry.token, "refused");
        // What was to follow waits for it.
        this.#putAll((standing) => ({ ...standing, isWanted: false }));
        return;
      case "abandoned":
        this.#release(entry.token, "abandoned");
        return;
      case "silent":
        this.#alter(entry.token, ({ silent }) => ({
          silent: new Map([
            ...silent,
            ...[...indicesOf(entry.elements)].map((element) => [element, entry.at] as const),
          ]),
        }));
        return;
      case "canceling":
        this.isCanceled = true;
        this.#putAll((standing) =>
          isFinal(standing.state) ? standing : changed(standing, { state: "canceling" }, entry.at),
        );
        return;
      case "states":
        for (const change of entry.changes) {
          if (change.state === "running" || change.state === "succeeded") this.startedAt ??= entry.at;
          const isFailure = isFinal(change.state) && change.state !== "succeeded";
          for (const run of indicesOf(change.runs)) {
            this.#put(entry.stage, run, (standing) => changed(standing, change, entry.at));
            const token = isFailure ? this.runs(entry.stage)[run]?.token : undefined;
            if (this.submission(token)?.hasFailed === false) this.#alter(token as string, () => ({ hasFailed: true }));
          }
        }
        return;
    }
  }

  #release(token: string, state: SubmissionState): void {
    const { stage, elements } = this.#known(this.#submissions.get(token), `submission ${token}`);
    this.#alter(token, () => ({ state }));
    for (const run of elements.flat()) {
      this.#put(stage, run, (standing) => (standing.token === token ? withoutToken(standing) : standing));
    }
  }

  #alter(token: string, by: (submission: KnownSubmission) => Partial<KnownSubmission>): void {
    const submission = this.#known(this.#submissions.get(token), `submission ${token}`);
    this.#submissions.set(token, { ...submission, ...by(submission) });
  }

  #put(stage: string, run: number, by: (standing: TaskRunStanding) => TaskRunStanding): void {
    const runs = this.#known(this.#runs.get(stage), `stage "${stage}"`);
    runs[run] = by(this.#known(runs[run], `run ${run} of stage "${stage}"`));
  }

  #putAll(by: (standing: TaskRunStanding) => TaskRunStanding): void {
    for (const runs of this.#runs.values()) for (const [run, standing] of runs.entries()) runs[run] = by(standing);
  }

  #known<T>(value: T | undefined, what: string): T {
    if (value === undefined) throw new RangeError(`There is no ${what}.`);
    return value;
  }
}

/** What is seen of a run that was preempted when its executor has started it again. */
const RESTARTED: ReadonlySet<TaskRunState> = new Set(["queued", "preparing", "running", "succeeded"]);

function wanted(
  standing: TaskRunStanding,
  { at, isRetry = false }: { readonly at: number; readonly isRetry?: boolean | undefined },
): TaskRunStanding {
  const { attempt, state, retries: before } = standing;
  // What was canceled or skipped for another's failure had no try of its own.
  const retries = isRetry ? before + (state === "failed" ? 1 : 0) : 0;
  if (!isFinal(state)) return { ...standing, retries, isWanted: true };
  return { state: "created", attempt: attempt + 1, retries, since: at, isWanted: true };
}

function withoutToken({ token: _, ...standing }: TaskRunStanding): TaskRunStanding {
  return standing;
}

function changed(
  { attempt, retries, state: from, before, token }: TaskRunStanding,
  { state, cause, reason, isAnother }: Omit<StateChange, "runs">,
  at: number,
): TaskRunStanding {
  const isRestart = from === "preempted" && RESTARTED.has(state);
  const known = from === "unknown" ? before : from;
  return {
    state,
    ...(state === "unknown" && known !== undefined && { before: known }),
    attempt: isRestart || isAnother ? attempt + 1 : attempt,
    retries,
    since: at,
    ...(cause !== undefined && { cause }),
    ...(reason !== undefined && { reason }),
    ...(token !== undefined && { token }),
    isWanted: false,
  };
}

/** What an array of a batch asks of an executor. */
export function resourcesOf({ settings, stage }: Pick<KnownSubmission, "settings" | "stage">): ArrayJob["resources"] {
  return { ...settings.resources, ...settings.stageResources[stage] };
}
