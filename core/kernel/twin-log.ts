import type { Log, LogFields } from "../contracts/log.ts";

/** The log of a twin from its first moment: what is said before the part that provides `Log` exists is said when it does. */
export class TwinLog implements Log {
  #target: Log | undefined;
  #held: ((target: Log) => void)[] = [];

  /** The part that writes. */
  attach(target: Log): void {
    this.#target = target;
    const held = this.#held;
    this.#held = [];
    for (const say of held) say(target);
  }

  debug(fields: LogFields, message: string): void {
    this.#say((target) => target.debug(fields, message));
  }

  info(fields: LogFields, message: string): void {
    this.#say((target) => target.info(fields, message));
  }

  warn(fields: LogFields, message: string): void {
    this.#say((target) => target.warn(fields, message));
  }

  error(fields: LogFields, message: string): void {
    this.#say((target) => target.error(fields, message));
  }

  #say(say: (target: Log) => void): void {
    if (this.#target === undefined) this.#held.push(say);
    else say(this.#target);
  }
}

/** A log that says which part speaks. */
export function partLog(part: string, log: Log): Log {
  return {
    debug: (fields, message) => log.debug({ part, ...fields }, message),
    info: (fields, message) => log.info({ part, ...fields }, message),
    warn: (fields, message) => log.warn({ part, ...fields }, message),
    error: (fields, message) => log.error({ part, ...fields }, message),
  };
}
