import type { Log } from "../contracts/log.ts";
import { TwinError } from "../errors/twin-error.ts";
import { within } from "./deadline.ts";
import { StartFailedError, type StartPhase, StartTimeoutError, type StopFailure, StopTimeoutError } from "./errors.ts";
import type { Startable } from "./plugin.ts";

/** What the parts of one twin have to go by. */
export interface RunningPartsOptions {
  /** Parts in dependency order. */
  readonly order: readonly string[];
  /** Name of a part's plugin, for messages. */
  pluginOf(part: string): string;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Calls creation off. */
  readonly signal?: AbortSignal | undefined;
  readonly log: Log;
}

/** Creates, starts and stops the parts of one twin, and knows which of them are to be stopped. */
export class RunningParts {
  readonly #options: RunningPartsOptions;
  readonly #values = new Map<string, unknown>();
  /** The first part of each value. */
  readonly #owners = new Set<string>();
  /** Parts to stop: those that started, and those without a start from their creation on. */
  readonly #live = new Set<string>();
  /** What was under way when creation was called off. */
  #late: Promise<void> | undefined;

  constructor(options: RunningPartsOptions) {
    this.#options = options;
  }

  /** The parts by name. */
  get values(): ReadonlyMap<string, unknown> {
    return this.#values;
  }

  /** Creates all parts, then starts them, one by one in dependency order. */
  async launch(create: (part: string, signal: AbortSignal) => Promise<unknown>): Promise<void> {
    for (const part of this.#options.order) {
      await this.#bounded(part, "create", async (signal) => this.#created(part, await create(part, signal)));
    }
    for (const part of this.#options.order) {
      const { start } = this.#startable(part);
      if (start === undefined) continue;
      await this.#bounded(part, "start", async (signal) => {
        await start({ signal });
        this.#live.add(part);
      });
    }
  }

  /** Stops what is live, in reverse dependency order, each within its time. A failure does not keep others from stopping. */
  async stop(): Promise<readonly StopFailure[]> {
    await this.#settleLate();
    const failures: StopFailure[] = [];
    for (const part of [...this.#options.order].reverse()) {
      if (!this.#live.delete(part)) continue;
      await this.#stopOne(part).catch((error: unknown) => failures.push({ part, error }));
    }
    return failures;
  }

  #created(part: string, value: unknown): void {
    // One value under several names is started and stopped once: as the first of them, which the others may need.
    const isKnown = [...this.#values.values()].includes(value);
    this.#values.set(part, value);
    if (isKnown) return;
    this.#owners.add(part);
    if (this.#startable(part).start === undefined) this.#live.add(part);
  }

  /** The part's value as far as it is to be started and stopped; a field of such a name need not be a function. */
  #startable(part: string): Startable {
    const value = this.#values.get(part);
    const mayHave = (typeof value === "object" && value !== null) || typeof value === "function";
    if (!mayHave || !this.#owners.has(part)) return {};
    const { start, stop } = value as Startable;
    return {
      ...(typeof start === "function" && { start: start.bind(value) }),
      ...(typeof stop === "function" && { stop: stop.bind(value) }),
    };
  }

  async #bounded(part: string, phase: StartPhase, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal, startTimeoutMs: timeoutMs } = this.#options;
    signal?.throwIfAborted();
    const where = { part, plugin: this.#options.pluginOf(part), phase };
    const own = new AbortController();
    const working = work(own.signal);
    try {
      await within(working, { timeoutMs, signal, onTimeout: () => new StartTimeoutError(where, timeoutMs) });
    } catch (error) {
      own.abort(error);
      this.#late = working.catch(() => undefined);
      if (signal?.aborted) throw signal.reason;
      throw error instanceof TwinError ? error : new StartFailedError(where, error);
    }
  }

  /** Gives a part that was called off the time to notice. One that finishes even later is stopped when it does. */
  async #settleLate(): Promise<void> {
    const late = this.#late;
    if (late === undefined) return;
    this.#late = undefined;
    const { stopTimeoutMs: timeoutMs } = this.#options;
    let settled = false;
    await within(
      late.then(() => {
        settled = true;
      }),
      { timeoutMs, onTimeout: () => new Error("still busy") },
    ).catch(() => undefined);
    if (settled) return;
    void late.then(async () => {
      for (const { part, error } of await this.stop()) {
        this.#options.log.error({ part, error }, "A part that was called off finished late and then failed to stop.");
      }
    });
  }

  async #stopOne(part: string): Promise<void> {
    const { stopTimeoutMs: timeoutMs } = this.#options;
    const where = { part, plugin: this.#options.pluginOf(part) };
    const value = this.#startable(part);
    const stopping = (async () => value.stop?.())();
    await within(stopping, { timeoutMs, onTimeout: () => new StopTimeoutError(where, timeoutMs) });
  }
}
