import { QueueFullError, ServerDrainingError } from "../errors.ts";
import { type AnswerFormat, formatOutputs, readAnswerFormat } from "./answer-format.ts";
import { AnswerPieces } from "./answer-pieces.ts";
import { answerBytes, checkAnswerBytes, forecastBytes } from "./answer-size.ts";
import type { Batch, BatchTimes, JobTimes } from "./batch.ts";
import { Batcher } from "./batcher.ts";
import { type RowArrays, type RowJob, sharesMemory } from "./rows.ts";
import type {
  Batching,
  RequestOutcome,
  Served,
  ServedAnswer,
  ServedRequest,
  ServedStatistics,
  ServeObserver,
  TensorMetadata,
} from "./served.ts";
import { StatisticsRecorder } from "./statistics.ts";

/** What a {@link QueuedService} serves. */
export interface Computation<J extends RowJob>
  extends Pick<Served, "name" | "version" | "kind" | "platform" | "identity" | "inputs" | "outputs" | "properties"> {
  /** Reads and checks a request. A job that has its results already is not computed. */
  read(request: ServedRequest): J;
  /** Elements that an output will have; `undefined` where only the computation tells. */
  elementsOf(output: TensorMetadata, job: J): number | undefined;
  /** Computes a batch and leaves each job its results. */
  compute(batch: Batch<J>): Promise<BatchTimes>;
}

/** Where a request is. */
interface Progress {
  readonly begunMs: number;
  rows: number;
  queueMs: number;
  isQueued: boolean;
}

/** How a {@link QueuedService} takes requests. */
export interface QueueOptions {
  readonly queue: Batching;
  /** Whether requests are put together at all. */
  readonly isBatched: boolean;
  readonly observer: ServeObserver | undefined;
  readonly maxAnswerBytes: number | undefined;
}

/** Serves a computation: checks, queues, batches, formats, counts. */
export class QueuedService<J extends RowJob> implements Served {
  readonly name: string;
  readonly version: string;
  readonly kind: Served["kind"];
  readonly platform: string;
  readonly identity: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly properties: Readonly<Record<string, string>>;
  readonly batching: Batching | undefined;
  readonly #computation: Computation<J>;
  readonly #batcher: Batcher<J>;
  readonly #observer: ServeObserver | undefined;
  readonly #queue: Batching;
  readonly #maxAnswerBytes: number;
  readonly #recorder = new StatisticsRecorder();
  readonly #parameters: ServedAnswer["parameters"];

  constructor(computation: Computation<J>, { queue, isBatched, observer, maxAnswerBytes }: QueueOptions) {
    this.name = computation.name;
    this.version = computation.version;
    this.kind = computation.kind;
    this.platform = computation.platform;
    this.identity = computation.identity;
    this.inputs = computation.inputs;
    this.outputs = computation.outputs;
    this.properties = computation.properties;
    this.batching = isBatched ? queue : undefined;
    this.#computation = computation;
    this.#observer = observer;
    this.#queue = queue;
    this.#maxAnswerBytes = maxAnswerBytes ?? Number.POSITIVE_INFINITY;
    this.#parameters = { identity: computation.identity };
    this.#batcher = new Batcher({
      name: this.name,
      batching: queue,
      compute: (batch) => computation.compute(batch),
      onQueue: (rows) => observer?.queue(this, rows),
      onBatch: (batch, times, totalMs) => this.#countBatch(batch, times, totalMs),
    });
  }

  get statistics(): ServedStatistics {
    return this.#recorder.now;
  }

  async infer(request: ServedRequest, { signal }: { readonly signal: AbortSignal }): Promise<ServedAnswer> {
    const progress: Progress = { begunMs: performance.now(), rows: 0, queueMs: 0, isQueued: false };
    try {
      const format = readAnswerFormat(this.name, this.outputs, request);
      const answer = await this.#answer(this.#computation.read(request), { format, signal, progress });
      return answer;
    } catch (error) {
      this.#recorder.addFailure(performance.now() - progress.begunMs);
      this.#tell(progress, outcomeOf(error, signal, progress));
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#batcher.close();
  }

  async #answer(
    job: J,
    { format, signal, progress }: { format: AnswerFormat; signal: AbortSignal; progress: Progress },
  ): Promise<ServedAnswer> {
    const most = this.#maxAnswerBytes;
    const elementsOf = (output: TensorMetadata): number | undefined => this.#computation.elementsOf(output, job);
    checkAnswerBytes(this, forecastBytes(this.outputs, { rows: job.rows, format, elementsOf }), most);
    const pieces =
      job.rows > this.#queue.maxBatchSize ? new AnswerPieces({ served: this, format, maxBytes: most }) : undefined;
    job.pieces = pieces;
    let times: JobTimes = { queueMs: 0, inputMs: 0, inferMs: 0, outputMs: 0 };
    if (!job.results) {
      progress.rows = job.rows;
      progress.isQueued = true;
      times = await this.#batcher.run(job, signal);
      progress.queueMs = times.queueMs;
    }
    const formatting = performance.now();
    const outputs = pieces?.join() ?? formatOutputs(this.name, job.results as RowArrays, format);
    if (job.results && !sharesMemory(outputs, job.results)) job.dispose?.();
    checkAnswerBytes(this, answerBytes(outputs), most);
    const now = performance.now();
    this.#recorder.addSuccess({ ...times, outputMs: times.outputMs + now - formatting }, now - progress.begunMs);
    this.#tell(progress, "success");
    return { outputs, parameters: this.#parameters };
  }

  #countBatch({ rows, pieces }: Batch<J>, times: BatchTimes | undefined, totalMs: number): void {
    if (times) this.#recorder.addBatch(rows, times);
    this.#observer?.batch(this, { rows, requests: pieces.length, computeMs: totalMs, failed: times === undefined });
  }

  #tell({ begunMs, rows, queueMs }: Progress, outcome: RequestOutcome): void {
    this.#observer?.request(this, { rows, queueMs, totalMs: performance.now() - begunMs, outcome });
  }
}

function outcomeOf(error: unknown, signal: AbortSignal, { isQueued }: Progress): RequestOutcome {
  if (signal.aborted) return "cancelled";
  if (!isQueued || error instanceof QueueFullError || error instanceof ServerDrainingError) return "refused";
  return "failed";
}
