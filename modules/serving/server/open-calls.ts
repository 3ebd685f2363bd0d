import type { Log } from "../../../core/index.ts";
import { QueueFullError, ServerDrainingError } from "../errors.ts";

/** A request from when it is taken until its answer has gone. */
export interface OpenCall {
  /** Counts memory that is held for it. @throws {@link QueueFullError} where the server holds too much already. */
  hold(bytes: number): void;
  /** Counts memory no more. */
  release(bytes: number): void;
  /** Its answer, or a part of it, is to be taken by the client from now on; or was, with `false`. */
  sending(isSending?: boolean): void;
  /** It has ended, and all that was held for it is free. */
  end(): void;
}

/** What is asked for of a request. */
interface Ending {
  /** Ends the request when it takes longer than a server that stops waits. */
  readonly ending: AbortController;
  /** Ends the call when its client does not take the answer. */
  readonly cutOff: () => void;
}

interface Limits {
  /** Most memory held for requests and their answers, bytes. */
  readonly maxHeldBytes: number;
  /** How long a client may take to take an answer, ms. */
  readonly maxSendMs: number;
}

/** The requests that a server is answering, and what it holds for them. */
export class OpenCalls {
  readonly #limits: Limits;
  readonly #open = new Set<Entry>();
  readonly #onDrain = new Set<() => void>();
  #heldBytes = 0;
  #isDraining: boolean = false;
  #onIdle: (() => void) | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Memory held for requests and their answers, bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** @throws {@link ServerDrainingError} */
  begin(of: Ending): OpenCall {
    if (this.#isDraining) throw new ServerDrainingError("This server stops, and takes no further requests.");
    const entry = new Entry(of, {
      hold: (bytes) => this.#hold(bytes),
      end: (ended) => {
        if (this.#open.delete(ended) && this.#open.size === 0) this.#onIdle?.();
      },
    });
    this.#open.add(entry);
    return entry;
  }

  /** @throws {@link QueueFullError} where so much more is not held. One request alone may be of any size. */
  checkRoom(bytes: number): void {
    const { maxHeldBytes } = this.#limits;
    if (this.#heldBytes === 0 || this.#heldBytes + bytes <= maxHeldBytes) return;
    throw new QueueFullError(
      `This server holds ${this.#heldBytes} bytes for requests and answers, and with ${bytes} more these would be more than ${maxHeldBytes} (\`maxHeldBytes\`). Ask again later, or another server.`,
    );
  }

  /** Calls this when draining begins. @returns Takes it back. */
  onDrain(listener: () => void): () => void {
    this.#onDrain.add(listener);
    return () => this.#onDrain.delete(listener);
  }

  /** Ends calls whose clients do not take their answers, from now on. @returns Ends that. */
  watch(log: Log): () => void {
    const { maxSendMs } = this.#limits;
    const look = (): void => {
      const stalled = [...this.#open].filter((entry) => entry.sendsSince < performance.now() - maxSendMs);
      if (stalled.length === 0) return;
      log.warn({ requests: stalled.length, maxSendMs }, "Clients did not take their answers, and were cut off");
      for (const entry of stalled) entry.cutOff();
    };
    // Often enough that nobody has a quarter more than that.
    const timer = setInterval(look, Math.ceil(maxSendMs / 4)).unref();
    return () => clearInterval(timer);
  }

  /** Takes no further requests, and ends those that take longer. @returns How many these were. */
  async drain(timeoutMs: number): Promise<number> {
    this.#isDraining = true;
    for (const listener of [...this.#onDrain]) listener();
    if (this.#open.size === 0) return 0;
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.#endLate()), timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve(0);
      };
    });
  }

  #hold(bytes: number): void {
    if (bytes > 0) this.checkRoom(bytes);
    this.#heldBytes += bytes;
  }

  #endLate(): number {
    const late = [...this.#open];
    for (const { ending } of late)
      ending.abort(new ServerDrainingError("This server has stopped before it could answer."));
    return late.length;
  }
}

class Entry implements OpenCall {
  readonly ending: AbortController;
  readonly cutOff: () => void;
  readonly #calls: { hold(bytes: number): void; end(entry: Entry): void };
  /** When the client was given something to take, ms of `performance.now()`; never: infinite. */
  sendsSince: number = Number.POSITIVE_INFINITY;
  #bytes = 0;

  constructor({ ending, cutOff }: Ending, calls: { hold(bytes: number): void; end(entry: Entry): void }) {
    this.ending = ending;
    this.cutOff = cutOff;
    this.#calls = calls;
  }

  hold(bytes: number): void {
    this.#calls.hold(bytes);
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.hold(-bytes);
  }

  sending(isSending: boolean = true): void {
    this.sendsSince = isSending ? performance.now() : Number.POSITIVE_INFINITY;
  }

  end(): void {
    this.release(this.#bytes);
    this.#calls.end(this);
  }
}
