import type { ClientDuplexStream, Metadata, ServiceError, StatusObject } from "@grpc/grpc-js";
import type { Protos } from "../protocol/load-protos.ts";
import type { ModelInferResponse, ModelStreamInferResponse } from "../protocol/messages.ts";
import { decodeParameters } from "../protocol/parameters.ts";
import { ERROR_CODE_ENTRY, STATUS } from "../protocol/status.ts";
import type { CallLimits } from "./endpoint.ts";

/** An encoded `ModelInferRequest`, and the id that is in it. */
export interface StreamedRequest {
  readonly id: string;
  readonly message: Buffer;
}

/** The call that an {@link InferStream} goes over. */
export type StreamCall = ClientDuplexStream<Buffer, ModelStreamInferResponse>;

interface Waiting {
  resolve(response: ModelInferResponse): void;
  reject(reason: unknown): void;
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

/** An open stream keeps a process alive: one that is not used is ended. It opens again with the next request. */
const IDLE_MS = 500;

/**
 * One call of `ModelStreamInfer`, over which many requests go at the same time. A call for each costs three times as much
 * processor time on either side, which for single events is more than anything else.
 */
export class InferStream {
  readonly #grpc: Protos["grpc"];
  readonly #open: () => StreamCall;
  /** The message that tells the server that nobody waits for a request any more. */
  readonly #cancelling: (id: string) => Buffer;
  readonly #waiting = new Map<string, Waiting>();
  #stream: StreamCall | undefined;
  /** One timer for all deadlines, set to `dueMs`: no later than the first of them. */
  #deadlines: NodeJS.Timeout | undefined;
  #dueMs = Number.POSITIVE_INFINITY;
  #idle: NodeJS.Timeout | undefined;
  #idleSinceMs = 0;

  constructor(grpc: Protos["grpc"], open: () => StreamCall, cancelling: (id: string) => Buffer) {
    this.#grpc = grpc;
    this.#open = open;
    this.#cancelling = cancelling;
  }

  /**
   * @param limits - `signal`: of this request alone, as it is listened to for good.
   * @throws A `ServiceError`, as a call of its own would; the reason of the signal.
   */
  ask({ id, message }: StreamedRequest, { deadline, signal }: CallLimits): Promise<ModelInferResponse> {
    this.#stream ??= this.#begin();
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => this.#giveUp(id, signal.reason), { once: true });
      this.#waiting.set(id, { resolve, reject, deadline });
      if (deadline < this.#dueMs) this.#watch(deadline);
      stream.write(message);
    });
  }

  /** Ends the stream; what waits fails. */
  close(): void {
    clearTimeout(this.#idle);
    clearTimeout(this.#deadlines);
    this.#stream?.cancel();
  }

  #begin(): StreamCall {
    const stream = this.#open();
    stream.on("data", (response: ModelStreamInferResponse) => this.#receive(response));
    // Its status has the same, and comes also where there is no error.
    stream.on("error", () => undefined);
    stream.on("status", (status: StatusObject) => this.#end(stream, status));
    return stream;
  }

  #receive({ infer_response: response, error_message: problem }: ModelStreamInferResponse): void {
    const waiting = this.#take(response?.id ?? "");
    // Nobody waits any more for what was given up.
    if (!waiting || !response) return;
    if (!problem) {
      waiting.resolve(response);
      return;
    }
    const { status, [ERROR_CODE_ENTRY]: code } = decodeParameters(response.parameters);
    const number = STATUS[status as keyof typeof STATUS] ?? STATUS.UNKNOWN;
    const metadata = new this.#grpc.Metadata();
    if (typeof code === "string") metadata.set(ERROR_CODE_ENTRY, code);
    waiting.reject(this.#failed(number, problem, metadata));
  }

  #giveUp(id: string, reason: unknown): void {
    const waiting = this.#take(id);
    if (!waiting) return;
    this.#stream?.write(this.#cancelling(id));
    waiting.reject(reason);
  }

  #take(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    if (!waiting) return undefined;
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#rest();
    return waiting;
  }

  /** Looks for requests that are late when the first may be. The stream keeps the process alive meanwhile. */
  #watch(dueMs: number): void {
    clearTimeout(this.#deadlines);
    this.#dueMs = dueMs;
    this.#deadlines = setTimeout(() => {
      const now = Date.now();
      for (const [id, { deadline }] of this.#waiting) {
        if (deadline <= now) this.#giveUp(id, this.#failed(STATUS.DEADLINE_EXCEEDED, "Deadline exceeded"));
      }
      this.#dueMs = Number.POSITIVE_INFINITY;
      for (const { deadline } of this.#waiting.values()) if (deadline < this.#dueMs) this.#dueMs = deadline;
      if (this.#waiting.size > 0) this.#watch(this.#dueMs);
    }, dueMs - Date.now()).unref();
  }

  /** Ends the stream when nothing has waited for a while. */
  #rest(): void {
    this.#idleSinceMs = performance.now();
    this.#idle ??= this.#endAfter(IDLE_MS);
  }

  #endAfter(idleMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#idle = undefined;
      if (this.#waiting.size > 0) return;
      const leftMs = this.#idleSinceMs + IDLE_MS - performance.now();
      if (leftMs > 0) {
        this.#idle = this.#endAfter(leftMs);
        return;
      }
      const stream = this.#stream;
      this.#stream = undefined;
      stream?.end();
    }, idleMs).unref();
  }

  #end(stream: StreamCall, { code, details, metadata }: StatusObject): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    const isOk = code === STATUS.OK;
    const error = this.#failed(
      isOk ? STATUS.UNAVAILABLE : code,
      isOk ? "the server ended the stream" : details,
      metadata,
    );
    for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
  }

  #failed(code: number, details: string, metadata: Metadata = new this.#grpc.Metadata()): ServiceError {
    return Object.assign(new Error(details), { code, details, metadata });
  }
}
