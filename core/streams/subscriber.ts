import type { Delivery, StreamLag, Subscription } from "../contracts/event-stream.ts";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { Change } from "./change.ts";
import type { DeliveryQueue, Entry } from "./delivery-queue.ts";

/** One who listens to a {@link DeliveryQueue}, with a window. */
export class Subscriber implements Subscription {
  readonly #queue: DeliveryQueue;
  readonly #window: number;
  readonly #signal: AbortSignal | undefined;
  readonly #unacknowledged = new Set<Entry>();
  readonly #changed = new Change();
  /** How it ended: silently, or with an error. */
  #end: { readonly error?: unknown } | undefined;
  #isIterated: boolean = false;

  constructor(
    queue: DeliveryQueue,
    { window, signal }: { readonly window: number; readonly signal: AbortSignal | undefined },
  ) {
    this.#queue = queue;
    this.#window = window;
    this.#signal = signal;
    queue.join(this);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get lag(): StreamLag {
    const { waiting } = this.#queue;
    return { unacknowledged: this.#unacknowledged.size, ...(waiting !== undefined && { waiting }) };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Delivery, void, undefined> {
    if (this.#isIterated) throw new InvalidArgumentError("A subscription is iterated once. Subscribe again.");
    this.#isIterated = true;
    for (;;) {
      const changed = this.#changed.next;
      if (this.#end === undefined && this.#unacknowledged.size < this.#window) {
        const entry = await this.#queue.take();
        if (entry === "end") return;
        if (entry !== undefined && this.#ended()) this.#queue.handBack(entry, { wasDelivered: false });
        else if (entry !== undefined) {
          this.#unacknowledged.add(entry);
          yield this.#delivery(entry);
          continue;
        }
      }
      const end = this.#ended();
      if (end && "error" in end) throw end.error;
      if (end) return;
      await changed;
    }
  }

  /** Looks again whether there is something to take. */
  wake(): void {
    this.#changed.tell();
  }

  /** Takes no more; what is not acknowledged goes back. Iterating ends, or throws the error. */
  end(how: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = how;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    const unacknowledged = [...this.#unacknowledged];
    this.#unacknowledged.clear();
    this.#queue.leave(this, unacknowledged);
    this.#changed.tell();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end({});
  }

  readonly #onAbort = (): void => this.end({ error: this.#signal?.reason });

  // Called where the compiler would believe that nothing has changed during a wait.
  #ended(): { readonly error?: unknown } | undefined {
    return this.#end;
  }

  #delivery(entry: Entry): Delivery {
    return {
      payload: new Uint8Array(entry.payload),
      isRepeated: entry.isRepeated,
      acknowledge: () => {
        if (!this.#unacknowledged.delete(entry)) return;
        this.#queue.acknowledge(entry);
        this.#changed.tell();
      },
    };
  }
}
