import { setTimeout as sleep } from "node:timers/promises";

/** How {@link Pacer} paces. */
export interface PacerOptions {
  /** Shortest time from one answer to the next question, ms. */
  readonly leastMs: number;
  /** ms, never going back. */
  now?(): number;
  sleep?(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

/** A question that took so long is asked again after this many times as long. */
const PATIENCE = 5;
/** After failures: at most so long, ms. */
const MOST_MS = 60_000;

/**
 * Asks a busy controller less often: the next question waits for a multiple of the time that the last answer took, and after
 * failures twice as long as before. Questions are asked one at a time.
 */
export class Pacer {
  readonly #leastMs: number;
  readonly #now: () => number;
  readonly #sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  #next = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ leastMs, now = () => performance.now(), sleep: wait = sleepFor }: PacerOptions) {
    this.#leastMs = leastMs;
    this.#now = now;
    this.#sleep = wait;
  }

  /** @throws What `ask` throws; the signal's reason while it waits for its turn. */
  async ask<T>(ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => this.#inTurn(ask, signal));
    this.#last = turn.catch(() => {});
    return await turn;
  }

  async #inTurn<T>(ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    const begun = this.#now();
    if (this.#next > begun) await this.#sleep(this.#next - begun, signal);
    const asked = this.#now();
    try {
      const answer = await ask();
      this.#failures = 0;
      const answered = this.#now();
      this.#next = answered + Math.min(Math.max(this.#leastMs, PATIENCE * (answered - asked)), MOST_MS);
      return answer;
    } catch (error) {
      // Who gave up tells nothing about the controller.
      if (signal?.aborted !== true) this.#failures++;
      this.#next = this.#now() + Math.min(Math.max(this.#leastMs, 500) * 2 ** Math.min(this.#failures, 16), MOST_MS);
      throw error;
    }
  }
}

async function sleepFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
