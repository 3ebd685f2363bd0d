import type { NdArray } from "../../../core/index.ts";
import type { Datatype } from "../protocol/datatypes.ts";
import type { ParameterValue } from "../protocol/parameters.ts";

/** What a server serves under one name: a model or a generator, with its queue. */
export interface Served {
  readonly name: string;
  /** Version in the sense of the protocol: `"1"`. */
  readonly version: string;
  readonly kind: "model" | "generator";
  /** What computes, as the protocol asks for it: `"twinloom_generator"`. */
  readonly platform: string;
  /** `sha256:…` of the file of the model that computes, where there is one; else name and version. */
  readonly identity: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
  readonly properties: Readonly<Record<string, string>>;
  /** How requests are put together; `undefined` where each is computed by itself. */
  readonly batching: Batching | undefined;
  /** As it is now. */
  readonly statistics: ServedStatistics;

  /**
   * Answers one request. What is wrong with it is told before it waits.
   *
   * @param options - `signal`: the client went, or its deadline passed. What has not begun is then not computed.
   * @throws `TWIN_MODEL_INPUT` or `TWIN_INVALID_ARGUMENT` for a request that does not fit, `TWIN_OUT_OF_DOMAIN`,
   *   `TWIN_QUEUE_FULL`, `TWIN_SERVER_REFUSED` for an answer that is too large, `TWIN_SERVER_DRAINING` once closed,
   *   `TWIN_MODEL_FAILED`.
   */
  infer(request: ServedRequest, options: { readonly signal: AbortSignal }): Promise<ServedAnswer>;

  /** Refuses new requests; resolves when those that it has are answered. */
  close(): Promise<void>;
}

/** An input or output as the protocol states it: -1 is a free length. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** A request, off the wire. */
export interface ServedRequest {
  readonly inputs: Readonly<Record<string, NdArray>>;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  /** Names of the outputs that are wanted; all by default. */
  readonly outputs?: readonly string[];
}

/** An answer, before it goes on the wire. */
export interface ServedAnswer {
  readonly outputs: Readonly<Record<string, NdArray>>;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
}

/** How requests are put together. Sizes are in rows: events, or entries along a model's first axis. */
export interface Batching {
  /** Most rows computed at once; larger requests are computed in pieces. */
  readonly maxBatchSize: number;
  /** How long a model that is idle waits for more rows, ms; 0: it never waits. */
  readonly maxQueueDelayMs: number;
  /** A batch of one of these sizes does not wait for more. */
  readonly preferredBatchSizes: readonly number[];
  /**
   * Rows that may wait; what comes beyond is refused. A request that finds the queue empty is never refused; one larger than
   * a batch counts as one batch, and what is left of it once it has begun counts nothing.
   */
  readonly maxQueueSize: number;
  /** Bytes of the requests that may wait. What counts is as of `maxQueueSize`. */
  readonly maxQueueBytes: number;
}

/** Counts since the model is served, in the sense of Triton's `ModelStatistics`. */
export interface ServedStatistics {
  /** When the last request was answered, ms since 1970; 0 before the first. */
  readonly lastInferenceMs: number;
  /** Rows that were computed. */
  readonly inferenceCount: number;
  /** Times that the model computed. */
  readonly executionCount: number;
  /** Requests that were answered, from arrival to answer. */
  readonly success: TimedCount;
  /** Requests that were not: wrong, refused, cancelled, failed. */
  readonly fail: TimedCount;
  /** Times of the requests that were answered: in the queue; */
  readonly queue: TimedCount;
  /** putting batches together; */
  readonly computeInput: TimedCount;
  /** computing; */
  readonly computeInfer: TimedCount;
  /** and taking batches apart and encoding. */
  readonly computeOutput: TimedCount;
  /** By rows of a batch, ascending; counts are batches. */
  readonly batches: readonly BatchStatistics[];
}

/** What batches of one size took. */
export interface BatchStatistics {
  readonly batchSize: number;
  readonly computeInput: TimedCount;
  readonly computeInfer: TimedCount;
  readonly computeOutput: TimedCount;
}

/** How often, and how long altogether. */
export interface TimedCount {
  readonly count: number;
  readonly ns: bigint;
}

/** Which model an {@link ServeObserver} is told about. */
export type ServedName = Pick<Served, "name" | "version">;

/** What listens to everything served, such as metrics. Called on the way of a request: it must be quick and not throw. */
export interface ServeObserver {
  /** The rows that wait have changed. */
  queue(model: ServedName, rows: number): void;
  /** A batch was computed, or failed. */
  batch(
    model: ServedName,
    batch: { readonly rows: number; readonly requests: number; readonly computeMs: number; readonly failed: boolean },
  ): void;
  /** A request has ended; `queueMs` is 0 where it never waited. */
  request(
    model: ServedName,
    request: {
      readonly rows: number;
      readonly queueMs: number;
      readonly totalMs: number;
      readonly outcome: RequestOutcome;
    },
  ): void;
}

/** `refused`: wrong, outside the range, or the queue is full; nothing was computed for it. */
export type RequestOutcome = "success" | "refused" | "cancelled" | "failed";

/** What whoever serves something states about it. */
export interface ServeFacts {
  /** The model's own name by default. */
  readonly name?: string | undefined;
  readonly version: string;
  /** Added to {@link Served.properties}. */
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** What is not said: batches of up to 100 rows, no delay, no preferred sizes, 10,000 rows or 256 MiB that may wait. */
  readonly batching?: Partial<Batching> | undefined;
  readonly observer?: ServeObserver | undefined;
  /** Most bytes that the tensors of an answer may take; any by default. What can never be answered is then not computed. */
  readonly maxAnswerBytes?: number | undefined;
}
