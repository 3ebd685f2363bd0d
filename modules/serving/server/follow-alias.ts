import { setTimeout } from "node:timers/promises";
import {
  type Log,
  openStore,
  openTwin,
  reasonOf,
  type Twin,
  type TwinStore,
  type VersionEntry,
  versionName,
} from "../../../core/index.ts";
import type { InferenceServer } from "./inference-server.ts";
import { type Servable, servablesOf } from "./servable.ts";
import { warmUp } from "./warm-up.ts";

/** How {@link followAlias} follows. */
export interface FollowAliasOptions {
  /** The store, or its folder. */
  readonly store: string | TwinStore;
  /** What is followed: `ecal@champion`; `ecal`, its newest version. */
  readonly name: string;
  readonly log: Log;
  /** Opens a version, and says what of it is served; {@link openTwin} and all models and generators by default. */
  readonly open?:
    | ((version: VersionEntry, options: { readonly signal: AbortSignal }) => Promise<OpenedVersion>)
    | undefined;
  /** How often the store is looked at, ms; 5,000 by default. */
  readonly pollMs?: number | undefined;
  /** When a version that could not be served is tried again although the alias has not moved, ms; 60,000 by default. */
  readonly retryMs?: number | undefined;
  /** Ends following, as {@link AliasFollower.stop} does. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each version from the moment that it is served. */
  readonly onSwap?: ((version: VersionEntry) => void) | undefined;
}

/** A running twin of a version, and what of it is served. */
export interface OpenedVersion {
  readonly twin: Twin;
  readonly servables: readonly Servable[];
}

const POLL_MS = 5000;
const RETRY_MS = 60_000;

/** A version that is served. */
interface Running {
  readonly twin: Twin;
  readonly version: VersionEntry;
}

/**
 * Serves the version that a name stands for, and the next one from when the name moves. The next one is opened and has
 * computed once before it takes over; requests that have begun finish on the one before, which is stopped then. If the
 * next one cannot be served, that is logged, the one before goes on, and it is tried again when the name moves, or
 * after a while.
 *
 * Stop the server first, then what this returns.
 *
 * @throws for the first version: `TWIN_STORE_NOT_FOUND`, `TWIN_VERSION_NOT_FOUND`, what `openTwin` and
 *   {@link InferenceServer.publish} throw.
 *
 * @example
 * await using follower = await followAlias(server, { store: ".twinloom", name: "ecal@champion", log });
 */
export async function followAlias(server: InferenceServer, options: FollowAliasOptions): Promise<AliasFollower> {
  const { store: where } = options;
  const store = typeof where === "string" ? await openStore(where) : where;
  const follower = new AliasFollower(server, store, options);
  try {
    await follower.start();
  } catch (error) {
    await follower.stop();
    throw error;
  }
  return follower;
}

/** Follows a name until it is stopped; see {@link followAlias}. */
export class AliasFollower implements AsyncDisposable {
  readonly #server: InferenceServer;
  readonly #store: TwinStore;
  readonly #options: FollowAliasOptions;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  readonly #retiring = new Set<Promise<void>>();
  #running: Running | undefined;
  /** What could not be served, and when it is tried again, ms of `performance.now()`. */
  #failed: { readonly digest: string; readonly retryAt: number } | undefined;
  #polling: Promise<void> | undefined;
  #isWithdrawn: boolean = false;

  constructor(server: InferenceServer, store: TwinStore, options: FollowAliasOptions) {
    this.#server = server;
    this.#store = store;
    this.#options = options;
    const { signal } = options;
    this.#signal = signal ? AbortSignal.any([signal, this.#ending.signal]) : this.#ending.signal;
  }

  /** The version that is served; `undefined` once stopped. */
  get version(): VersionEntry | undefined {
    return this.#running?.version;
  }

  /** Serves the first version, and begins to follow. */
  async start(): Promise<void> {
    await this.#swapTo(await this.#store.resolve(this.#options.name));
    this.#polling = this.#poll();
  }

  /** Follows no more, and stops the twins that were served. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#polling;
    try {
      await this.#running?.twin.stop();
    } finally {
      this.#running = undefined;
      await Promise.all(this.#retiring);
      if (typeof this.#options.store === "string") await this.#store.close();
    }
  }

  /** {@link stop}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Never rejects. */
  async #poll(): Promise<void> {
    const { pollMs = POLL_MS, log, name } = this.#options;
    while (!this.#signal.aborted) {
      try {
        await setTimeout(pollMs, undefined, { signal: this.#signal });
        await this.#look();
      } catch (error) {
        if (this.#signal.aborted) return;
        log.warn({ name, reason: reasonOf(error) }, "The store cannot be read; what is served stays");
      }
    }
  }

  async #look(): Promise<void> {
    const { name, log, retryMs = RETRY_MS } = this.#options;
    const version = await this.#store.resolve(name);
    if (version.digest === this.#running?.version.digest) {
      this.#failed = undefined;
      this.#tellWithdrawn(version);
      return;
    }
    if (this.#failed?.digest === version.digest && performance.now() < this.#failed.retryAt) return;
    try {
      await this.#swapTo(version);
    } catch (error) {
      if (this.#signal.aborted) throw error;
      this.#failed = { digest: version.digest, retryAt: performance.now() + retryMs };
      log.error(
        { name, version: versionName(version), digest: version.digest, reason: reasonOf(error), retryMs },
        "The version cannot be served; the one before stays",
      );
    }
  }

  async #swapTo(version: VersionEntry): Promise<void> {
    const { open = this.#open, log, onSwap, name } = this.#options;
    const { twin, servables } = await open(version, { signal: this.#signal });
    let idle: Promise<void>;
    try {
      await warmUp(servables, this.#signal, log);
      ({ idle } = this.#server.swap(servables));
    } catch (error) {
      await twin.stop();
      throw error;
    }
    const before = this.#running;
    this.#running = { twin, version };
    this.#failed = undefined;
    this.#isWithdrawn = false;
    log.info({ name, version: versionName(version), digest: version.digest }, "The version is served");
    onSwap?.(version);
    if (before) this.#retire(before, idle);
  }

  readonly #open = async (version: VersionEntry, options: { readonly signal: AbortSignal }): Promise<OpenedVersion> => {
    const twin = await openTwin(version.digest, { ...options, store: this.#store });
    const properties = { twin: version.twin, twin_version: version.digest };
    try {
      return { twin, servables: servablesOf(twin, { version: String(version.number), properties }) };
    } catch (error) {
      await twin.stop();
      throw error;
    }
  };

  /** Stops a twin when nothing is asked of it any more; meanwhile the next may be served. */
  #retire({ twin, version }: Running, idle: Promise<void>): void {
    const retired = idle
      .then(() => twin.stop())
      .catch((error: unknown) => {
        this.#options.log.warn(
          { version: versionName(version), reason: reasonOf(error) },
          "A version that is served no more did not stop",
        );
      })
      .finally(() => this.#retiring.delete(retired));
    this.#retiring.add(retired);
  }

  #tellWithdrawn(version: VersionEntry): void {
    const isWithdrawn = version.state === "withdrawn";
    if (isWithdrawn && !this.#isWithdrawn) {
      this.#options.log.warn(
        { name: this.#options.name, version: versionName(version), reason: version.stateReason },
        "The version that is served was withdrawn: move the alias to another",
      );
    }
    this.#isWithdrawn = isWithdrawn;
  }
}
