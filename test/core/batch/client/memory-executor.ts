import {
  type ArrayJob,
  type BatchFolder,
  type ElementStatus,
  type Executor,
  type ExecutorLimits,
  ExecutorRefusedError,
  ExecutorUnreachableError,
  type SubmittedArray,
} from "../../../../core/index.ts";
import { Ledger, workElement } from "./scripted-element.ts";

/** Decisions of a schedule: a tape of numbers 0 to 99, and after its end nothing goes wrong any more. */
export class Tape {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get isOver(): boolean {
    return this.#at >= this.#numbers.length;
  }

  /** Whether something happens that happens in so many of a hundred cases. */
  happens(percent: number): boolean {
    return (this.#numbers[this.#at++] ?? 0) >= 100 - percent;
  }
}

interface MemoryElement {
  state: ElementStatus["state"];
  cause?: NonNullable<ElementStatus["cause"]>;
  restart: number;
  process?: AsyncGenerator<void, boolean, undefined> | undefined;
}

interface MemoryArray {
  readonly id: string;
  readonly job: ArrayJob;
  readonly elements: MemoryElement[];
  /** Forgotten as soon as all of its elements have ended, by an executor that forgets. */
  isForgotten: boolean;
  /** On its way: taken, and not to be found yet. */
  isLate: boolean;
}

/** An executor in memory whose elements work in the folder of a batch, and which fails as a tape says. */
export class MemoryExecutor implements Executor {
  readonly name = "memory";
  readonly arrays: MemoryArray[] = [];
  /** How often each token was submitted, and how often it was said before that nothing was. */
  readonly submits: Map<string, { calls: number; toldNone: number }> = new Map();
  readonly ledger: Ledger = new Ledger();
  readonly #folder: BatchFolder;
  readonly #tape: Tape;
  readonly #remembers: boolean;
  readonly #zombies: AsyncGenerator<void, boolean, undefined>[] = [];
  /** Task runs that fail, `<stage>/<run>`, and how often. */
  readonly failing: Map<string, number> = new Map();

  constructor(folder: BatchFolder, tape: Tape, { remembers = true }: { readonly remembers?: boolean } = {}) {
    this.#folder = folder;
    this.#tape = tape;
    this.#remembers = remembers;
  }

  async limits(): Promise<ExecutorLimits> {
    this.#reach(3);
    return { arraySize: 1000, remembers: this.#remembers };
  }

  async submit(job: ArrayJob): Promise<SubmittedArray> {
    const counted = this.submits.get(job.token) ?? { calls: 0, toldNone: 0 };
    this.submits.set(job.token, { ...counted, calls: counted.calls + 1 });
    if (this.#tape.happens(6)) throw new ExecutorRefusedError(this.name, "it had a bad day.");
    this.#reach(10);
    const array = this.#take(job);
    // Twice by an accident within the batch system; and then either of the two is told.
    const other = this.#tape.happens(8) ? this.#take(job) : undefined;
    if (this.#tape.happens(10)) {
      array.isLate = true;
      throw new ExecutorUnreachableError(this.name, "it took the array, and did not say so.");
    }
    this.#reach(15);
    return { token: job.token, id: other?.id ?? array.id, elements: job.elements };
  }

  async find(token: string): Promise<SubmittedArray | "none" | "unknown"> {
    this.#reach(15);
    const own = this.arrays.filter(({ job }) => job.token === token);
    const found = own.find(({ isLate, isForgotten }) => !isLate && !isForgotten);
    if (found) return { token, id: found.id, elements: found.elements.length };
    if (own.length > 0 || !this.#remembers) return "unknown";
    const counted = this.submits.get(token) ?? { calls: 0, toldNone: 0 };
    this.submits.set(token, { ...counted, toldNone: counted.toldNone + 1 });
    return "none";
  }

  async observe(arrays: readonly SubmittedArray[]): Promise<readonly (readonly ElementStatus[])[]> {
    this.#reach(10);
    const isSilent = this.#tape.happens(5);
    return arrays.map(({ id, elements }) => {
      const array = this.arrays.find((each) => each.id === id);
      return Array.from({ length: elements }, (_, element): ElementStatus => {
        const own = array?.elements[element];
        if (!own || array.isForgotten || isSilent || this.#tape.happens(2)) return { element, state: "unknown" };
        return { element, state: own.state, ...(own.cause && { cause: own.cause }) };
      });
    });
  }

  async cancel({ id }: SubmittedArray): Promise<void> {
    this.#reach(20);
    for (const element of this.arrays.find((array) => array.id === id)?.elements ?? []) this.#end(element, "canceled");
  }

  /** Lets all that runs go on by a few steps, and starts what can be started. */
  async tick(): Promise<void> {
    for (const zombie of this.#zombies) await zombie.next();
    for (const array of this.arrays) {
      if (array.isLate && !this.#tape.happens(50)) array.isLate = false;
      const before = this.#before(array);
      for (const [index, element] of array.elements.entries()) {
        if (before === "canceled") this.#end(element, "canceled");
        if (before === "done") await this.#step(array, index, element);
      }
      const isOver = array.elements.every(({ state }) => ENDED.has(state));
      if (isOver && !this.#remembers && this.#tape.happens(40)) array.isForgotten = true;
    }
  }

  async #step({ id, job }: MemoryArray, index: number, element: MemoryElement): Promise<void> {
    if (ENDED.has(element.state)) return;
    if (element.state === "queued" || element.state === "preempted") {
      if (this.#tape.happens(20)) return;
      element.state = "running";
      const place = { token: job.token, element: index, job: id, restart: element.restart };
      element.process = workElement(this.#folder, place, { ledger: this.ledger, failing: this.failing });
      return;
    }
    if (this.#tape.happens(6)) return this.#end(element, "failed", "node");
    if (this.#tape.happens(8)) {
      // Its process is killed; or, where its node only was cut off, lives on.
      if (element.process && this.#tape.happens(50)) this.#zombies.push(element.process);
      element.process = undefined;
      element.restart++;
      element.state = this.#tape.happens(50) ? "queued" : "preempted";
      return;
    }
    for (let step = 0; step < 4; step++) {
      const { done, value } = (await element.process?.next()) ?? { done: true, value: false };
      if (!done) continue;
      return this.#end(element, value ? "succeeded" : "failed", "executor");
    }
  }

  #end(element: MemoryElement, state: "succeeded" | "failed" | "canceled", cause?: "node" | "executor"): void {
    if (ENDED.has(element.state)) return;
    if (state === "failed" && cause) element.cause = cause;
    element.state = state;
    element.process = undefined;
  }

  #before({ job }: MemoryArray): "done" | "waiting" | "canceled" {
    const arrays = (job.after ?? []).map((id) => this.arrays.find((array) => array.id === id));
    const states = arrays.flatMap((array) => array?.elements.map(({ state }) => state) ?? ["canceled" as const]);
    if (states.some((state) => state === "failed" || state === "canceled")) return "canceled";
    return states.every((state) => state === "succeeded") ? "done" : "waiting";
  }

  #take(job: ArrayJob): MemoryArray {
    const elements = Array.from({ length: job.elements }, (): MemoryElement => ({ state: "queued", restart: 0 }));
    const array = { id: String(this.arrays.length + 1), job, elements, isForgotten: false, isLate: false };
    this.arrays.push(array);
    return array;
  }

  #reach(percent: number): void {
    if (this.#tape.happens(percent)) throw new ExecutorUnreachableError(this.name, "it did not answer in time.");
  }
}

const ENDED: ReadonlySet<ElementStatus["state"]> = new Set(["succeeded", "failed", "canceled"]);
