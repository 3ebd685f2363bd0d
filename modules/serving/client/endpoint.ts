import type { Client, Metadata, MethodDefinition, ServiceError } from "@grpc/grpc-js";
import { reasonOf } from "../../../core/index.ts";
import { readInferResponse, readStreamInferResponse } from "../protocol/infer-messages.ts";
import type { ModelInferResponse } from "../protocol/messages.ts";
import { RAW_INPUT_CONTENTS, writeMessage } from "../protocol/write-message.ts";
import { bearerOf } from "./bearer.ts";
import { type ChannelParts, connect } from "./channel.ts";
import type { EndpointStatus } from "./endpoint-status.ts";
import { InferStream, type StreamCall, type StreamedRequest } from "./infer-stream.ts";

/** What all endpoints of a part have in common. */
export interface EndpointParts extends ChannelParts {
  /** Looks whether an endpoint that was bad may be used again. @returns What is wrong with it still. */
  readonly probe: (endpoint: Endpoint) => Promise<string | undefined>;
  /** An endpoint has become good or bad. */
  readonly onChange: (endpoint: Endpoint) => void;
}

/** When a call ends, whatever comes. */
export interface CallLimits {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** What an endpoint told of the model that it serves. */
export interface Known {
  /** What computes; `undefined` where it does not tell. */
  readonly identity: string | undefined;
  /** Whether many requests may go over one of its streams, each answered with a status of its own. */
  streams: boolean;
  /** The version of its answers, where they do not tell what computes. */
  version?: string;
}

/** Pauses between looks at a bad endpoint double from the first to the longest, with jitter. */
const FIRST_PROBE_MS = 100;
const LONGEST_PROBE_MS = 5_000;
/** Longer than any answer takes that computes nothing. */
export const PROBE_TIMEOUT_MS = 2_000;
/** So many requests in a row may be answered by others first. */
const MOST_OVERTAKEN = 3;

/**
 * One server, with the channel to it and what is known of its health. One that did not answer, though it says that it is
 * ready, is on trial: it gets one request at a time until it has answered one.
 */
export class Endpoint {
  readonly address: string;
  /** Calls on their way. */
  outstanding = 0;
  /** What it serves, from a look since it failed last. */
  known: Known | undefined;
  readonly #parts: EndpointParts;
  #client: Client;
  #stream: InferStream;
  #health: "good" | "trial" | "bad" = "good";
  #isSilent: boolean = false;
  #overtaken = 0;
  #problem: string | undefined;
  #version: string | undefined;
  #answered = 0;
  #failed = 0;
  #probes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed: boolean = false;

  constructor(address: string, parts: EndpointParts) {
    this.address = address;
    this.#parts = parts;
    this.#client = connect(address, parts);
    this.#stream = this.#newStream();
  }

  /** Whether a request may go there. */
  get isReady(): boolean {
    return this.#health === "good" || (this.#health === "trial" && this.outstanding === 0);
  }

  /** Whether it looked well when it was looked at last. */
  get looksWell(): boolean {
    return this.#health !== "bad";
  }

