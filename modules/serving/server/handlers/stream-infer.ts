import type { ServerDuplexStream } from "@grpc/grpc-js";
import { ServerDrainingError } from "../../errors.ts";
import { checkAnswerBytes } from "../../models/answer-size.ts";
import type { Served } from "../../models/served.ts";
import type { InferenceHandlers, ModelInferRequest } from "../../protocol/messages.ts";
import { statusOf } from "../../protocol/status.ts";
import { type Caller, checkModel } from "../access.ts";
import { endingOf } from "../call-ending.ts";
import { callErrorOf } from "../call-error.ts";
import { type Chunk, chunksOf } from "../chunks.ts";
import { cutOff } from "../http2-stream.ts";
import { checkId } from "../message-size.ts";
import type { OpenCall } from "../open-calls.ts";
import type { Received } from "../read-requests.ts";
import { RequestRecord } from "../request-record.ts";
import type { EncodedResponse } from "../response-codec.ts";
import type { ServerCore } from "../server-core.ts";
import { readRequest, responseOf } from "./infer.ts";

/** Requests of one stream that are answered at once; further ones stay with the client. */
const MOST_AT_ONCE = 256;

/** Characters of a name or id that an answer to a request that failed says again. */
const LONGEST_ECHO = 1024;

type StreamCall = ServerDuplexStream<Received<ModelInferRequest>, EncodedResponse>;

/** Answers many requests over one call, each as soon as it is done. */
export function streamInferHandlers(core: ServerCore): Pick<InferenceHandlers, "ModelStreamInfer"> {
  return {
    ModelStreamInfer: (call) => {
      try {
        new InferStream(core, call as unknown as StreamCall, core.access.callerOf(call.metadata)).start();
      } catch (error) {
        call.emit("error", callErrorOf(core.grpc, statusOf(error)));
      }
    },
  };
}

/** A request of a stream that is being answered, and what ends it before its time. */
interface Running {
  readonly id: string;
  readonly ending: AbortController;
}

/** One call of a client. A request that fails is answered with what is wrong, and the others go on. */
class InferStream {
  readonly #core: ServerCore;
  readonly #call: StreamCall;
  readonly #caller: Caller;
  readonly #ending: AbortController;
  readonly #requests = new Set<Running>();
  /** What waits for the client to take a message. Not listeners of the signal: each keeps those after it in memory. */
  readonly #sends = new Set<() => void>();
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
    const { signal } = this.#ending;
    // It was over before it began: nobody would be told of its end any more.
    if (signal.aborted) return;
    const forget = this.#core.calls.onDrain(() => this.#endIfDone());
    signal.addEventListener("abort", () => {
      forget();
      for (const { ending } of this.#requests) ending.abort(signal.reason);
      for (const done of this.#sends) done();
      if (signal.reason instanceof ServerDrainingError) this.#endWith(signal.reason);
    });
    call.on("data", (received: Received<ModelInferRequest>) => {
      if (this.#isOver) return;
      this.#atOnce++;
      if (this.#atOnce >= MOST_AT_ONCE) call.pause();
      void this.#answer(received).then(() => {
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
  async #answer(received: Received<ModelInferRequest>): Promise<void> {
    const request = new RequestRecord(this.#core, "ModelStreamInfer", this.#call);
    request.caller = this.#caller;
    let message: ModelInferRequest | undefined;
    try {
      message = received.read();
      if (message.parameters?.["cancel"]?.bool_param) {
        this.#cancel(message.id ?? "");
        return;
      }
      await this.#infer(message, { bytes: received.bytes, request });
      request.answered();
    } catch (error) {
      const { code, details, metadata } = request.failed(error);
      const { id = "", model_name = "" } = message ?? {};
      const status = this.#core.grpc.status[code] ?? "UNKNOWN";
      const parameters = { status, ...metadata, triton_final_response: true };
      const response = { id: shortened(id), model_name: shortened(model_name), parameters };
      await this.#send(this.#core.responses.encodeStreamed(response, details));
    }
  }

  /** Nobody waits for it any more: it is not begun, and what goes on for it alone is ended. */
  #cancel(id: string): void {
    const reason = new DOMException("The client has cancelled the request.", "AbortError");
    for (const running of this.#requests) if (running.id === id) running.ending.abort(reason);
  }

  async #infer(
    message: ModelInferRequest,
    { bytes, request }: { readonly bytes: number; readonly request: RequestRecord },
  ): Promise<void> {
    const { calls, models } = this.#core;
    const { id, model_name = "", model_version = "" } = message;
    checkModel(this.#caller, model_name);
    checkId(id);
    const open = calls.begin({ ending: this.#ending, cutOff: () => cutOff(this.#call) });
    const running: Running = { id: id ?? "", ending: new AbortController() };
    this.#requests.add(running);
    if (this.#ending.signal.aborted) running.ending.abort(this.#ending.signal.reason);
    try {
      open.hold(bytes);
      const held = models.hold(model_name, model_version);
      try {
        request.served = held.served;
        for (const chunk of chunksOf(readRequest(message), held.served)) {
          await this.#answerChunk(running, chunk, { served: held.served, open });
        }
      } finally {
        held.release();
      }
    } finally {
      this.#requests.delete(running);
      open.end();
    }
  }

  async #answerChunk(
    { id, ending: { signal } }: Running,
    { part, parameters }: Chunk,
    { served, open }: { readonly served: Served; readonly open: OpenCall },
  ): Promise<void> {
    const { responses, options } = this.#core;
    signal.throwIfAborted();
    const answer = await served.infer(part, { signal });
    const response = responses.encodeStreamed(responseOf(id, served, answer, parameters));
    checkAnswerBytes(served, response.byteLength, options.maxMessageBytes);
    open.hold(response.byteLength);
    open.sending();
    // The next chunk is computed when the client has taken this one.
    await this.#send(response);
    open.sending(false);
    open.release(response.byteLength);
    // It was not sent then, or nobody knows.
    signal.throwIfAborted();
  }

  /**
   * Resolves when the message is on its way, which flow control delays until the client takes it; or when the call is
   * over.
   */
  async #send(message: EncodedResponse): Promise<void> {
    if (this.#ending.signal.aborted || this.#isOver) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#sends.delete(done);
        resolve();
      };
      this.#sends.add(done);
      this.#call.write(message, done);
    });
  }
}

/** For an answer that tells what is wrong: it must fit a message whatever was asked. */
function shortened(text: string): string {
  return text.length <= LONGEST_ECHO ? text : text.slice(0, LONGEST_ECHO).toWellFormed();
}
