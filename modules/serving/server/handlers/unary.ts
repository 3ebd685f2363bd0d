import type { handleUnaryCall } from "@grpc/grpc-js";
import type { Caller } from "../access.ts";
import { endingOf } from "../call-ending.ts";
import { callErrorOf } from "../call-error.ts";
import { cutOff, onceEnded } from "../http2-stream.ts";
import type { OpenCall } from "../open-calls.ts";
import type { Received } from "../read-requests.ts";
import { RequestRecord } from "../request-record.ts";
import type { ServerCore } from "../server-core.ts";

/** What a handler sees beside the message. */
export interface UnaryCall {
  readonly caller: Caller;
  /** For logs and metrics: the handler says which model it is about. */
  readonly request: RequestRecord;
  /**
   * Counts the call as open until its last byte is out: a server that stops waits for it.
   *
   * @returns `signal`: aborted when the client goes or its deadline passes.
   * @throws `TWIN_SERVER_DRAINING`; `TWIN_QUEUE_FULL` where the server holds too much; the signal's reason.
   */
  begin(): { readonly signal: AbortSignal; readonly open: OpenCall };
}

/** Answers the calls of a method, telling logs and metrics of each. What was late when it came is not begun. */
export function unary<Message, Answer>(
  core: ServerCore,
  method: string,
  answer: (message: Message, call: UnaryCall) => Answer | Promise<Answer>,
): handleUnaryCall<Message, Answer> {
  return (call, respond) => {
    const request = new RequestRecord(core, method, call);
    const received = call.request as Received<Message>;
    let begun: OpenCall | undefined;
    const begin = (): ReturnType<UnaryCall["begin"]> => {
      const ending = endingOf(
        call,
        () => core.clock.now(),
        () => request.isOver,
      );
      ending.signal.throwIfAborted();
      const open = core.calls.begin({ ending, cutOff: () => cutOff(call) });
      begun = open;
      onceEnded(call, () => open.end());
      open.hold(received.bytes);
      return { signal: ending.signal, open };
    };
    const respondTo = async (): Promise<Answer> => {
      request.caller = core.access.callerOf(call.metadata);
      return await answer(received.read(), { caller: request.caller, request, begin });
    };
    respondTo().then(
      (value) => {
        request.answered();
        begun?.sending();
        respond(null, value);
      },
      (error: unknown) => respond(callErrorOf(core.grpc, request.failed(error))),
    );
  };
}
