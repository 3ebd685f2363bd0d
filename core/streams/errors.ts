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

/** Where in an event something is wrong. */
export interface EventPlace {
  /** The field: `"tensors[0].shape"`; empty for the event itself. */
  readonly path: string;
  /** Where in a binary message, bytes from its beginning. */
  readonly offset?: number | undefined;
}

/** The bytes of a message, or its JSON, or an object to be sent, are no event. */
export class EventInvalidError extends TwinError {
  override readonly name = "EventInvalidError";
  override readonly code = "TWIN_EVENT_INVALID";
  /** Where it is wrong. */
  readonly place: EventPlace;

  /** @param problem - Goes on from the field: `has 100 bytes; …`. */
  constructor(problem: string, place: EventPlace, options?: ErrorOptions) {
    const at = place.offset === undefined ? "" : ` (byte ${place.offset})`;
    super(`This is no event: ${place.path === "" ? "it" : place.path} ${problem}${at}.`, options);
    this.place = place;
  }
}
