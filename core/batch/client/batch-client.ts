import { setTimeout } from "node:timers/promises";
import type { Clock } from "../../contracts/clock.ts";
import { ExecutorRefusedError } from "../../contracts/executor-errors.ts";
import type { Log } from "../../contracts/log.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { TaskRunId } from "../batch-document.ts";
import { BatchFolder } from "../batch-folder.ts";
import type { SubmitSettings } from "./batch-entry.ts";
import { BatchJournal, readBatchState } from "./batch-journal.ts";
import type { TaskRunStanding } from "./batch-state.ts";
import { type BatchStatus, statusOf } from "./batch-status.ts";
import { Observer } from "./observer.ts";
import type {
  OpenBatchOptions,
  RefreshBatchOptions,
  ResumeBatchOptions,
  SubmitBatchOptions,
  WatchBatchOptions,
} from "./options.ts";
import { retry } from "./retry.ts";
import { type Ranges, toRanges } from "./run-ranges.ts";
import { isFinal } from "./states.ts";
import { type CallOptions, type ClientParts, type EntryWriter, Submitter } from "./submitter.ts";

/** How long a result may take to be seen, and a submission to be found, by default [ms]. */
const GRACE_MS = 120_000;
/** How long nothing may be heard of an element by default [ms]: the controller of a cluster may be away for minutes. */
const LOST_MS = 600_000;
/** How much longer each look waits where nothing has changed, and how long at most [ms]. */
const BACK_OFF = 1.5;
const SLOWEST_MS = 30_000;

/**
 * Opens a batch to submit, watch and cancel it. One client at a time does; one that was killed anywhere is gone on from.
 *
 * @throws `TWIN_BATCH_BUSY`, `TWIN_BATCH_MISMATCH`; as {@link BatchFolder.open} does; `TWIN_READ_FAILED` for a journal that is damaged.
 */
export async function openBatch(folder: string, options: OpenBatchOptions): Promise<BatchClient> {
  const batch = await BatchFolder.open(folder);
  const journal = await BatchJournal.open(batch, (options.clock ?? systemClock).now(), options.signal);
  return new BatchClient(batch, journal, options);
}

/**
 * How a batch is by what its client has written down, also while one has it open. Nobody is asked.
 *
 * @throws `TWIN_BATCH_MISMATCH`; as {@link BatchFolder.open} does; `TWIN_READ_FAILED`
 */
