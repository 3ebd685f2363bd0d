import { join } from "node:path";
import type { ElementStatus } from "../../contracts/executor.ts";
import { reasonOf } from "../../errors/reason.ts";
import { RECORD_FILE, readRunRecord } from "../../run/run-record.ts";
import type { BatchFolder } from "../batch-folder.ts";
import { givenUp, STOOD_STILL } from "../standstill.ts";
import type { KnownSubmission } from "./batch-state.ts";
import { elementStatuses } from "./element-status.ts";
import { heldWords } from "./held-words.ts";
import { inputsOf } from "./inputs.ts";
import { reconcile } from "./reconcile.ts";
import { toRanges } from "./run-ranges.ts";
import { isFinal } from "./states.ts";
import { type CallOptions, type ClientParts, REVOKED } from "./submitter.ts";

/** How long is waited for what may be slow to show. */
export interface Patience {
  /** For results on a shared file system [ms]. */
  readonly graceMs: number;
  /** For any news of an element, before its runs count as lost [ms]. */
  readonly lostMs: number;
}

/** Finds out how the task runs of a batch are: asks its executor, and looks what is in its folder. */
export class Observer {
  readonly #parts: ClientParts;
  readonly #patience: Patience;

  constructor(parts: ClientParts, patience: Patience) {
    this.#parts = parts;
    this.#patience = patience;
  }

  /** Looks once, and writes down what is new. @throws `TWIN_READ_FAILED`, `TWIN_WRITE_FAILED`; the signal's reason */
  async look(options: CallOptions): Promise<void> {
    const { batch, journal, now } = this.#parts;
    // First the executor, then the results: of an element that has ended, all of them are there by then.
    const heard = await this.#ask(options);
    for (const { name } of batch.document.stages) {
      options.signal?.throwIfAborted();
      if (journal.state.runs(name).every(({ state }) => state === "succeeded")) continue;
      const accepted = await batch.accepted(name);
      await this.#noteSilence(name, accepted, heard);
      const failures = await this.#failures(name, accepted, heard);
      const { state } = journal;
      const standings = state.runs(name);
      const places = placesIn(state.submissions, name);
      const elementOf = (run: number): ElementStatus | undefined => {
        const token = standings[run]?.token;
        return token === undefined ? undefined : heard.get(token)?.[places.get(token)?.get(run) ?? -1];
      };
      const changes = reconcile({
        standings,
        accepted,
        elementOf,
        failureOf: (run) => failures.get(run),
        silentSince: (run) => {
          const submission = state.submission(standings[run]?.token);
          return submission?.silent.get(places.get(submission.token)?.get(run) ?? -1);
        },
        inputsOf: (run) => inputsOf(batch.stage(name), run, state),
        now: now(),
        ...this.#patience,
      });
      if (changes.length > 0) await journal.write({ type: "states", at: now(), stage: name, changes });
    }
  }

  /** Ends what was asked to end, as often as it takes. @throws the signal's reason */
  async cancel({ signal, tell }: CallOptions): Promise<void> {
    const { executor, journal } = this.#parts;
    for (const submission of this.#live()) {
      const { token, ids, stage, elements } = submission;
      const runs = journal.state.runs(stage);
      const isAsked = elements.some((own) =>
        own.some((run) => runs[run]?.token === token && runs[run].state === "canceling"),
      );
      if (!isAsked) continue;
      for (const id of ids) {
        try {
          await executor.cancel({ token, id, elements: elements.length }, { signal });
        } catch (error) {
          signal?.throwIfAborted();
          tell(reasonOf(error));
        }
      }
    }
  }

  /** What the executor says of all arrays that have runs which have not ended, by token; nothing where it does not answer. */
  async #ask({ signal, tell }: CallOptions): Promise<ReadonlyMap<string, readonly ElementStatus[]>> {
    const { batch, executor } = this.#parts;
    const live = this.#live();
    if (live.length === 0) return new Map();
    const arrays = live.flatMap(({ token, ids, elements }) =>
      ids.map((id) => ({ token, id, elements: elements.length })),
    );
    let answers: readonly (readonly ElementStatus[])[];
    try {
      answers = await executor.observe(arrays, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      tell(reasonOf(error));
      return new Map();
    }
    const heard = new Map<string, readonly ElementStatus[]>();
    for (const submission of live) {
      // A batch system that lost its last jobs gives their ids again: an id names an array of its token only.
      const byId = new Map(
        arrays.flatMap(({ token, id }, index) =>
          token === submission.token ? [[id, answers[index] ?? []] as const] : [],
        ),
      );
      const witnesses = submission.ids.length > 1 ? await batch.witnesses(submission.token) : [];
      const workers = new Map(witnesses.map(({ element, job }) => [element, job]));
      const statuses = elementStatuses(submission, byId, workers);
      heard.set(submission.token, statuses);
      const held = heldWords(submission, statuses);
      if (held !== undefined) tell(held);
    }
    return heard;
  }

