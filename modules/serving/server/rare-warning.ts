import type { Log, LogFields } from "../../../core/index.ts";

const EVERY_MS = 10_000;

/** A warning about what anybody may cause, thousands of times a second: told now and then, with how often it was not. */
export class RareWarning {
  readonly #log: Log;
  readonly #message: string;
  #nextAt = 0;
  #untold = 0;

  constructor(log: Log, message: string) {
    this.#log = log;
    this.#message = message;
  }

  /** @param fields - Asked for only where it is told. */
  tell(fields: () => LogFields): void {
    const now = performance.now();
    if (now < this.#nextAt) {
      this.#untold++;
      return;
    }
    this.#log.warn({ ...fields(), ...(this.#untold > 0 && { untold: this.#untold }) }, this.#message);
    this.#untold = 0;
    this.#nextAt = now + EVERY_MS;
  }
}
