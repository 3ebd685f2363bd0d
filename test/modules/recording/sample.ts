import { openJournal } from "twinloom";
import { MemoryStream } from "twinloom/modules/memory";
import { type Recorded, type RecordStreamOptions, recordStream } from "twinloom/modules/recording";

/** A stream in memory, with room for what tests publish. */
export function memory(): MemoryStream {
  return new MemoryStream({ name: "events", roomBytes: 64 << 20, keepBytes: 0 });
}

/** Records messages from a stream in memory. */
export async function recordMessages(
  messages: readonly Uint8Array[],
  file: string,
  options?: RecordStreamOptions,
): Promise<Recorded> {
  // Of no messages, nothing would tell that they are written.
  if (messages.length === 0) await (await openJournal(file, { kind: "twinloom.recording.v1" })).close();
  if (messages.length === 0) return { messages: 0, bytes: 0 };
  const stream = memory();
  const subscription = await stream.subscribe();
  let recorded: Recorded = { messages: 0, bytes: 0 };
  const done = new AbortController();
  const recording = recordStream(subscription, file, {
    ...options,
    signal: done.signal,
    onProgress: (progress) => {
      recorded = progress;
      if (progress.messages === messages.length) done.abort();
    },
  }).catch((error: unknown) => {
    if (error !== done.signal.reason) throw error;
  });
  for (const message of messages) await stream.publish(message);
  await recording;
  return recorded;
}
