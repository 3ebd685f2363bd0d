import type { MessageFeed } from "../../core/index.ts";

/** What an entry of a queue costs beside the bytes of its message [B], so that empty messages fill a stream too. */
export const OVERHEAD_BYTES = 64;

/** Messages that wait for one subscriber, name or group of a stream in memory. */
export class MemoryFeed implements MessageFeed {
  readonly #onFreed: () => void;
  readonly #onClose: (feed: MemoryFeed) => void;
  #waiting: Uint8Array[];
  /** Where the first that waits is: taking it from the front of a long array would move all others. */
  #first = 0;
  #heldBytes = 0;

  constructor(
    messages: readonly Uint8Array[],
    { onFreed, onClose }: { readonly onFreed: () => void; readonly onClose: (feed: MemoryFeed) => void },
  ) {
    this.#waiting = [...messages];
    for (const message of messages) this.#heldBytes += costOf(message);
    this.#onFreed = onFreed;
    this.#onClose = onClose;
  }

  /** Bytes of messages that are not acknowledged. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  push(message: Uint8Array): void {
    this.#waiting.push(message);
    this.#heldBytes += costOf(message);
  }

  next(): Uint8Array | undefined {
    const message = this.#waiting[this.#first];
    if (message === undefined) return undefined;
    this.#first++;
    if (this.#first * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return message;
  }

  acknowledged(message: Uint8Array): void {
    this.#heldBytes -= costOf(message);
    this.#onFreed();
  }

  close(): void {
    this.#onClose(this);
  }
}

/** Room that a message takes [B]. */
export function costOf(message: Uint8Array): number {
  return message.length + OVERHEAD_BYTES;
}
