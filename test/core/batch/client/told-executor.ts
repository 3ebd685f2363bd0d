import {
  type ArrayJob,
  type BatchClient,
  type BatchDocument,
  BatchFolder,
  type ElementStatus,
  type Executor,
  ExecutorUnreachableError,
  openBatch,
  runElement,
  type SubmittedArray,
} from "../../../../core/index.ts";
import { openSample, samplePlan, scratch } from "../sample-batch.ts";

interface ToldBatch {
  readonly place: { readonly path: string; readonly batch: string };
  readonly folder: BatchFolder;
  readonly executor: Told;
  readonly time: { ms: number };
  readonly open: () => Promise<BatchClient>;
}

/** An executor that says what it is told to say; its elements run when a test lets them. */
export class Told implements Executor {
  readonly name = "told";
  readonly jobs: ArrayJob[] = [];
  readonly canceled: string[] = [];
  states: (id: string, element: number) => Omit<ElementStatus, "element"> = () => ({ state: "queued" });
  onSubmit: () => void = () => {};
  found: "none" | "unknown" | "first" = "none";

  async limits(): Promise<{ arraySize: number; remembers: boolean }> {
    return { arraySize: 1000, remembers: true };
  }

  async submit(job: ArrayJob): Promise<SubmittedArray> {
    this.onSubmit();
    this.jobs.push(job);
    return { token: job.token, id: `job-${this.jobs.length}`, elements: job.elements };
  }

  async find(token: string): Promise<SubmittedArray | "none" | "unknown"> {
    return this.found === "first" ? { token, id: "job-1", elements: 2 } : this.found;
  }

  async observe(arrays: readonly SubmittedArray[]): Promise<readonly (readonly ElementStatus[])[]> {
    return arrays.map(({ id, elements }) =>
      Array.from({ length: elements }, (_, element) => ({ element, ...this.states(id, element) })),
    );
  }

  async cancel({ id }: SubmittedArray): Promise<void> {
    this.canceled.push(id);
  }

  /** Runs the elements of an array, as the executor would. */
  async run(folder: BatchFolder, job: ArrayJob, id: string): Promise<void> {
    for (let element = 0; element < job.elements; element++) {
      await runElement(folder, { token: job.token, element, restart: 0, job: id, openTwin: () => openSample() });
    }
  }
}

/** A batch whose client asks an executor that is {@link Told}; results may take 1 s to be seen, news 5 s. */
export async function batchOf(
  xs: readonly number[],
  document: BatchDocument = samplePlan(xs),
): Promise<ToldBatch & AsyncDisposable> {
  const place = await scratch();
  const folder = await BatchFolder.create(place.batch, document);
  const executor = new Told();
  const time = { ms: 1_000_000 };
  const clock = { now: () => time.ms };
  const open = (): Promise<BatchClient> => openBatch(place.batch, { executor, clock, graceMs: 1000, lostMs: 5000 });
  return { place, folder, executor, time, open, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
}

/** Nobody answers. */
export function unreachable(): never {
  throw new ExecutorUnreachableError("told", "no answer.");
}
