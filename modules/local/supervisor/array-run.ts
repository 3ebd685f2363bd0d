import { type ElementStatus, type Journal, openJournal } from "../../../core/index.ts";
import { encodeEvent, JOURNAL_KIND, statusOf } from "../element-journal.ts";
import type { ElementEvent, LocalArray, LocalFolder } from "../local-folder.ts";
import { type ElementEnd, ElementProcess } from "./element-process.ts";

/** Exit code of what wants to be started again: EX_TEMPFAIL of sysexits.h. */
const START_AGAIN = 75;
/** A process that asks to be started again sooner than this has done nothing, ms. */
const QUICK_MS = 1000;
/** After so many quick ones, one after the other, it is not started again. */
const MOST_QUICK = 5;

interface Waiting {
  readonly element: number;
  readonly restart: number;
  readonly quick: number;
}

/** One array while it is not over. */
export class ArrayRun {
  readonly id: string;
  readonly array: LocalArray;
  readonly #folder: LocalFolder;
  readonly #journal: Journal;
  readonly #last = new Map<number, ElementEvent>();
  readonly #running = new Map<number, ElementProcess>();
  /** Elements of these and above were never started. */
  #next = 0;
  readonly #again: Waiting[] = [];
  /** Being started: they have a place, and no process yet. */
  #starting = 0;
  #final = 0;
  #endedAs: { readonly state: "canceled" | "lost"; readonly reason: string } | undefined;

  private constructor(folder: LocalFolder, array: LocalArray, journal: Journal) {
    this.#folder = folder;
    this.array = array;
    this.id = array.job.token;
    this.#journal = journal;
  }

  static async open(folder: LocalFolder, array: LocalArray): Promise<ArrayRun> {
    return new ArrayRun(folder, array, await openJournal(folder.states(array.job.token), { kind: JOURNAL_KIND }));
  }

  /** How many places of the pool an element takes, where there are so many. */
  get width(): number {
    return this.array.job.resources.cpus ?? 1;
  }

  /** How many elements have a place. */
  get active(): number {
    return this.#running.size + this.#starting;
  }

  get isOver(): boolean {
    return this.#final === this.array.job.elements && this.active === 0;
  }

  get hasWaiting(): boolean {
    const { elements, atOnce = elements } = this.array.job;
    if (this.#endedAs || this.active >= atOnce) return false;
    return this.#next < elements || this.#again.length > 0;
  }

  /** Runs the next element that waits, until it has ended. */
  async runNext(): Promise<void> {
    const { job } = this.array;
    const waiting = this.#again.shift() ?? { element: this.#next++, restart: 0, quick: 0 };
    const { element, restart } = waiting;
    this.#starting++;
    let running: ElementProcess;
    try {
      running = await ElementProcess.prepare(job, { element, restart });
    } catch (error) {
      this.#starting--;
      await this.#settle({ element, state: "failed", cause: "system", reason: `${(error as Error).message}.` });
      return;
    }
    this.#running.set(element, running);
    this.#starting--;
    await this.#tell({ element, state: "running", restart, process: running.identity });
    if (this.#endedAs) running.end();
    else running.go(job.resources);
    const end = await running.ended;
    this.#running.delete(element);
    await this.#afterEnd(waiting, end);
  }

  /** Ends what runs and what waits. */
  async end(as: { readonly state: "canceled" | "lost"; readonly reason: string }): Promise<void> {
    if (this.#endedAs) return;
    this.#endedAs = as;
    const waiting = this.#again.splice(0).map(({ element }) => element);
    while (this.#next < this.array.job.elements) waiting.push(this.#next++);
    for (const running of this.#running.values()) running.end();
    await Promise.all(waiting.map((element) => this.#settle(endOf(element, as))));
  }

  /** Writes down how it ended. */
  async close(): Promise<readonly ElementStatus[]> {
    await this.#journal.close();
    const statuses = Array.from({ length: this.array.job.elements }, (_, i) => statusOf(this.#last.get(i), i));
    await this.#folder.end(this.id, statuses);
    return statuses;
  }

  async #afterEnd({ element, restart, quick }: Waiting, end: ElementEnd): Promise<void> {
    const { exitCode, signal, wasOutOfTime, ranMs } = end;
    if (this.#endedAs) return await this.#settle(endOf(element, this.#endedAs));
    if (exitCode === 0) return await this.#settle({ element, state: "succeeded", exitCode });
    if (exitCode === START_AGAIN) {
      const quickNow = ranMs < QUICK_MS ? quick + 1 : 0;
      if (quickNow <= MOST_QUICK) {
        this.#again.push({ element, restart: restart + 1, quick: quickNow });
        return await this.#tell({ element, state: "queued", restart: restart + 1 });
      }
      const reason = `It asked to be started again ${quickNow} times in a row within ${QUICK_MS} ms of its start.`;
      return await this.#settle({ element, state: "failed", cause: "executor", exitCode, reason });
    }
    const cause = wasOutOfTime ? "timeout" : "executor";
    const how = exitCode === null ? { native: String(signal) } : { exitCode };
    const reason = wasOutOfTime
      ? { reason: `Its time limit of ${this.array.job.resources.timeLimitS} s was over.` }
      : {};
    await this.#settle({ element, state: "failed", cause, ...how, ...reason });
  }

  async #settle(status: ElementStatus): Promise<void> {
    this.#final++;
    await this.#tell(status);
  }

  async #tell(event: ElementEvent): Promise<void> {
    this.#last.set(event.element, event);
    await this.#journal.append(encodeEvent(event));
  }
}

/** How an element ends that is not let run to its end. */
export function endOf(
  element: number,
  { state, reason }: { readonly state: "canceled" | "lost"; readonly reason: string },
): ElementStatus {
  return state === "canceled" ? { element, state, reason } : { element, state: "failed", cause: "lost", reason };
}
