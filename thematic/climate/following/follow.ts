import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import {
  type Delivery,
  decodeMessage,
  EventInvalidError,
  FileUnreadableError,
  lockFile,
  type Subscription,
  writeFileAtomically,
} from "../../../core/index.ts";
import type { Analysis } from "./assimilate.ts";
import type { ClimateEmulator } from "./emulator.ts";
import type { FieldForecast } from "./field-forecast.ts";
import { checkLeads } from "./field-forecast.ts";
import { Follower, type FollowerCounts } from "./follower.ts";
import type { FollowerOptions } from "./follower-options.ts";
import { type Station, stationNetwork } from "./stations.ts";

/** How {@link follow} follows. */
export interface FollowOptions extends FollowerOptions {
  readonly emulator: ClimateEmulator;
  readonly stations: readonly Station[];
  /** Folder of the state, `follower.json`; made where it is missing. One at a time follows into it. */
  readonly folder: string;
  /** Steps that are forecast from analyses; none by default. */
  readonly leads?: number | undefined;
  /**
   * Gets every analysis before the state is written: after a crash the last ones come again, with the same numbers. With it comes the
   * forecast from it; where one event completes several steps, with the newest of them alone.
   */
  readonly onAnalysis: (analysis: Analysis, forecast: FieldForecast | undefined) => void | Promise<void>;
  /** Hears of messages that are no events of observations. */
  readonly onInvalid?: ((why: string) => void) | undefined;
  /** Analyses also the steps that are open when the subscription ends, as a recording does; `false` by default. */
  readonly finish?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Most messages that are held before the state is written; below the window of a subscription by default. */
const MOST_HELD = 500;
/** When nothing comes for so long it is written, too: a smaller window may be full of what is held. */
const QUIET_MS = 1000;

/**
 * Follows a stream of observations: each event (see `observationsOf`) is taken in, each step that is complete is analysed and told, the
 * state is written, and only then the messages are acknowledged. Killed at any time, and started again on a lasting subscription, it
 * goes on with the same numbers. Ends when the subscription does, and disposes of it.
 *
 * @returns What it has met since the state began.
 * @throws `TWIN_INVALID_ARGUMENT` for leads that are no number of steps, and where the folder has a state of another emulator or of other options; `TWIN_FILE_UNREADABLE` for a state
 *   that is none; `TWIN_FILE_LOCKED`, `TWIN_WRITE_FAILED`; what iterating the subscription or `onAnalysis` throw; the signal's reason.
 *
 * @example
 * await using subscription = await stream.subscribe({ name: "climate twin" });
 * await follow(subscription, { emulator, stations, folder: "following", seed: 1n, leads: 15, onAnalysis, signal });
 */
export async function follow(subscription: Subscription, options: FollowOptions): Promise<FollowerCounts> {
  await using listening = subscription;
  const { emulator, stations, folder, leads = 0, onAnalysis, onInvalid, signal } = options;
  if (leads !== 0) checkLeads(leads);
  signal?.throwIfAborted();
  await mkdir(folder, { recursive: true });
  const file = join(folder, "follower.json");
  const unlock = await lockFile(file);
  try {
    const network = stationNetwork(emulator, stations);
    const state = await readState(file);
    const follower =
      state === undefined
        ? new Follower(emulator, network, options)
        : Follower.restore(emulator, network, { ...options, state });
    const held: Delivery[] = [];
    const tell = async (analyses: readonly Analysis[], isLast = false): Promise<void> => {
      for (const [i, analysis] of analyses.entries()) {
        // Only the last one is where the ensemble is.
        const isNewest = i === analyses.length - 1;
        await onAnalysis(analysis, leads > 0 && isNewest ? follower.forecast(leads) : undefined);
      }
      if (analyses.length > 0 || held.length >= MOST_HELD || isLast) await keep();
    };
    const keep = async (): Promise<void> => {
      await writeFileAtomically(file, `${JSON.stringify(follower.toJSON())}\n`, { existing: "replace" });
      for (const delivery of held.splice(0)) delivery.acknowledge();
    };
    const whenQuiet = async (): Promise<void> => {
      if (held.length > 0) await keep();
    };
    for await (const delivery of heard(listening, { signal, whenQuiet })) {
      signal?.throwIfAborted();
      held.push(delivery);
      const event = read(delivery.payload);
      const { why, analyses } = typeof event === "string" ? follower.refuse(event) : follower.take(event);
      if (why !== undefined) onInvalid?.(why);
      await tell(analyses);
    }
    signal?.throwIfAborted();
    await tell(options.finish ? follower.finish() : [], true);
    return { ...follower.counts };
  } finally {
    await unlock();
  }
}

/** What a subscription gives, to its end or until the signal. */
async function* heard(
  subscription: Subscription,
  { signal, whenQuiet }: { readonly signal: AbortSignal | undefined; readonly whenQuiet: () => Promise<void> },
): AsyncGenerator<Delivery> {
  // Ends the iteration, which may wait for ever. A failure is told by whoever disposes of it last.
  const stop = (): void => void subscription[Symbol.asyncDispose]().then(undefined, () => undefined);
  signal?.addEventListener("abort", stop, { once: true });
  const iterator = subscription[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = iterator.next();
      // A failure is told below.
      next.catch(() => undefined);
      const clock = new AbortController();
      const quiet = setTimeout(QUIET_MS, "quiet", { signal: clock.signal }).catch(() => "stopped");
      if ((await Promise.race([next, quiet])) === "quiet") await whenQuiet();
      clock.abort();
      const { done, value } = await next;
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** The event of a message, or why it is none. */
function read(payload: Uint8Array): ReturnType<typeof decodeMessage> | string {
  try {
    return decodeMessage(payload);
  } catch (error) {
    if (error instanceof EventInvalidError) return error.message;
    throw error;
  }
}

async function readState(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FileUnreadableError(file, (error as Error).message, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileUnreadableError(file, `it is no state of a follower: ${(error as Error).message}`, { cause: error });
  }
}