  get status(): EndpointStatus {
    return {
      address: this.address,
      isGood: this.#health === "good",
      ...(this.#problem !== undefined && { problem: this.#problem }),
      answered: this.#answered,
      failed: this.#failed,
      ...(this.#version !== undefined && { version: this.#version }),
    };
  }

  /**
   * Calls a method once.
   *
   * @param request - The message, encoded: so a repetition is the very same.
   * @throws A `ServiceError` of grpc-js; the reason of the signal; as {@link bearerOf}.
   */
  unary<Response>(
    { path, responseDeserialize }: Pick<MethodDefinition<never, Response>, "path" | "responseDeserialize">,
    request: Buffer,
    { deadline, signal }: CallLimits,
  ): Promise<Response> {
    signal.throwIfAborted();
    const metadata = this.#metadata();
    return new Promise((resolve, reject) => {
      this.outstanding++;
      const done = (error: ServiceError | null, response?: Response): void => {
        this.outstanding--;
        signal.removeEventListener("abort", cancel);
        if (error === null) resolve(response as Response);
        else reject(signal.aborted ? signal.reason : error);
      };
      const call = this.#client.makeUnaryRequest(
        path,
        asItIs,
        responseDeserialize,
        request,
        metadata,
        { deadline },
        done,
      );
      const cancel = (): void => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
    });
  }

  /**
   * Asks for an inference, over the stream where the server has one like ours.
   *
   * @throws As {@link unary}.
   */
  async infer(request: StreamedRequest, limits: CallLimits): Promise<ModelInferResponse> {
    const response = await this.#infer(request, limits);
    this.#version = response.model_version || undefined;
    return response;
  }

  async #infer(request: StreamedRequest, limits: CallLimits): Promise<ModelInferResponse> {
    if (this.known?.streams) {
      limits.signal.throwIfAborted();
      this.outstanding++;
      try {
        return await this.#stream.ask(request, limits);
      } catch (error) {
        // Something in between lets no streams pass.
        if ((error as Partial<ServiceError>).code !== this.#parts.protos.grpc.status.UNIMPLEMENTED) throw error;
        if (this.known) this.known.streams = false;
      } finally {
        this.outstanding--;
      }
    }
    const { path } = this.#parts.protos.Service.service.ModelInfer;
    return await this.unary({ path, responseDeserialize: readInferResponse }, request.message, limits);
  }

  /** A request was answered. */
  hasAnswered(): void {
    this.#answered++;
    this.#overtaken = 0;
    this.#isSilent = false;
    // One that looks well and fails all the same is looked at more and more seldom.
    this.#probes = 0;
    this.#becomeGood();
  }

  /** A request was not answered, for a reason that says nothing against the next one. */
  hasDeclined(): void {
    this.#failed++;
  }

  /**
   * A request was not answered, and the next one would not be. From now on this is looked at from time to time.
   *
   * @param isSilent - It said nothing at all: only an answer shows that it computes again.
   */
  hasFailed(problem: string, { isSilent = false }: { readonly isSilent?: boolean } = {}): void {
    this.#failed++;
    this.#problem = problem;
    this.#isSilent ||= isSilent;
    this.known = undefined;
    if (this.#health === "bad") return;
    const wasGood = this.#health === "good";
    this.#health = "bad";
    if (wasGood) this.#parts.onChange(this);
    this.#planProbe();
  }

  /** Another that was asked later answered before it. */
  wasOvertaken(): void {
    this.#overtaken++;
    const isTooOften = this.#overtaken >= MOST_OVERTAKEN || this.#health === "trial";
    if (isTooOften) this.hasFailed("it did not answer, and others did that were asked later", { isSilent: true });
    else this.hasDeclined();
  }

  /** Ends the channel and all looking. Calls on their way are the caller's to cancel. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stream.close();
    this.#client.close();
  }

  #newStream(): InferStream {
    const { ModelStreamInfer } = this.#parts.protos.Service.service;
    const client = this.#client;
    const open = (): StreamCall =>
      client.makeBidiStreamRequest(
        ModelStreamInfer.path,
        asItIs,
        readStreamInferResponse,
        this.#metadata(),
      ) as StreamCall;
    const cancelling = (id: string): Buffer =>
      Buffer.concat(writeMessage({ id, parameters: { cancel: true } }, RAW_INPUT_CONTENTS));
    return new InferStream(this.#parts.protos.grpc, open, cancelling);
  }

  #becomeGood(): void {
    if (this.#health === "good") return;
    this.#health = "good";
    clearTimeout(this.#timer);
    this.#parts.onChange(this);
  }

  #planProbe(): void {
    if (this.#isClosed) return;
    const longest = Math.min(LONGEST_PROBE_MS, FIRST_PROBE_MS * 2 ** this.#probes++);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#probe(), longest * (0.5 + Math.random() / 2)).unref();
  }

  async #probe(): Promise<void> {
    let problem: string | undefined;
    try {
      problem = await this.#parts.probe(this);
    } catch (error) {
      problem = reasonOf(error);
      if (this.#isClosed) return;
      // A connection that broke without a word stays broken for minutes; a new one does not.
      if ((error as Partial<ServiceError>).code === this.#parts.protos.grpc.status.DEADLINE_EXCEEDED) {
        this.#stream.close();
        this.#client.close();
        this.#client = connect(this.address, this.#parts);
        this.#stream = this.#newStream();
      }
    }
    if (this.#isClosed || this.#health !== "bad") return;
    if (problem !== undefined) {
      this.#problem = problem;
      this.#planProbe();
    } else if (this.#isSilent) this.#health = "trial";
    else this.#becomeGood();
  }

  #metadata(): Metadata {
    const { protos, connection } = this.#parts;
    const metadata = new protos.grpc.Metadata();
    if (connection.token !== undefined) metadata.set("authorization", bearerOf(connection.token));
    return metadata;
  }
}

function asItIs(message: Buffer): Buffer {
  return message;
}
