import { availableParallelism, hostname } from "node:os";
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  type ArrayJob,
  checkArrayJob,
  checkArrayToken,
  type ElementStatus,
  type Executor,
  type ExecutorCallOptions,
  type ExecutorLimits,
  ExecutorRefusedError,
  ExecutorUnreachableError,
  InvalidArgumentError,
  lockHolder,
  type ProcessIdentity,
  type SubmittedArray,
  TwinError,
} from "../../core/index.ts";
import { lastEvents, statusOf } from "./element-journal.ts";
import { defaultFolder, LocalFolder } from "./local-folder.ts";
import { startSupervisor } from "./start-supervisor.ts";

/** Elements of one array: each has a line in what is written of it. */
const MOST_ELEMENTS = 100_000;

/** How a {@link LocalExecutor} runs things. */
export interface LocalExecutorOptions {
  /**
   * Most processes that run at the same time, of all arrays of the folder together; as many as there are processors by
   * default. Of a folder that is at work already, it is that of whoever submitted first.
   */
  readonly processes?: number | undefined;
  /** Where it writes what runs and how it ended; `twinloom/local` in the user's state folder by default. */
  readonly folder?: string | undefined;
}

/**
 * Runs arrays as processes of this computer, as a batch system does: they go on when the program that submitted them ends,
 * under a supervisor, a process that ends when nothing is left to run.
 *
 * Elements run in the environment of whoever submitted first, in groups of their own, and in the order of submission;
 * one takes as many places as it asks for `cpus`, all of them at most. `memoryMiB` and `gpus` are not enforced, nor is
 * anything given to an element alone. At its time limit an element gets SIGTERM, and SIGKILL 5 s later, with all that it
 * started; one that ends with 0 has succeeded all the same. One that asks to be started again within 1 s of its start, more
 * than 5 times in a row, has failed. What an element started, and did not wait for, ends with it.
 *
 * If the supervisor is killed, its elements are ended by the next call that looks: those that ran or waited are then
 * `failed`, `lost`. Until then, they are `unknown`. Arrays are remembered as long as the folder is there.
 */
export class LocalExecutor implements Executor {
  readonly name = "local";
  readonly #folder: LocalFolder;
  readonly #processes: number;

  /** @throws `TWIN_INVALID_ARGUMENT` */
  constructor({ processes = availableParallelism(), folder = defaultFolder() }: LocalExecutorOptions = {}) {
    if (!Number.isSafeInteger(processes) || processes < 1) {
      throw new InvalidArgumentError(`The number of processes is a whole number, 1 or more, not ${processes}.`);
    }
    this.#folder = new LocalFolder(resolve(folder));
    this.#processes = processes;
  }

