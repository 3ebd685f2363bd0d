import { z } from "zod";
import { SourceUnavailableError } from "./errors.ts";
import type { Timing } from "./timing.ts";

/** How long a source goes on trying. Both limits hold for the time since the last progress. */
export interface RetryPolicy {
  /** Tries in all: 1 never repeats. */
  readonly attempts: number;
  /** Time for all of them together; no try begins later. */
  readonly budgetMs: number;
}

/** Five tries within half a minute. */
export const DEFAULT_RETRY: RetryPolicy = { attempts: 5, budgetMs: 30_000 };

/** As {@link RetryPolicy}; what is left out is the default. */
export interface RetryChoice {
  readonly attempts?: number | undefined;
  readonly budgetMs?: number | undefined;
}

/** The plugin option `retry` of every source. */
export const RetryOptions: z.ZodType<RetryPolicy, RetryChoice> = z.object({
  attempts: z.number().int().min(1).default(DEFAULT_RETRY.attempts).describe("Tries in all; 1 never repeats."),
  budgetMs: z.number().int().min(0).default(DEFAULT_RETRY.budgetMs).describe("Time for all tries together, ms."),
});

/** The longest pause before the second try; it doubles from try to try. */
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 10_000;

/** A try failed for a reason that may pass: a lost connection, a busy server, a vanished mount. Never leaves a source. */
export class TransientFailure extends Error {
  override readonly name = "TransientFailure";
  /** How long the server asks to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(problem: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined } = {}) {
    super(problem, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Counts the failures of one task and pauses between its tries: exponential back-off with full jitter, so that many
 * clients of a server that comes back do not all return at once.
 */
export class Retries {
  readonly #location: string;
  readonly #policy: RetryPolicy;
  readonly #timing: Timing;
  #failures = 0;
  #since: number;

  constructor(location: string, policy: RetryPolicy, timing: Timing) {
    this.#location = location;
    this.#policy = policy;
    this.#timing = timing;
    this.#since = timing.now();
  }

  /** Something was achieved: both limits start anew. */
  progressed(): void {
    this.#failures = 0;
    this.#since = this.#timing.now();
  }

  /** Runs tries until one succeeds. @throws As {@link pause}; any error that is no {@link TransientFailure}. */
  async run<T>(attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.pause(error, signal);
      }
    }
  }

  /**
   * Waits before the next try.
   *
   * @throws {@link SourceUnavailableError} when tries or time are used up; the failure itself when it cannot pass; the
   *   reason of the signal.
   */
  async pause(failure: unknown, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!(failure instanceof TransientFailure)) throw failure;
    this.#failures++;
    const { attempts, budgetMs } = this.#policy;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1));
    const pauseMs = Math.max(this.#timing.random() * longest, failure.retryAfterMs ?? 0);
    const spentMs = this.#timing.now() - this.#since;
    if (this.#failures < attempts && spentMs + pauseMs <= budgetMs) {
      await this.#timing.sleep(pauseMs, signal);
      return;
    }
    const wait = failure.retryAfterMs === undefined ? "" : ` (it asks to wait ${Math.ceil(failure.retryAfterMs)} ms)`;
    const tries = this.#failures === 1 ? "1 try" : `${this.#failures} tries`;
    throw new SourceUnavailableError(
      this.#location,
      `${tries} in ${Math.round(spentMs)} ms failed, of ${attempts} allowed in ${budgetMs} ms; the last one: ${failure.message}${wait}. Try again later, or raise the source's option \`retry\`.`,
      { cause: failure },
    );
  }
}
