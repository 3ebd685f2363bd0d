import { type Token, token } from "./token.ts";

/**
 * Messages of an instrument as they come, at least once each: what a subscriber has not acknowledged comes again. What the
 * bytes mean is not the stream's: `decodeEvent` reads them.
 *
 * Messages of one publisher arrive in the order in which it published them, save for those that come again. Nothing is
 * promised of the order between publishers.
 */
export interface EventStream {
  /** Where it is, for messages and records, without secrets: `"mqtt://broker:1883/testbeam/ecal"`. */
  readonly address: string;
  /** Whether it keeps what was published: a subscriber may then begin at the beginning. */
  readonly keeps: boolean;

  /**
   * Publishes one message. The bytes are read before the call returns its promise.
   *
   * @returns When the stream has taken charge of it. So many calls may be open as it has room for; further ones wait.
   * @throws `TWIN_STREAM_UNREACHABLE` when it is not to be had, within its time limit; `TWIN_STREAM_REFUSED` when it does
   *   not take the message (too large, not allowed); `TWIN_STREAM_CLOSED` once its part has stopped; the signal's reason:
   *   nobody knows then whether it was published.
   */
  publish(payload: Uint8Array, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;

  /**
   * Begins to listen; resolves when nothing that is published from now on is missed.
   *
   * @throws `TWIN_STREAM_UNREACHABLE`, `TWIN_STREAM_REFUSED`, `TWIN_STREAM_CLOSED`; `TWIN_INVALID_ARGUMENT` for a choice
   *   that this stream does not have (`from: "beginning"` where it does not keep, a `group` where it cannot share).
   */
  subscribe(options?: SubscribeOptions): Promise<Subscription>;
}
export const EventStream: Token<EventStream> = token("event-stream");

/** How a subscriber listens. */
export interface SubscribeOptions {
  /**
   * Name of a lasting subscription: what was not acknowledged, and what is published while nobody of that name listens, is
   * delivered to the next one of that name. One at a time: while one listens, a second is refused, or takes over, and
   * iterating the first throws `TWIN_STREAM_REFUSED`. Without a name a subscription ends with its subscriber.
   */
  readonly name?: string | undefined;
  /**
   * Subscribers of one group share the messages: each goes to one of them. One that leaves hands on what it has not
   * acknowledged; one that has a `name` as well, where a stream can do both, leaves it to the next of its name.
   */
  readonly group?: string | undefined;
  /**
   * Whether to begin with what is published from now on (`"now"`, default), or with the first message that is kept. A name
   * or a group that is known goes on where it was. A recording is played from its beginning either way: it has no now.
   */
  readonly from?: "now" | "beginning" | undefined;
  /** Most messages that are delivered and not acknowledged: the rest waits where it is. 1 to 65,535; 1,000 by default. */
  readonly window?: number | undefined;
  /** Ends the subscription, as disposing of it does. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What a subscriber gets, message by message: `for await (const delivery of subscription)`. Iterated once. Ends when it is
 * disposed of; a stream that keeps and has an end (a recording) ends it after the last message. Who leaves the loop, or
 * comes to its end, takes no more and may go on to acknowledge, until the subscription is disposed of.
 *
 * Iterating throws the signal's reason, `TWIN_STREAM_CLOSED` when the part of the stream stops, or
 * `TWIN_STREAM_UNREACHABLE` when the stream is lost for longer than it may be.
 */
export interface Subscription extends AsyncIterable<Delivery>, AsyncDisposable {
  /** How far behind it is. */
  readonly lag: StreamLag;
}

/** How far a subscriber is behind. */
export interface StreamLag {
  /** Messages that are delivered and not yet acknowledged. */
  readonly unacknowledged: number;
  /** Messages that wait at the stream, where it tells. */
  readonly waiting?: number;
}

/** A message that has come. */
export interface Delivery {
  /** The very bytes that were published. The subscriber's own. */
  readonly payload: Uint8Array;
  /** It was delivered before, to this or another subscriber of the name or group, as far as the stream knows. */
  readonly isRepeated: boolean;
  /**
   * The subscriber is done with it, and it does not come again. In any order; twice is as good as once. After the end of
   * the subscription it has no effect.
   */
  acknowledge(): void;
}