  /** Notes elements that ended well without results, and whether another array has taken them. */
  async #noteSilence(
    stage: string,
    accepted: ReadonlySet<number>,
    heard: ReadonlyMap<string, readonly ElementStatus[]>,
  ): Promise<void> {
    const { batch, journal, now } = this.#parts;
    for (const { token, stage: own, elements, silent, ids } of this.#live()) {
      if (own !== stage) continue;
      const statuses = heard.get(token) ?? [];
      const found = elements.flatMap((runs, element) => {
        const isOpen = runs.some((run) => !accepted.has(run) && this.#isOpen(stage, run, token));
        return statuses[element]?.state === "succeeded" && isOpen && !silent.has(element) ? [element] : [];
      });
      if (found.length === 0) continue;
      await journal.write({ type: "silent", at: now(), token, elements: toRanges(found) });
      const others = (await batch.witnesses(token))
        .map(({ job }) => job)
        .filter((job) => job !== REVOKED && !ids.includes(job));
      for (const id of new Set(others)) await journal.write({ type: "submitted", at: now(), token, id });
    }
  }

  /** Of runs whose element has ended without their results: what their attempts say. */
  async #failures(
    stage: string,
    accepted: ReadonlySet<number>,
    heard: ReadonlyMap<string, readonly ElementStatus[]>,
  ): Promise<ReadonlyMap<number, string>> {
    const { batch } = this.#parts;
    const failures = new Map<number, string>();
    for (const { token, stage: own, elements } of this.#live()) {
      if (own !== stage) continue;
      for (const [element, runs] of elements.entries()) {
        const state = heard.get(token)?.[element]?.state;
        if (state !== "failed" && state !== "succeeded") continue;
        const open = runs.filter((run) => !accepted.has(run) && this.#isOpen(stage, run, token));
        const still = open.length > 0 ? await givenUp(batch, { token, element }).catch(() => []) : [];
        for (const run of open) {
          const failure = still.includes(run) ? STOOD_STILL : await failureOf(batch, { stage, run }, token);
          if (failure !== undefined) failures.set(run, failure);
        }
      }
    }
    return failures;
  }

  #isOpen(stage: string, run: number, token: string): boolean {
    const standing = this.#parts.journal.state.runs(stage)[run];
    return standing?.token === token && !isFinal(standing.state);
  }

  #live(): readonly KnownSubmission[] {
    return this.#parts.journal.state.submissions.filter(
      ({ token, state, stage, elements }) =>
        state === "submitted" && elements.some((runs) => runs.some((run) => this.#isOpen(stage, run, token))),
    );
  }
}

/** In which element each run of a stage's submissions is, by token. */
function placesIn(
  submissions: readonly KnownSubmission[],
  stage: string,
): ReadonlyMap<string, ReadonlyMap<number, number>> {
  const own = submissions.filter((submission) => submission.stage === stage);
  return new Map(
    own.map(({ token, elements }) => [
      token,
      new Map(elements.flatMap((runs, element) => runs.map((run) => [run, element] as const))),
    ]),
  );
}

/** What the newest attempt of a submission at a run says of its failure; `undefined` where there is none that failed. */
async function failureOf(
  batch: BatchFolder,
  id: { readonly stage: string; readonly run: number },
  token: string,
): Promise<string | undefined> {
  const own = (await batch.attempts(id)).filter((attempt) => attempt.token === token);
  const newest = own.sort((a, b) => b.restart - a.restart)[0];
  if (!newest) return undefined;
  try {
    const { state, steps } = await readRunRecord(join(batch.paths.attempt(id, newest), RECORD_FILE));
    if (state !== "failed") return undefined;
    return (
      Object.values(steps).find(({ error }) => error !== undefined)?.error?.message ?? "It failed without a reason."
    );
  } catch (error) {
    return reasonOf(error);
  }
}
