import { randomBytes } from "node:crypto";
import type { ArrayJob, Executor } from "../../contracts/executor.ts";
import { ExecutorRefusedError } from "../../contracts/executor-errors.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { reasonOf } from "../../errors/reason.ts";
import type { BatchFolder } from "../batch-folder.ts";
import { pack } from "../packing.ts";
import { batchArrayJob } from "./array-job.ts";
import type { BatchEntry } from "./batch-entry.ts";
import { type BatchState, type KnownSubmission, resourcesOf } from "./batch-state.ts";
import { inputsOf } from "./inputs.ts";
import { isFinal } from "./states.ts";

/** What is submitted again under its token where the executor says that nothing was, before it is left for the next look. */
const TRIES = 3;

/** Where entries are written before they are acted on. */
export interface EntryWriter {
  readonly state: BatchState;
  write(entry: BatchEntry): Promise<void>;
}

/** What a client works with. */
export interface ClientParts {
  readonly batch: BatchFolder;
  readonly executor: Executor;
  readonly journal: EntryWriter;
  readonly now: () => number;
}

/** Of one call. */
export interface CallOptions {
  readonly signal: AbortSignal | undefined;
  /** Told what goes wrong and is not final, a sentence. */
  readonly tell: (problem: string) => void;
}

/** Hands arrays to an executor, each once. */
export class Submitter {
  readonly #parts: ClientParts;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /**
   * Submits what is wanted, as far as what it needs is there, or is in an array that it can wait for.
   *
   * @throws `TWIN_EXECUTOR_REFUSED`; the signal's reason
   */
  async advance(options: CallOptions): Promise<void> {
    const { batch, executor, journal } = this.#parts;
    const { state } = journal;
    for (const { name } of batch.document.stages) {
      if (!state.runs(name).some(({ isWanted }) => isWanted)) continue;
      const arrays = this.#groups(name);
      if (arrays.length === 0) continue;
      let most: number;
      try {
        most = (await executor.limits({ signal: options.signal })).arraySize;
      } catch (error) {
        options.signal?.throwIfAborted();
        return options.tell(reasonOf(error));
      }
      for (const { runs, after } of arrays) {
        const packing = state.settings?.packing[name] ?? 1;
        const size = Math.max(packing, Math.ceil(runs.length / most));
        await this.#begin(name, { elements: pack(runs, size), after }, options);
      }
    }
  }

  /**
   * Finds out what became of submissions that were begun, and of which nobody knows whether they succeeded.
   *
   * @throws `TWIN_EXECUTOR_REFUSED`; the signal's reason
   */
  async settle(options: CallOptions): Promise<void> {
    for (const { token, state } of this.#parts.journal.state.submissions) {
      if (state === "submitting") await this.#settle(token, options);
    }
  }

  /**
   * Gives up submissions of which it stays unknown whether they succeeded: takes their elements, so that they do nothing if
   * they start after all.
   */
  async revoke(why: string): Promise<void> {
    for (const { token, state } of this.#parts.journal.state.submissions) {
      if (state === "submitting") await this.#revoke(token, why);
    }
  }

