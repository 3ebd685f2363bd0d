import { setTimeout as sleep } from "node:timers/promises";

/** Most that is on its way at once, from the first that has not arrived to the last that has begun. */
export const SEND_WINDOW = 1000;

/** So long what is on its way may take to arrive once the end was asked for, ms. */
const FAREWELL_MS = 5000;
/** A timer holds no more, ms. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** How things are sent. */
export interface SendOptions {
  /** So many per second of the clock; 0 for as fast as it goes. */
  readonly perSecond: number;
  /** Ends it: what has begun arrives still, if it does soon. */
  readonly signal: AbortSignal;
  /** Called with what has arrived. */
  readonly onSent?: ((count: number) => void) | undefined;
}

/** What was sent. */
export interface Sent {
  /** Begun; more than {@link arrived} where it was ended while nothing arrived. */
  readonly begun: number;
  readonly arrived: number;
  /** From the first to the arrival of the last, s. */
  readonly seconds: number;
}

/**
 * Sends things in their order, each at its time after the first. Nothing is left out: what is late is sent as fast as it goes
 * until it is in time again.
 *
 * @param send - Begins to send one; settles when it has arrived.
 * @throws What making or sending one throws, when all that was on its way has arrived or failed. Nothing is sent after a failure.
 */
export async function sendPaced<T>(
  things: AsyncIterable<T>,
  send: (thing: T) => Promise<void>,
  { perSecond, signal, onSent }: SendOptions,
): Promise<Sent> {
  const onTheWay: Promise<void>[] = [];
  const failures: unknown[] = [];
  const failed = new AbortController();
  const ending = AbortSignal.any([signal, failed.signal]);
  const fail = (error: unknown): void => {
    failures.push(error);
    failed.abort();
  };
  let begun = 0;
  let arrived = 0;
  let startMs: number | undefined;
  try {
    for await (const thing of things) {
      startMs ??= performance.now();
      if (perSecond > 0) await until(startMs + (begun / perSecond) * 1000, ending);
      const slot = begun % SEND_WINDOW;
      const before = onTheWay[slot];
      if (before) await settledOrAborted(before, ending);
      if (ending.aborted) break;
      begun++;
      onTheWay[slot] = send(thing).then(() => {
        arrived++;
        onSent?.(arrived);
      }, fail);
    }
  } catch (error) {
    // Whoever makes them ends with the signal's reason, too.
    if (!signal.aborted) fail(error);
  }
  await arrivedOrLate(onTheWay, signal);
  const seconds = startMs === undefined ? 0 : (performance.now() - startMs) / 1000;
  if (failures.length > 0) throw failures[0];
  return { begun, arrived, seconds };
}

async function until(timeMs: number, signal: AbortSignal): Promise<void> {
  for (let waitMs = timeMs - performance.now(); waitMs >= 1; waitMs = timeMs - performance.now()) {
    // Where it is ended the caller looks at the signal.
    await sleep(Math.min(waitMs, LONGEST_SLEEP_MS), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

/** No `Promise.race` with one promise for all: each race would stay in its memory. */
async function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      signal.removeEventListener("abort", go);
      resolve();
    };
    signal.addEventListener("abort", go, { once: true });
    void promise.then(go);
  });
}

async function arrivedOrLate(onTheWay: readonly Promise<void>[], signal: AbortSignal): Promise<void> {
  const all = Promise.all(onTheWay).then(() => undefined);
  await settledOrAborted(all, signal);
  const farewell = new AbortController();
  await Promise.race([all, sleep(FAREWELL_MS, undefined, { signal: farewell.signal }).catch(() => undefined)]);
  farewell.abort();
}
