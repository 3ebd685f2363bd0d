import { InvalidArgumentError, TwinError } from "../../../core/index.ts";
import { isOfRequest } from "./verdict.ts";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Keeps a part that has a fallback from waiting for servers that are gone, request after request: once no server has
 * answered as it should, none is asked until one looks well again, and some time has passed.
 */
export class Breaker {
  readonly #isReachable: () => boolean;
  readonly #onChange: (error: unknown) => void;
  #failures = 0;
  #openUntil = 0;
  /** Code of the error; `undefined` while it is closed. */
  #openedFor: string | undefined;

  /**
   * @param isReachable - Whether some server looks well.
   * @param onChange - Called with the error for which the fallback takes over, again where it is another, and without one when a server has answered again.
   */
  constructor(isReachable: () => boolean, onChange: (error: unknown) => void) {
    this.#isReachable = isReachable;
    this.#onChange = onChange;
  }

  /** Whether servers are asked. */
  get isClosed(): boolean {
    return this.#openedFor === undefined || (performance.now() >= this.#openUntil && this.#isReachable());
  }

  /** Opens for an error that all servers together failed with, unless it is the request's own. @returns Whether it opened. */
  opensFor(error: unknown): boolean {
    if (!(error instanceof TwinError) || error instanceof InvalidArgumentError || isOfRequest(error)) return false;
    // Of several requests that fail together only the first one counts.
    if (this.#openedFor === undefined || this.isClosed) {
      // Servers that look well and do not answer cost the whole time at each try; those that are gone do so once.
      const isGone = this.#failures === 0 && !this.#isReachable();
      const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
      this.#openUntil = performance.now() + (isGone ? 0 : pauseMs);
    }
    if (this.#openedFor !== error.code) this.#onChange(error);
    this.#openedFor = error.code;
    return true;
  }

  /** A server has answered. */
  close(): void {
    this.#failures = 0;
    if (this.#openedFor === undefined) return;
    this.#openedFor = undefined;
    this.#onChange(undefined);
  }
}
