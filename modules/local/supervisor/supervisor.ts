import { type FSWatcher, watch } from "node:fs";
import { type ElementStatus, FileLockedError, identifyProcess, lockFile } from "../../../core/index.ts";
import { lastEvents, statusOf } from "../element-journal.ts";
import type { ElementEvent, LocalFolder } from "../local-folder.ts";
import { ArrayRun, endOf } from "./array-run.ts";
import { endLeftGroup } from "./end-group.ts";

/** How often the folder is looked at where the system does not tell that it changed, ms. */
const LOOK_MS = 1000;

/** Runs the arrays of a folder, as many processes at once as there are places, until none is left. */
export class Supervisor {
  readonly #folder: LocalFolder;
  readonly #places: number;
  /** In the order in which they were submitted. */
  readonly #runs = new Map<string, ArrayRun>();
  /** Of arrays that are over: whether all their elements succeeded. */
  readonly #outcomes = new Map<string, boolean>();
  #used = 0;
  #wake: (() => void) | undefined;
  #isWoken: boolean = false;
  #isStopping: boolean = false;
  /** Why it cannot go on: it cannot write. */
  #failure: unknown;

  constructor(folder: LocalFolder, { places }: { readonly places: number }) {
    this.#folder = folder;
    this.#places = places;
  }

  /** Ends what runs; it is lost, and so is what waits. */
  stop(): void {
    this.#isStopping = true;
    this.#notify();
  }

  /** Returns at once where another supervises the folder. */
  async run(): Promise<void> {
    const watchers = [this.#folder.arrays, this.#folder.canceled].map((path) => this.#watch(path));
    try {
      // What is submitted after the last look, and before the lock is free, nobody else would run.
      do {
        const unlock = await lockFile(this.#folder.supervisor);
        try {
          await this.#endLeft();
          await this.#work();
        } finally {
          await unlock();
        }
      } while (!this.#isStopping && (await this.#folder.unfinished()).length > 0);
    } catch (error) {
      if (!(error instanceof FileLockedError)) throw error;
    } finally {
      for (const watcher of watchers) watcher?.close();
    }
  }

  /** What a supervisor that was killed had taken is lost; what of it still runs is ended. */
  async #endLeft(): Promise<void> {
    const [here, canceled] = [await identifyProcess(), await this.#folder.canceledIds()];
    for (const id of await this.#folder.unfinished()) {
      let last: ReadonlyMap<number, ElementEvent> | undefined;
      let reason = "Its supervisor was killed.";
      try {
        last = await lastEvents(this.#folder, id);
      } catch (error) {
        // Without what it says, all that is certain is that nobody supervises these elements.
        last = new Map();
        reason = `Its supervisor was killed, and what it wrote cannot be read: ${(error as Error).message}`;
      }
      const array = last && (await this.#folder.array(id));
      if (!last || !array) continue;
      const as = canceled.has(id)
        ? ({ state: "canceled", reason: "It was canceled." } as const)
        : ({ state: "lost", reason } as const);
      const statuses: ElementStatus[] = [];
      for (let element = 0; element < array.job.elements; element++) {
        const event = last.get(element);
        if (event !== undefined && "process" in event) await endLeftGroup(event.process, here);
        statuses.push(event && !("restart" in event) ? statusOf(event, element) : endOf(element, as));
      }
      await this.#folder.end(id, statuses);
    }
  }

  async #work(): Promise<void> {
    for (;;) {
      this.#isWoken = false;
      if (this.#failure !== undefined) throw this.#failure;
      if (!this.#isStopping) await this.#take();
      await this.#endCanceled();
      await this.#close();
      if (this.#runs.size === 0) return;
      const isChanged = await this.#judgePredecessors();
      if (isChanged) continue;
      this.#fill();
      await this.#untilWoken();
    }
  }

  async #take(): Promise<void> {
    const news = (await this.#folder.unfinished()).filter((id) => !this.#runs.has(id));
    const arrays = await Promise.all(news.map((id) => this.#folder.array(id)));
    const found = arrays.filter((array) => array !== undefined);
    for (const array of found.toSorted((a, b) => a.submittedMs - b.submittedMs)) {
      this.#runs.set(array.job.token, await ArrayRun.open(this.#folder, array));
    }
  }

  async #endCanceled(): Promise<void> {
    const canceled = await this.#folder.canceledIds();
    for (const run of this.#runs.values()) {
      if (this.#isStopping) await run.end({ state: "lost", reason: "Its supervisor was told to end." });
      else if (canceled.has(run.id)) await run.end({ state: "canceled", reason: "It was canceled." });
    }
  }

  async #close(): Promise<void> {
    for (const run of this.#runs.values()) {
      if (!run.isOver) continue;
      this.#outcomes.set(run.id, isSuccess(await run.close()));
      this.#runs.delete(run.id);
    }
  }

  /** @returns Whether an array was ended because one before it has failed. */
  async #judgePredecessors(): Promise<boolean> {
    let isChanged = false;
    for (const run of this.#runs.values()) {
      for (const id of run.array.job.after ?? []) {
        if ((await this.#outcomeOf(id)) !== false || run.isOver) continue;
        await run.end({ state: "canceled", reason: `The array ${id} before it has failed.` });
        isChanged = true;
      }
    }
    return isChanged;
  }

  /** Whether all elements of an array succeeded; nothing while it is not over. */
  async #outcomeOf(id: string): Promise<boolean | undefined> {
    const known = this.#outcomes.get(id);
    if (known !== undefined || this.#runs.has(id)) return known;
    const ended = await this.#folder.ended(id);
    if (ended) this.#outcomes.set(id, isSuccess(ended));
    return this.#outcomes.get(id);
  }

  #fill(): void {
    for (const run of this.#runs.values()) {
      if ((run.array.job.after ?? []).some((id) => this.#outcomes.get(id) !== true)) continue;
      const width = Math.min(run.width, this.#places);
      while (run.hasWaiting) {
        // Narrower ones that come later do not pass: the wide one would wait for ever.
        if (this.#used + width > this.#places) return;
        this.#used += width;
        run.runNext().then(
          () => this.#give(width),
          (error: unknown) => {
            this.#failure ??= error;
            this.#give(width);
          },
        );
      }
    }
  }

  #give(width: number): void {
    this.#used -= width;
    this.#notify();
  }

  #watch(path: string): FSWatcher | undefined {
    try {
      // Without it, the folder is looked at now and then.
      return watch(path, () => this.#notify()).on("error", () => undefined);
    } catch {
      return undefined;
    }
  }

  #notify(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  async #untilWoken(): Promise<void> {
    if (this.#isWoken) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, LOOK_MS);
    });
    clearTimeout(timer);
    this.#wake = undefined;
  }
}

function isSuccess(statuses: readonly ElementStatus[]): boolean {
  return statuses.every(({ state }) => state === "succeeded");
}