  async limits({ signal }: ExecutorCallOptions = {}): Promise<ExecutorLimits> {
    signal?.throwIfAborted();
    return { arraySize: MOST_ELEMENTS, atOnce: this.#processes, remembers: true };
  }

  /**
   * The same array under the same token is not submitted twice: the one that is there is returned.
   *
   * @throws `TWIN_INVALID_ARGUMENT`; `TWIN_EXECUTOR_REFUSED` for a predecessor that is not there, another array under a token
   *   that is taken, and more than 100 000 elements; `TWIN_EXECUTOR_UNREACHABLE` where the folder cannot be written or the
   *   supervisor not started; the signal's reason.
   */
  async submit(array: ArrayJob, { signal }: ExecutorCallOptions = {}): Promise<SubmittedArray> {
    checkArrayJob(array);
    signal?.throwIfAborted();
    if (array.elements > MOST_ELEMENTS) {
      throw new ExecutorRefusedError("local", `It has ${array.elements} elements, of at most ${MOST_ELEMENTS}.`);
    }
    // As it is read again.
    const job = JSON.parse(JSON.stringify(array)) as ArrayJob;
    const { token, elements } = job;
    return await this.#reach("submit", async () => {
      for (const id of job.after ?? []) {
        if (!(await this.#arrayOf(id))) throw new ExecutorRefusedError("local", `There is no array ${id} to wait for.`);
      }
      await this.#folder.make();
      const isNew = await this.#folder.addArray({ schemaVersion: 1, submittedMs: Date.now(), job });
      if (!isNew && !isDeepStrictEqual((await this.#folder.array(token))?.job, job)) {
        throw new ExecutorRefusedError("local", `Another array was submitted under the token ${token}.`);
      }
      if (!(await this.#folder.ended(token))) await this.#supervise(signal);
      return { token, id: token, elements };
    });
  }

  /** @returns Never `"unknown"`: what was submitted is written down. */
  async find(token: string, { signal }: ExecutorCallOptions = {}): Promise<SubmittedArray | "none"> {
    checkArrayToken(token);
    signal?.throwIfAborted();
    const array = await this.#reach("look for an array", () => this.#folder.array(token));
    return array ? { token, id: token, elements: array.job.elements } : "none";
  }

  /** Starts the supervisor where there should be one, and none is. */
  async observe(
    arrays: readonly SubmittedArray[],
    { signal }: ExecutorCallOptions = {},
  ): Promise<readonly (readonly ElementStatus[])[]> {
    signal?.throwIfAborted();
    return await this.#reach("observe", async () => {
      const holder = await lockHolder(this.#folder.supervisor);
      const all = await Promise.all(arrays.map((array) => this.#statuses(array, { holder, signal })));
      if (!holder && all.some(({ isUnattended }) => isUnattended)) await this.#supervise(signal);
      return all.map(({ statuses }) => statuses);
    });
  }

  async cancel({ id }: SubmittedArray, { signal }: ExecutorCallOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    await this.#reach("cancel", async () => {
      if (!(await this.#arrayOf(id)) || (await this.#folder.ended(id))) return;
      await this.#folder.cancel(id);
      await this.#supervise(signal);
    });
  }

  async #statuses(
    { id, elements }: SubmittedArray,
    { holder, signal }: { readonly holder: ProcessIdentity | undefined; readonly signal: AbortSignal | undefined },
  ): Promise<{ readonly statuses: readonly ElementStatus[]; readonly isUnattended?: boolean }> {
    const unknown = (reason: string): readonly ElementStatus[] =>
      Array.from({ length: elements }, (_, element) => ({ element, state: "unknown", reason }));
    if (!(await this.#arrayOf(id))) return { statuses: unknown("No such array was submitted.") };
    const ended = await this.#folder.ended(id);
    if (ended) return { statuses: ended };
    if (!holder) return { statuses: unknown("Its supervisor is gone, or not there yet."), isUnattended: true };
    if (holder.host !== hostname()) return { statuses: unknown(`It runs on ${holder.host}.`) };
    const last = await lastEvents(this.#folder, id, { signal });
    // Its journal is removed when it is over.
    const over = last === undefined ? await this.#folder.ended(id) : undefined;
    return { statuses: over ?? Array.from({ length: elements }, (_, i) => statusOf(last?.get(i), i)) };
  }

  /** Ids are tokens; what is none names no file. */
  async #arrayOf(id: string): Promise<unknown> {
    return /^[0-9a-f]{32}$/.test(id) ? await this.#folder.array(id) : undefined;
  }

  async #supervise(signal: AbortSignal | undefined): Promise<void> {
    await startSupervisor(this.#folder, { places: this.#processes, signal });
  }

  async #reach<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const isOfSystem = error instanceof Error && "syscall" in error;
      const isRefused = error instanceof TwinError && error.code !== "TWIN_WRITE_FAILED";
      if (isRefused || (!isOfSystem && !(error instanceof TwinError))) throw error;
      const problem = `To ${what}, it needs its folder "${this.#folder.path}": ${error.message}`;
      throw new ExecutorUnreachableError("local", problem, "Check the folder, or give another.", { cause: error });
    }
  }
}
