import { TransientFailure } from "./retries.ts";

/** Waits for work, but no longer than a signal. The work goes on. @throws The reason of the signal. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return await work;
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
    if (signal.aborted) onAbort();
  });
}

/** So much must come in the time allowed: a byte now and then would hold a read up for days. */
const LEAST_BYTES = 16 << 10;

/** Aborts one try when nothing, or next to nothing, comes for too long, or when its caller does. */
export class Patience implements Disposable {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #caller: AbortSignal | undefined;
  #bytes = 0;
  readonly #onAbort = (): void => this.#abort.abort(this.#caller?.reason);

  constructor(idleMs: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    const giveUp = (): void =>
      this.#abort.abort(new TransientFailure(`nothing came for ${idleMs} ms, or next to nothing`));
    this.#timer = setTimeout(giveUp, idleMs);
    caller?.addEventListener("abort", this.#onAbort, { once: true });
    if (caller?.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** So many bytes came. */
  refresh(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < LEAST_BYTES) return;
    this.#bytes = 0;
    this.#timer.refresh();
  }

  /** Ends the try, whatever still runs of it. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#onAbort);
    if (!this.#abort.signal.aborted) this.#abort.abort(new Error("the try is over"));
  }
}
