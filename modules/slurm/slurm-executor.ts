import { setTimeout as sleep } from "node:timers/promises";
import {
  type ArrayJob,
  type ElementStatus,
  type ExecutorCallOptions,
  type ExecutorLimits,
  ExecutorRefusedError,
  ExecutorUnreachableError,
  makeFolders,
  type SubmittedArray,
} from "../../core/index.ts";
import { commandEnvironment } from "./command-environment.ts";
import { SLURM, submissionFailure, words } from "./command-failure.ts";
import type { CommandRunner } from "./command-runner.ts";
import { HeardArray } from "./heard.ts";
import { slurmJob } from "./job.ts";
import type { SlurmConfig } from "./parse-config.ts";
import type { SlurmQuestions } from "./questions.ts";
import { renderScript } from "./render-script.ts";
import type { SlurmSettings } from "./settings.ts";
import type { Slurm, SlurmSite } from "./slurm.ts";

/** What {@link SlurmExecutor} is made of. */
export interface SlurmExecutorParts {
  readonly settings: SlurmSettings;
  readonly runner: CommandRunner;
  readonly questions: SlurmQuestions;
  /** Of the process, with what a user has set. */
  readonly environment: NodeJS.ProcessEnv;
  /** What the profile says of itself. */
  readonly profile?: string | undefined;
  /** How long after a submission without an answer it may still be taken, ms. */
  readonly settleMs?: number | undefined;
}

/** Between two looks for an array that may still be taken, ms. */
const LOOK_AGAIN_MS = 1000;

/** Arrays as job arrays of Slurm. */
export class SlurmExecutor implements Slurm {
  readonly name = SLURM;
  readonly #parts: SlurmExecutorParts;
  #accounting: boolean | undefined;
  readonly #heard = new Map<string, HeardArray>();
  /** When submissions of this process began and ended, ms of `performance.now()`, by token. */
  readonly #submissions = new Map<string, { readonly begun: number; ended: number }>();

  constructor(parts: SlurmExecutorParts) {
    this.#parts = parts;
  }

  get command(): SlurmSettings["command"] {
    return this.#parts.settings.command;
  }

