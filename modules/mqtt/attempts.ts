import { setTimeout as sleep } from "node:timers/promises";
import { type Log, StreamUnreachableError } from "../../core/index.ts";
import { ConnectionFailure, lastingError } from "./failure.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/** What {@link Attempts} needs to know. */
export interface AttemptsParts {
  readonly address: string;
  /** Time without progress after which it gives up, ms. */
  readonly reconnectMs: number;
  readonly log: Log;
}

/**
 * Pauses between the attempts to reach a broker: exponential back-off with jitter, so that the clients of a broker that
 * comes back do not all return at once. Gives up when nothing was achieved for too long; a connection that is accepted and
 * lost again is no achievement.
 */
export class Attempts {
  readonly #parts: AttemptsParts;
  #failures = 0;
  #since: number | undefined;

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
  }

  /** Something was achieved: time and pauses start anew. */
  progressed(): void {
    if (this.#failures > 0) {
      this.#parts.log.info({ address: this.#parts.address, attempts: this.#failures }, "the broker is back");
    }
    this.#failures = 0;
    this.#since = undefined;
  }

  /**
   * Waits before the next attempt.
   *
   * @throws `TWIN_STREAM_UNREACHABLE` when the time is used up; what a user gets of a failure that lasts; the signal's reason.
   */
  async pause(failure: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { address, reconnectMs, log } = this.#parts;
    if (!(failure instanceof ConnectionFailure) || failure.isLasting) throw lastingError(address, failure);
    const now = performance.now();
    this.#since ??= now;
    this.#failures++;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    // At least half of it: a whole fleet must not return in the first instant.
    const pauseMs = longest * (0.5 + 0.5 * Math.random());
    const spentMs = now - this.#since;
    if (spentMs + pauseMs > reconnectMs) {
      throw new StreamUnreachableError(
        `Cannot reach the stream ${address}: ${this.#failures} ${this.#failures === 1 ? "attempt" : "attempts"} within ${reconnectMs} ms failed; the last one: ${failure.message}. Is the broker there? \`reconnectMs\` is how long it is waited for.`,
        { cause: failure },
      );
    }
    const facts = { address, attempt: this.#failures, reason: failure.message, pauseMs: Math.round(pauseMs) };
    log.warn(facts, "the broker is not to be had; trying again");
    await sleep(pauseMs, undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
}
