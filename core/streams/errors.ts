import { TwinError } from "../errors/index.ts";

/** A stream could not be reached, or was lost for longer than it may be. What it said last is the `cause`. */
export class StreamUnreachableError extends TwinError {
  override readonly name = "StreamUnreachableError";
  override readonly code = "TWIN_STREAM_UNREACHABLE";
}

/** A stream answers, and does not take a message or a subscriber. */
export class StreamRefusedError extends TwinError {
  override readonly name = "StreamRefusedError";
  override readonly code = "TWIN_STREAM_REFUSED";
}

/** The part that gives a stream has stopped. */
export class StreamClosedError extends TwinError {
  override readonly name = "StreamClosedError";
  override readonly code = "TWIN_STREAM_CLOSED";
}

/** The bytes of a message are no event. */
export class EventInvalidError extends TwinError {
  override readonly name = "EventInvalidError";
  override readonly code = "TWIN_EVENT_INVALID";
}
