import { QueueFullError, ServerUnreachableError } from "../errors.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Keeps a part that has a fallback from waiting for servers that are gone, request after request: once no server has
 * answered in the time that a request has, none is asked until one looks well again, and some time has passed.
 */
export class Breaker {
  readonly #isReachable: () => boolean;
  readonly #onChange: (isOpen: boolean) => void;
  #failures = 0;
  #openUntil = 0;
  #isOpen: boolean = false;

  /**
   * @param isReachable - Whether some server looks well.
   * @param onChange - Called when the fallback takes over (`true`), and when a server has answered again.
   */
  constructor(isReachable: () => boolean, onChange: (isOpen: boolean) => void) {
    this.#isReachable = isReachable;
    this.#onChange = onChange;
  }

  /** Whether servers are asked. */
  get isClosed(): boolean {
    return !this.#isOpen || (performance.now() >= this.#openUntil && this.#isReachable());
  }

  /** Opens for errors that say that no server is to be had. @returns Whether the error was one. */
  opensFor(error: unknown): boolean {
    if (!(error instanceof ServerUnreachableError || error instanceof QueueFullError)) return false;
    // Of several requests that fail together only the first one counts.
    if (!this.#isOpen || this.isClosed) {
      // Servers that look well and do not answer cost the whole time at each try; those that are gone do so once.
      const isGone = this.#failures === 0 && !this.#isReachable();
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
      this.#openUntil = performance.now() + (isGone ? 0 : pauseMs);
    }
    if (!this.#isOpen) this.#onChange(true);
    this.#isOpen = true;
    return true;
  }

  /** A server has answered. */
  close(): void {
    this.#failures = 0;
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onChange(false);
  }
}