  script(array: ArrayJob): string {
    return renderScript(slurmJob(array, this.#parts.settings));
  }

  async limits({ signal }: ExecutorCallOptions = {}): Promise<ExecutorLimits> {
    const config = await this.#parts.questions.config(signal);
    return { arraySize: this.#arraySize(config), remembers: config.accounting };
  }

  async submit(array: ArrayJob, { signal }: ExecutorCallOptions = {}): Promise<SubmittedArray> {
    const { runner, environment } = this.#parts;
    const input = this.script(array);
    const { arrayLimit = array.elements } = this.#parts.settings;
    if (array.elements > arrayLimit) {
      const reason = `${array.elements} elements are more than the ${arrayLimit} of this site's \`arrayLimit\`.`;
      throw new ExecutorRefusedError(SLURM, reason);
    }
    await makeFolders(array.logFolder);
    signal?.throwIfAborted();
    const submission = { begun: performance.now(), ended: Number.POSITIVE_INFINITY };
    this.#submissions.set(array.token, submission);
    try {
      const finished = await runner.run("sbatch", ["--parsable"], {
        signal,
        input,
        environment: commandEnvironment(environment, overruled(input)),
      });
      if (finished.code !== 0) throw submissionFailure(finished);
      // With several clusters the id is followed by the name of the cluster.
      const id = /^(\d+)(?:;\S*)?\s*$/.exec(finished.stdout)?.[1];
      if (id !== undefined) return { token: array.token, id, elements: array.elements };
      const problem = `sbatch ended well and gave no id: ${JSON.stringify(finished.stdout.slice(0, 200))}. ${words(finished)}`;
      throw new ExecutorUnreachableError(SLURM, problem);
    } finally {
      submission.ended = performance.now();
    }
  }

  async find(token: string, { signal }: ExecutorCallOptions = {}): Promise<SubmittedArray | "none" | "unknown"> {
    const begun = performance.now();
    const { questions } = this.#parts;
    const config = await questions.config(signal);
    const settleMs = this.#parts.settleMs ?? 2000 * config.messageTimeoutS;
    for (;;) {
      const found = await this.#look(token, config, signal);
      if (found !== "none") return found;
      const left = (this.#submissions.get(token)?.ended ?? begun) + settleMs - performance.now();
      if (left <= 0) return "none";
      await sleep(Math.min(left, LOOK_AGAIN_MS), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  async observe(
    arrays: readonly SubmittedArray[],
    { signal }: ExecutorCallOptions = {},
  ): Promise<readonly (readonly ElementStatus[])[]> {
    if (arrays.length === 0) return [];
    const { questions } = this.#parts;
    const rows = await questions.elements(
      arrays.map(({ token }) => token),
      signal,
    );
    const heard = arrays.map((array) => this.#heardOf(array));
    for (const each of heard) each.hear(rows);
    const missing = arrays.filter((_, index) => (heard[index]?.silent().length ?? 0) > 0);
    const accounts = missing.length === 0 ? [] : await this.#accountsOf(missing, signal);
    for (const each of heard) each.hearAccounts(accounts);
    return heard.map((each) => each.statuses());
  }

  async cancel({ token }: SubmittedArray, { signal }: ExecutorCallOptions = {}): Promise<void> {
    await this.#parts.questions.cancel(token, signal);
  }

  async describeSite({ signal }: ExecutorCallOptions = {}): Promise<SlurmSite> {
    const { questions, profile } = this.#parts;
    const config = await questions.config(signal);
    return {
      cluster: config.clusterName,
      version: config.version,
      partitions: await questions.partitions(signal),
      arraySize: this.#arraySize(config),
      accounting: config.accounting,
      remembersForS: config.minJobAgeS,
      preemption: {
        mode: config.preemptType === "preempt/none" ? "OFF" : config.preemptMode,
        announced: config.preemptionIsAnnounced,
      },
      requeuesByDefault: config.jobRequeue,
      profile,
    };
  }

  #arraySize({ maxArraySize }: SlurmConfig): number {
    return Math.min(maxArraySize, this.#parts.settings.arrayLimit ?? maxArraySize);
  }

  #heardOf(array: SubmittedArray): HeardArray {
    const key = `${array.token}/${array.id}`;
    const heard = this.#heard.get(key) ?? new HeardArray(array);
    this.#heard.set(key, heard);
    return heard;
  }

  /** Nobody answers for the accounts where there are none, or where their database is down: then nothing is heard. */
  async #accountsOf(
    arrays: readonly SubmittedArray[],
    signal: AbortSignal | undefined,
  ): ReturnType<SlurmQuestions["accounts"]> {
    const { questions } = this.#parts;
    try {
      if (!(await this.#hasAccounts(signal))) return [];
      return await questions.accounts(
        arrays.map(({ token }) => token),
        signal,
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ExecutorUnreachableError) return [];
      throw error;
    }
  }

  async #hasAccounts(signal: AbortSignal | undefined): Promise<boolean> {
    this.#accounting ??= (await this.#parts.questions.config(signal)).accounting;
    return this.#accounting;
  }

  /** Looks once. `"none"`: neither the controller nor the accounts know of it, and both would. */
  async #look(
    token: string,
    config: SlurmConfig,
    signal: AbortSignal | undefined,
  ): Promise<SubmittedArray | "none" | "unknown"> {
    const { questions } = this.#parts;
    const found = toArray(token, await questions.arrays(token, signal));
    if (found !== undefined) return found;
    if (!config.accounting) return this.#wouldBeKnown(token, config) ? "none" : "unknown";
    try {
      return toArray(token, await questions.accounts([token], signal)) ?? "none";
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ExecutorUnreachableError) return "unknown";
      throw error;
    }
  }

  /** Without accounts: whether the controller would still know an array that had ended at once. */
  #wouldBeKnown(token: string, { minJobAgeS }: SlurmConfig): boolean {
    const begun = this.#submissions.get(token)?.begun;
    // A tenth less, for the controller counts by its own clock and in whole seconds.
    return begun !== undefined && performance.now() - begun < 900 * minJobAgeS;
  }
}

/** Of several under one token the first: who is second finds the witnesses of the first. */
function toArray(
  token: string,
  rows: readonly { readonly id: string; readonly comment?: string; readonly elements: readonly number[] | undefined }[],
): SubmittedArray | undefined {
  const [id] = [...new Set(rows.map((row) => row.id))].sort((a, b) => Number(a) - Number(b));
  if (id === undefined) return undefined;
  const own = rows.filter((row) => row.id === id);
  const written = own.map(({ comment = "" }) => /^twinloom:[0-9a-f]{32}:(\d+) /.exec(comment)?.[1]).find(Boolean);
  // Accounts may keep no comments: then the highest index tells, for every element is named there.
  const elements =
    written === undefined
      ? 1 + own.reduce((most, row) => (row.elements ?? []).reduce((a, b) => Math.max(a, b), most), 0)
      : Number(written);
  return { token, id, elements };
}

/** Variables with which a user's own habits would go before what the script says. */
function overruled(script: string): ReadonlySet<string> {
  const named = [...script.matchAll(/^#SBATCH --([a-z-]+)/gm)].map(([, name = ""]) => name);
  return new Set(named.map((name) => `SBATCH_${name.toUpperCase().replaceAll("-", "_")}`));
}
