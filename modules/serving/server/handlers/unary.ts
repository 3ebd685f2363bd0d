import type { handleUnaryCall, ServerUnaryCall } from "@grpc/grpc-js";
import type { Caller } from "../access.ts";
import { endingOf } from "../call-ending.ts";
import { callErrorOf } from "../call-error.ts";
import { Malformed } from "../read-requests.ts";
import { RequestRecord } from "../request-record.ts";
import type { ServerCore } from "../server-core.ts";

/** What a handler sees beside the message. */
export interface UnaryCall {
  readonly caller: Caller;
  /** For logs and metrics: the handler says which model it is about. */
  readonly request: RequestRecord;
  /** Aborted when the client goes or its deadline passes. */
  ending(): AbortController;
}

/** Answers the calls of a method, telling logs and metrics of each. What was late when it came is not begun. */
export function unary<Message, Answer>(
  core: ServerCore,
  method: string,
  answer: (message: Message, call: UnaryCall) => Answer | Promise<Answer>,
): handleUnaryCall<Message, Answer> {
  return (call, respond) => {
    const request = new RequestRecord(core, method);
    const respondTo = async (): Promise<Answer> => {
      request.caller = core.access.callerOf(call.metadata);
      const message = readMessage(call);
      const now = (): number => core.clock.now();
      return await answer(message, {
        caller: request.caller,
        request,
        ending: () => endingOf(call, now, () => request.isOver),
      });
    };
    respondTo().then(
      (value) => {
        request.answered();
        respond(null, value);
      },
      (error: unknown) => respond(callErrorOf(core.grpc, request.failed(error))),
    );
  };
}

function readMessage<Message>(call: ServerUnaryCall<Message, unknown>): Message {
  if (call.request instanceof Malformed) throw call.request.error;
  return call.request;
}
