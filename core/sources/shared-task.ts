import { abortable } from "./abortable.ts";

/** Work that several callers wait for; it is called off when the last of them no longer does. */
export class SharedTask<T> {
  readonly #abort = new AbortController();
  readonly #work: Promise<T>;
  /** Resolves when the work is over, however it ended. */
  readonly settled: Promise<void>;
  #callers = 0;
  #state: "running" | "settled" | "abandoned" = "running";

  constructor(start: (signal: AbortSignal) => Promise<T>) {
    this.#work = start(this.#abort.signal).finally(() => {
      if (this.#state === "running") this.#state = "settled";
    });
    // Its callers see a failure.
    this.settled = this.#work.then(
      () => undefined,
      () => undefined,
    );
  }

  /** Whether it was called off, and cannot be joined. */
  get isAbandoned(): boolean {
    return this.#state === "abandoned";
  }

  /** @throws What the work throws; the reason of the signal. */
  async join(signal?: AbortSignal): Promise<T> {
    this.#callers++;
    try {
      return await abortable(this.#work, signal);
    } finally {
      this.#callers--;
      if (this.#callers === 0 && this.#state === "running") {
        this.#state = "abandoned";
        this.#abort.abort(new Error("nobody waits for it any more"));
      }
    }
  }
}
