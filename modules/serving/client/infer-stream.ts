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
  /** Forgets the caller's signal and the deadline. */
  release(): void;
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
  #idle: NodeJS.Timeout | undefined;

  constructor(grpc: Protos["grpc"], open: () => StreamCall, cancelling: (id: string) => Buffer) {
    this.#grpc = grpc;
    this.#open = open;
    this.#cancelling = cancelling;
  }

  /** @throws A `ServiceError`, as a call of its own would; the reason of the signal. */
  ask({ id, message }: StreamedRequest, { deadline, signal }: CallLimits): Promise<ModelInferResponse> {
    this.#stream ??= this.#begin();
    const stream = this.#stream;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#giveUp(id, signal.reason);
      const onDeadline = (): void => this.#giveUp(id, this.#failed(STATUS.DEADLINE_EXCEEDED, "Deadline exceeded"));
      const timer = setTimeout(onDeadline, deadline - Date.now());
      const release = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.set(id, { resolve, reject, release });
      stream.write(message);
    });
  }

  /** Ends the stream; what waits fails. */
  close(): void {
    clearTimeout(this.#idle);
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
    waiting.release();
    if (this.#waiting.size === 0) this.#rest();
    return waiting;
  }

  #rest(): void {
    if (this.#idle) {
      this.#idle.refresh();
      return;
    }
    this.#idle = setTimeout(() => {
      if (this.#waiting.size > 0) return;
      const stream = this.#stream;
      this.#stream = undefined;
      stream?.end();
    }, IDLE_MS).unref();
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
