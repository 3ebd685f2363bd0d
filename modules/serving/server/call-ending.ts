import type { Deadline } from "@grpc/grpc-js";

/** What is seen of a call by whoever answers it. */
interface OngoingCall {
  readonly cancelled: boolean;
  getDeadline(): Deadline;
  on(event: "cancelled", listener: () => void): unknown;
}

/**
 * Something that is aborted when the client goes or its deadline passes.
 *
 * gRPC tells of a call that has ended well as of one that was cancelled, too.
 *
 * @param now - The time, ms since 1970.
 * @param isOver - Whether the call has its answer: nothing is aborted then.
 */
export function endingOf(call: OngoingCall, now: () => number, isOver: () => boolean): AbortController {
  const controller = new AbortController();
  const end = (): void => {
    if (!isOver() && !controller.signal.aborted) controller.abort(isLate(call, now) ? tooLate() : gone());
  };
  if (call.cancelled || isLate(call, now)) end();
  else call.on("cancelled", end);
  return controller;
}

/** A timer of gRPC may have ended the call a millisecond early. */
function isLate(call: OngoingCall, now: () => number): boolean {
  return Number(call.getDeadline()) - now() <= 1;
}

function tooLate(): DOMException {
  return new DOMException("The deadline of the call has passed.", "TimeoutError");
}

function gone(): DOMException {
  return new DOMException("The client has cancelled the call, or is gone.", "AbortError");
}
