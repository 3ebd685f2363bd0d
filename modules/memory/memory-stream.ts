import {
  type EventStream,
  StreamClosedError,
  StreamRefusedError,
  type SubscribeOptions,
  type Subscription,
  Subscriptions,
} from "../../core/index.ts";
import { costOf, MemoryFeed } from "./memory-feed.ts";

/** How much a {@link MemoryStream} holds. */
export interface MemoryStreamLimits {
  /** Its address is `memory:` and this. */
  readonly name: string;
  /** Room for what was not acknowledged [B], for each subscriber, name and group; a publisher waits for the slowest of them. */
  readonly roomBytes: number;
  /** Room for the newest messages [B], for those who begin at the beginning; 0 for a stream that keeps none. */
  readonly keepBytes: number;
}

interface Publishing {
  readonly message: Uint8Array;
  settle(error?: unknown): void;
}

/** A stream of events within this process, bounded: what has no room waits with its publisher. */
export class MemoryStream implements EventStream {
  readonly address: string;
  readonly keeps: boolean;
  readonly #limits: MemoryStreamLimits;
  readonly #subscriptions: Subscriptions;
  readonly #feeds = new Set<MemoryFeed>();
  readonly #publishing: Publishing[] = [];
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;

  constructor(limits: MemoryStreamLimits) {
    this.address = `memory:${limits.name}`;
    this.keeps = limits.keepBytes > 0;
    this.#limits = limits;
    const { address, keeps } = this;
    this.#subscriptions = new Subscriptions({ address, keeps, feed: (from) => this.#feed(from) });
  }

  async publish(payload: Uint8Array, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { signal } = options;
    signal?.throwIfAborted();
    this.#subscriptions.check();
    const { roomBytes } = this.#limits;
    if (costOf(payload) > roomBytes) {
      throw new StreamRefusedError(
        `The stream ${this.address} has room for ${roomBytes} bytes, and the message has ${payload.length}. Raise its option \`roomBytes\`.`,
      );
    }
    // `slice` of a Buffer would be no copy.
    const message = new Uint8Array(payload);
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#publishing.splice(this.#publishing.indexOf(publishing), 1);
        publishing.settle(signal?.reason);
        this.#admit();
      };
      const publishing: Publishing = {
        message,
        settle: (error) => {
          signal?.removeEventListener("abort", onAbort);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#publishing.push(publishing);
      this.#admit();
    });
  }

  async subscribe(options: SubscribeOptions = {}): Promise<Subscription> {
    return this.#subscriptions.subscribe(options);
  }

  /** Forgets everything; whoever publishes or listens is told so. */
  stop(): void {
    for (const { settle } of this.#publishing.splice(0)) {
      settle(
        new StreamClosedError(`The stream ${this.address} has stopped, with its twin. The message was not published.`),
      );
    }
    // After that: those who leave make room.
    this.#subscriptions.close();
    this.#kept.length = 0;
  }

  /** Lets in those who wait, in their order, as far as there is room. */
  #admit(): void {
    for (
      let next = this.#publishing[0];
      next !== undefined && this.#hasRoom(next.message);
      next = this.#publishing[0]
    ) {
      this.#publishing.shift();
      for (const feed of this.#feeds) feed.push(next.message);
      this.#keep(next.message);
      next.settle();
    }
    this.#subscriptions.wake();
  }

  #hasRoom(message: Uint8Array): boolean {
    const before = this.#limits.roomBytes - costOf(message);
    for (const { heldBytes } of this.#feeds) if (heldBytes > before) return false;
    return true;
  }

  #keep(message: Uint8Array): void {
    if (!this.keeps) return;
    this.#kept.push(message);
    this.#keptBytes += costOf(message);
    let dropped = 0;
    for (; this.#keptBytes > this.#limits.keepBytes; dropped++)
      this.#keptBytes -= costOf(this.#kept[dropped] as Uint8Array);
    this.#kept.splice(0, dropped);
  }

  #feed(from: "now" | "beginning"): MemoryFeed {
    const feed = new MemoryFeed(from === "beginning" ? this.#kept : [], {
      onFreed: () => this.#admit(),
      onClose: () => {
        this.#feeds.delete(feed);
        this.#admit();
      },
    });
    this.#feeds.add(feed);
    return feed;
  }
}
