import { resolve } from "node:path";
import {
  type EventStream,
  type MessageFeed,
  StreamRefusedError,
  type SubscribeOptions,
  type Subscription,
  Subscriptions,
} from "../../core/index.ts";
import { type RecordedMessage, readRecording } from "./recording.ts";

/**
 * A recording as a stream: every subscriber, name and group gets it from its beginning to its end, as fast as it takes it.
 * A name goes on where it was as long as the part runs.
 */
export class RecordedStream implements EventStream {
  readonly address: string;
  readonly keeps = true;
  readonly #file: string;
  readonly #subscriptions: Subscriptions;
  readonly #feeds = new Set<RecordingFeed>();

  /** @param file - Path of the recording; a relative one starts at the working directory. */
  constructor(file: string) {
    this.#file = resolve(file);
    this.address = `recording:${this.#file}`;
    const { address, keeps } = this;
    this.#subscriptions = new Subscriptions({ address, keeps, feed: () => this.#feed() });
  }

  /** @throws as {@link readRecording} does of a file that is none. */
  async start({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    for await (const _first of readRecording(this.#file, { signal })) break;
  }

  /** A recording takes nothing: `TWIN_STREAM_REFUSED`. */
  async publish(_payload: Uint8Array, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#subscriptions.check();
    throw new StreamRefusedError(
      `Nobody can publish to the stream ${this.address}: it is a recording. Publish to the stream it is of, or to another.`,
    );
  }

  async subscribe(options: SubscribeOptions = {}): Promise<Subscription> {
    options.signal?.throwIfAborted();
    this.#subscriptions.check();
    await this.start(options);
    return this.#subscriptions.subscribe(options);
  }

  /** Whoever listens is told so, and the file is closed. */
  async stop(): Promise<void> {
    this.#subscriptions.close();
    await Promise.all([...this.#feeds].map((feed) => feed.closed));
  }

  #feed(): RecordingFeed {
    const feed = new RecordingFeed(this.#file, () => this.#feeds.delete(feed));
    this.#feeds.add(feed);
    return feed;
  }
}

class RecordingFeed implements MessageFeed {
  readonly #messages: AsyncGenerator<RecordedMessage, void, undefined>;
  readonly #onClosed: () => void;
  #failure: { readonly error: unknown } | undefined;
  closed: Promise<void> | undefined;

  constructor(file: string, onClosed: () => void) {
    this.#messages = readRecording(file);
    this.#onClosed = onClosed;
  }

  async next(): Promise<Uint8Array | "end"> {
    // To whoever asks next, a recording that is damaged must not look as if it had ended.
    if (this.#failure) throw this.#failure.error;
    try {
      const { done, value } = await this.#messages.next();
      return done === true ? "end" : value.payload;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  close(): void {
    this.closed ??= this.#messages.return().then(() => this.#onClosed());
  }
}
