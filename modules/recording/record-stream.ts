import type { Delivery, Subscription } from "../../core/index.ts";
import { openRecording, type RecordingOptions } from "./open-recording.ts";

/** How a stream is recorded. */
export interface RecordStreamOptions extends RecordingOptions {
  /** Ends the recording: what has come is written and acknowledged, then this rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called as messages become durable. */
  readonly onProgress?: ((recorded: Recorded) => void) | undefined;
}

/** What was recorded: messages that are durable and acknowledged. */
export interface Recorded {
  readonly messages: number;
  /** Of their payloads. */
  readonly bytes: number;
}

/**
 * Writes every message of a subscription to a file, byte for byte, with the time at which it came, until the subscription
 * ends. Messages are acknowledged when they are durable, many with one sync of the disk; what comes twice is written twice.
 * The subscription is disposed of in the end.
 *
 * @throws `TWIN_FILE_EXISTS`, `TWIN_FILE_LOCKED`, `TWIN_FILE_UNREADABLE`, `TWIN_READ_FAILED` as `openJournal` does;
 *   `TWIN_WRITE_FAILED`, such as on a full disk; what iterating the subscription throws; the signal's reason. What was not
 *   written is not acknowledged: a lasting subscription gets it again, and `existing: "append"` goes on.
 *
 * @example
 * const subscription = await stream.subscribe({ name: "recorder" });
 * await recordStream(subscription, "run-7.twr", { signal });
 */
export async function recordStream(
  subscription: Subscription,
  file: string,
  options: RecordStreamOptions = {},
): Promise<Recorded> {
  const { signal, onProgress } = options;
  await using listening = subscription;
  await using recording = await openRecording(file, options);
  const writing = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let recorded: Recorded = { messages: 0, bytes: 0 };

  const write = async (delivery: Delivery): Promise<void> => {
    const { payload } = delivery;
    await recording.append(payload);
    delivery.acknowledge();
    recorded = { messages: recorded.messages + 1, bytes: recorded.bytes + payload.length };
    onProgress?.(recorded);
  };
  const end = async (reason: unknown): Promise<void> => {
    failures.push(reason);
    // An acknowledgement after the end would have no effect.
    await Promise.all(writing);
    try {
      await listening[Symbol.asyncDispose]();
    } catch {
      // It is disposed of again in the end, where a failure is heard.
    }
  };
  const onAbort = (): void => void end(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    for await (const delivery of listening) {
      if (failures.length > 0) break;
      const written: Promise<void> = write(delivery)
        .catch((error: unknown) => void end(error))
        .finally(() => writing.delete(written));
      writing.add(written);
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await Promise.all(writing);
  }
  if (failures.length > 0) throw failures[0];
  return recorded;
}