  async #revoke(token: string, why: string): Promise<void> {
    const { batch, journal, now } = this.#parts;
    const workers = new Set<string>();
    for (const element of this.#submission(token).elements.keys()) {
      const claim = await batch.claimElement(token, element, { job: REVOKED, restart: 0, clock: { now } });
      if (claim !== "ours") workers.add(claim.takenBy);
    }
    // It was submitted, and has begun.
    for (const id of workers) await journal.write({ type: "submitted", at: now(), token, id });
    if (workers.size === 0) await journal.write({ type: "abandoned", at: now(), token, why });
  }

  /** Wanted runs of a stage that can be submitted now, by what they wait for. */
  #groups(stage: string): readonly { readonly runs: readonly number[]; readonly after: readonly string[] }[] {
    const { batch, journal } = this.#parts;
    const ready: number[] = [];
    const waiting: number[] = [];
    const after = new Set<string>();
    for (const [run, { isWanted }] of journal.state.runs(stage).entries()) {
      if (!isWanted) continue;
      const inputs = inputsOf(batch.stage(stage), run, journal.state);
      if (inputs === "ready") ready.push(run);
      if (inputs !== "waiting") continue;
      const before = this.#arraysBefore(stage, run);
      if (!before) continue;
      waiting.push(run);
      for (const token of before) after.add(token);
    }
    return [
      { runs: ready, after: [] },
      { runs: waiting, after: [...after] },
    ].filter(({ runs }) => runs.length > 0);
  }

  /** Tokens of the arrays that make what a run needs; `undefined` where they cannot be waited for. */
  #arraysBefore(stage: string, run: number): readonly string[] | undefined {
    const { batch, journal } = this.#parts;
    const tokens = new Set<string>();
    for (const input of Object.values(batch.stage(stage).inputs)) {
      if (!("stage" in input)) continue;
      const needed = journal.state.runs(input.stage)[run];
      if (needed?.state === "succeeded") continue;
      const submission = journal.state.submission(needed?.token);
      if (submission?.state !== "submitted" || this.#willNotSucceed(submission)) return undefined;
      tokens.add(submission.token);
    }
    return [...tokens];
  }

  /** Whether a part of an array is known not to succeed: what waits for all of it would be canceled. */
  #willNotSucceed({ stage, elements, token }: KnownSubmission): boolean {
    const runs = this.#parts.journal.state.runs(stage);
    return elements.some((own) =>
      own.some((run) => {
        const standing = runs[run];
        return (
          standing?.token === token &&
          standing.state !== "succeeded" &&
          (isFinal(standing.state) || standing.state === "canceling")
        );
      }),
    );
  }

  async #begin(
    stage: string,
    { elements, after }: { readonly elements: readonly (readonly number[])[]; readonly after: readonly string[] },
    options: CallOptions,
  ): Promise<void> {
    const { batch, journal, now } = this.#parts;
    options.signal?.throwIfAborted();
    const token = randomBytes(16).toString("hex");
    await batch.writeSubmission({ token, batch: batch.id, stage, elements });
    await journal.write({
      type: "submitting",
      at: now(),
      token,
      stage,
      elements: elements.map((own) => [...own]),
      after: [...after],
    });
    if (!(await this.#submit(token, options))) await this.#settle(token, options);
  }

  /** @returns Whether it is known now what became of it. @throws `TWIN_EXECUTOR_REFUSED` */
  async #submit(token: string, { signal, tell }: CallOptions): Promise<boolean> {
    const { executor, journal, now } = this.#parts;
    let id: string;
    try {
      ({ id } = await executor.submit(this.#arrayJob(token), { signal }));
    } catch (error) {
      // An array that cannot be right has not been submitted either.
      if (error instanceof ExecutorRefusedError || error instanceof InvalidArgumentError) {
        await journal.write({ type: "refused", at: now(), token, reason: reasonOf(error) });
        throw error;
      }
      signal?.throwIfAborted();
      tell(reasonOf(error));
      return false;
    }
    await journal.write({ type: "submitted", at: now(), token, id });
    return true;
  }

  async #settle(token: string, options: CallOptions): Promise<void> {
    const { batch, executor, journal, now } = this.#parts;
    const { signal, tell } = options;
    for (let tries = 0; tries < TRIES; tries++) {
      let found: Awaited<ReturnType<Executor["find"]>> = "unknown";
      try {
        found = await executor.find(token, { signal });
      } catch (error) {
        signal?.throwIfAborted();
        tell(reasonOf(error));
      }
      if (typeof found === "object") return await journal.write({ type: "submitted", at: now(), token, id: found.id });
      const { stage, elements } = this.#submission(token);
      const isWithdrawn = elements.flat().some((run) => journal.state.runs(stage)[run]?.state === "canceling");
      if (found === "unknown") {
        // An element that has begun is as good as an answer.
        const [witness] = (await batch.witnesses(token)).filter(({ job }) => job !== REVOKED);
        if (witness) return await journal.write({ type: "submitted", at: now(), token, id: witness.job });
        if (isWithdrawn)
          return await this.#revoke(token, "It was canceled before it was known whether it had been submitted.");
        return;
      }
      if (isWithdrawn) {
        return await journal.write({
          type: "abandoned",
          at: now(),
          token,
          why: "It was canceled before it was submitted.",
        });
      }
      if (await this.#submit(token, options)) return;
    }
  }

  #arrayJob(token: string): ArrayJob {
    const { batch, journal } = this.#parts;
    const submission = this.#submission(token);
    const { settings, stage, elements, after } = submission;
    const { command, workingFolder, environment, atOnce } = settings;
    return batchArrayJob(batch, {
      ...{ token, stage, command, workingFolder, environment, atOnce },
      elements: elements.length,
      resources: resourcesOf(submission),
      after: after.flatMap((each) => journal.state.submission(each)?.ids ?? []),
    });
  }

  #submission(token: string): KnownSubmission {
    const submission = this.#parts.journal.state.submission(token);
    if (!submission) throw new RangeError(`There is no submission ${token}.`);
    return submission;
  }
}

/** The job in the witness of an element that a client took from a submission. */
export const REVOKED = "revoked";
