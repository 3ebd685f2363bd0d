import type { ServerDuplexStream } from "@grpc/grpc-js";
import { ServerDrainingError } from "../../errors.ts";
import type { InferenceHandlers, ModelInferRequest, ModelStreamInferResponseInit } from "../../protocol/messages.ts";
import { encodeParameters } from "../../protocol/parameters.ts";
import { statusOf } from "../../protocol/status.ts";
import { type Caller, checkModel } from "../access.ts";
import { endingOf } from "../call-ending.ts";
import { callErrorOf } from "../call-error.ts";
import { chunksOf } from "../chunks.ts";
import { Malformed } from "../read-requests.ts";
import { RequestRecord } from "../request-record.ts";
import type { ServerCore } from "../server-core.ts";
import { readRequest, responseOf } from "./infer.ts";

/** Requests of one stream that are answered at once; further ones stay with the client. */
const MOST_AT_ONCE = 64;

type StreamCall = ServerDuplexStream<ModelInferRequest | Malformed, ModelStreamInferResponseInit>;

/** Answers many requests over one call, each as soon as it is done. */
export function streamInferHandlers(core: ServerCore): Pick<InferenceHandlers, "ModelStreamInfer"> {
  return {
    ModelStreamInfer: (call) => {
      try {
        new InferStream(core, call as StreamCall, core.access.callerOf(call.metadata)).start();
      } catch (error) {
        call.emit("error", callErrorOf(core.grpc, statusOf(error)));
      }
    },
  };
}

/** One call of a client. A request that fails is answered with what is wrong, and the others go on. */
class InferStream {
  readonly #core: ServerCore;
  readonly #call: StreamCall;
  readonly #caller: Caller;
  readonly #ending: AbortController;
  #atOnce = 0;
  /** The client has said all. */
  #isAtEnd: boolean = false;
  /** The server has ended the stream. */
  #isOver: boolean = false;

  constructor(core: ServerCore, call: StreamCall, caller: Caller) {
    this.#core = core;
    this.#call = call;
    this.#caller = caller;
    this.#ending = endingOf(
      call,
      () => core.clock.now(),
      () => false,
    );
  }

  start(): void {
    const call = this.#call;
    const forget = this.#core.calls.onDrain(() => this.#endIfDone());
    const { signal } = this.#ending;
    signal.addEventListener("abort", () => {
      forget();
      if (signal.reason instanceof ServerDrainingError) this.#endWith(signal.reason);
    });
    call.on("data", (message: ModelInferRequest | Malformed) => {
      if (this.#isOver) return;
      this.#atOnce++;
      if (this.#atOnce >= MOST_AT_ONCE) call.pause();
      void this.#answer(message).then(() => {
        this.#atOnce--;
        if (call.isPaused()) call.resume();
        this.#endIfDone();
      });
    });
    call.on("end", () => {
      this.#isAtEnd = true;
      this.#endIfDone();
    });
  }

  /** A client that has said all has its answers; a server that stops ends what it began. */
  #endIfDone(): void {
    if (this.#atOnce > 0 || this.#ending.signal.aborted) return;
    if (this.#isAtEnd) this.#call.end();
    else if (this.#core.calls.isDraining) {
      this.#endWith(new ServerDrainingError("This server stops, and takes no further requests."));
    }
  }

  #endWith(error: ServerDrainingError): void {
    this.#isOver = true;
    this.#call.emit("error", callErrorOf(this.#core.grpc, statusOf(error)));
  }

  /** Never rejects. */
  async #answer(message: ModelInferRequest | Malformed): Promise<void> {
    const request = new RequestRecord(this.#core, "ModelStreamInfer");
    request.caller = this.#caller;
    try {
      if (message instanceof Malformed) throw message.error;
      await this.#infer(message, request);
      request.answered();
    } catch (error) {
      const { code, details, metadata } = request.failed(error);
      if (this.#ending.signal.aborted) return;
      const { id = "", model_name = "" } = message instanceof Malformed ? {} : message;
      const parameters = encodeParameters({
        status: this.#core.grpc.status[code] ?? "UNKNOWN",
        ...metadata,
        triton_final_response: true,
      });
      await this.#send({ error_message: details, infer_response: { id, model_name, parameters } });
    }
  }

  async #infer(message: ModelInferRequest, request: RequestRecord): Promise<void> {
    const { calls, models, options } = this.#core;
    const { model_name = "", model_version = "" } = message;
    checkModel(this.#caller, model_name);
    const end = calls.begin(this.#ending);
    try {
      const held = models.hold(model_name, model_version);
      try {
        request.served = held.served;
        const { signal } = this.#ending;
        for (const { part, parameters } of chunksOf(readRequest(message), held.served)) {
          signal.throwIfAborted();
          const answer = await held.served.infer(part, { signal });
          const response = responseOf(message.id, held.served, answer, options.maxMessageBytes, parameters);
          // The next chunk is computed when the client has taken this one.
          await this.#send({ infer_response: response });
        }
      } finally {
        held.release();
      }
    } finally {
      end();
    }
  }

  /**
   * Resolves when the message is on its way, which flow control delays until the client takes it; or when the call is
   * over.
   */
  async #send(message: ModelStreamInferResponseInit): Promise<void> {
    const { signal } = this.#ending;
    if (signal.aborted || this.#isOver) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done);
      this.#call.write(message, done);
    });
  }
}