export async function readBatchStatus(
  folder: string,
  {
    clock = systemClock,
    signal,
  }: { readonly clock?: Clock | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<BatchStatus> {
  const batch = await BatchFolder.open(folder);
  return statusOf(batch, await readBatchState(batch, signal), { now: clock.now(), graceMs: GRACE_MS });
}

/** Whoever submits a batch, and looks after it. Calls come one after the other. */
export class BatchClient implements AsyncDisposable {
  readonly #batch: BatchFolder;
  readonly #journal: EntryWriter & AsyncDisposable;
  readonly #parts: ClientParts;
  readonly #submitter: Submitter;
  readonly #observer: Observer;
  readonly #now: () => number;
  readonly #graceMs: number;
  readonly #log: Log | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal Made by {@link openBatch}. */
  constructor(batch: BatchFolder, journal: EntryWriter & AsyncDisposable, options: OpenBatchOptions) {
    const { executor, clock = systemClock, graceMs = GRACE_MS, lostMs = LOST_MS, log } = options;
    this.#batch = batch;
    this.#journal = journal;
    this.#now = () => clock.now();
    this.#graceMs = graceMs;
    this.#log = log;
    const parts = { batch, executor, journal, now: this.#now };
    this.#parts = parts;
    this.#submitter = new Submitter(parts);
    this.#observer = new Observer(parts, { graceMs, lostMs });
  }

  /** How the batch is by what is known; nobody is asked. */
  get status(): BatchStatus {
    return this.#status([]);
  }

  /**
   * Submits all task runs that have not been: one array per stage, each after those that it needs. Where nobody knows
   * whether an array was taken, that is found out by its token, now or at the next look; `problems` tells.
   *
   * @throws `TWIN_EXECUTOR_REFUSED` when an array was not taken; what was submitted before it stays submitted. The signal's reason.
   */
  async submit(options: SubmitBatchOptions): Promise<BatchStatus> {
    return await this.#call(options.signal, async (call) => {
      await this.#submitter.settle(call);
      await this.#want(({ state, token }) => state === "created" && token === undefined, options);
      await this.#submitter.advance(call);
    });
  }

  /**
   * Submits anew the task runs that failed, were lost, canceled or skipped, those that never were submitted, and those whose
   * result was taken away (`quarantineResults`). Those that have a result are not run again, and those that have not ended
   * are left.
   *
   * @throws as {@link submit}; `TWIN_INVALID_ARGUMENT` where it was never submitted, and no `command` is given.
   */
  async resume(options: ResumeBatchOptions = {}): Promise<BatchStatus> {
    return await this.#call(options.signal, async (call) => {
      await this.#submitter.settle(call);
      await this.#observer.look(call);
      if (options.force) await this.#submitter.revoke("Given up by whoever resumed the batch.");
      const accepted = new Map<string, ReadonlySet<number>>();
      for (const { name } of this.#batch.document.stages) accepted.set(name, await this.#batch.accepted(name));
      await this.#want(({ state, token }, { stage, run }) => {
        if (state === "succeeded") return accepted.get(stage)?.has(run) !== true;
        return isFinal(state) || (state === "created" && token === undefined);
      }, options);
      await this.#submitter.advance(call);
    });
  }

  /**
   * Looks how the batch is, and goes on with what was begun: a submission, a cancellation. Where the executor cannot be
   * reached, `problems` says so, and states stay as they were, but for results that have come.
   *
   * @throws `TWIN_READ_FAILED`, `TWIN_WRITE_FAILED`, `TWIN_INVALID_ARGUMENT`; the signal's reason
   */
  async refresh({ retries = 0, signal }: RefreshBatchOptions = {}): Promise<BatchStatus> {
    if (!Number.isSafeInteger(retries) || retries < 0) {
      throw new InvalidArgumentError(`Task runs are retried a whole number of times, 0 or more, not ${retries}.`);
    }
    return await this.#call(signal, async (call) => {
      await toldIfRefused(call, () => this.#submitter.settle(call));
      await this.#observer.cancel(call);
      await this.#observer.look(call);
      if (retries > 0) await retry(this.#parts, { retries, tell: call.tell });
      await toldIfRefused(call, () => this.#submitter.advance(call));
    });
  }

  /**
   * Looks again and again, until all task runs have ended or nothing more will happen by itself.
   *
   * @throws as {@link refresh}
   */
  async watch(options: WatchBatchOptions = {}): Promise<BatchStatus> {
    const { onStatus, intervalMs = 2000, retries, signal } = options;
    let waitMs = intervalMs;
    let last = "";
    for (;;) {
      const status = await this.refresh({ retries, signal });
      onStatus?.(status);
      if (status.isEnded || status.isStalled) return status;
      const now = JSON.stringify(status.counts);
      waitMs = now === last ? Math.min(waitMs * BACK_OFF, Math.max(SLOWEST_MS, intervalMs)) : intervalMs;
      last = now;
      await setTimeout(waitMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  /**
   * Asks for all that has not ended to be ended. It is written down first: {@link refresh} asks again until it is so, also
   * after this client was killed.
   *
   * @throws as {@link refresh}
   */
  async cancel(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<BatchStatus> {
    return await this.#call(options.signal, async (call) => {
      await this.#journal.write({ type: "canceling", at: this.#now() });
      await this.#submitter.settle(call);
      await this.#observer.cancel(call);
      await this.#observer.look(call);
    });
  }

  /** Gives the batch back. What was submitted goes on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    await this.#journal[Symbol.asyncDispose]();
  }

  /** Writes down what is to be submitted. */
  async #want(
    which: (standing: TaskRunStanding, id: TaskRunId) => boolean,
    options: Partial<SubmitBatchOptions>,
  ): Promise<void> {
    const { state } = this.#journal;
    const runs: Record<string, Ranges> = {};
    for (const stage of state.stages) {
      const own = [...state.runs(stage).entries()].flatMap(([run, standing]) =>
        which(standing, { stage, run }) ? [run] : [],
      );
      if (own.length > 0) runs[stage] = toRanges(own);
    }
    if (Object.keys(runs).length === 0) return;
    await this.#journal.write({ type: "wanted", at: this.#now(), runs, settings: this.#settings(options) });
  }

  #settings(options: Partial<SubmitBatchOptions>): SubmitSettings {
    const before = this.#journal.state.settings;
    const command = options.command ?? before?.command;
    if (!command) {
      throw new InvalidArgumentError(
        "The batch was never submitted: how to start Twinloom where it runs must be given (`command`).",
      );
    }
    for (const stage of [...Object.keys(options.packing ?? {}), ...Object.keys(options.stageResources ?? {})]) {
      this.#batch.stage(stage);
    }
    const workingFolder = options.workingFolder ?? before?.workingFolder;
    const environment = options.environment ?? before?.environment;
    const atOnce = options.atOnce ?? before?.atOnce;
    return {
      command: [...command],
      ...(workingFolder !== undefined && { workingFolder }),
      ...(environment && { environment: { ...environment } }),
      ...(atOnce !== undefined && { atOnce }),
      resources: options.resources ?? before?.resources ?? {},
      stageResources: { ...(options.stageResources ?? before?.stageResources) },
      packing: { ...(options.packing ?? before?.packing) },
    };
  }

  /** Runs one call after the other. */
  async #call(signal: AbortSignal | undefined, work: (options: CallOptions) => Promise<void>): Promise<BatchStatus> {
    const turn = this.#turn.then(async () => {
      signal?.throwIfAborted();
      const problems: string[] = [];
      const tell = (problem: string): void => {
        problems.push(problem);
        this.#log?.warn({ batch: this.#batch.path, problem }, "Something of a batch did not work, and is tried again.");
      };
      await work({ signal, tell });
      return this.#status(problems);
    });
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  #status(problems: readonly string[]): BatchStatus {
    return statusOf(this.#batch, this.#journal.state, { now: this.#now(), graceMs: this.#graceMs, problems });
  }
}

const systemClock: Clock = { now: () => Date.now() };

/** A refusal of what was wanted earlier is no failure of a look: it is written down, and told. */
async function toldIfRefused({ tell }: CallOptions, call: () => Promise<void>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ExecutorRefusedError || error instanceof InvalidArgumentError)) throw error;
    tell(error.message);
  }
}
