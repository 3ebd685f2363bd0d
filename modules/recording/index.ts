/**
 * Recordings of streams of events: every message byte for byte, acknowledged when it is durable, and played as a stream as
 * fast as it is taken.
 *
 * @example
 * await recordStream(await stream.subscribe({ name: "recorder" }), "run-7.twr", { signal });
 * await using twin = await createTwin({ plugins: { events: recordedStream({ file: "run-7.twr" }) } });
 *
 * @packageDocumentation
 */
export { openRecording, Recording, type RecordingOptions } from "./open-recording.ts";
export { type RecordedStreamOptions, recordedStream } from "./plugin.ts";
export { type Recorded, type RecordStreamOptions, recordStream } from "./record-stream.ts";
export { RecordedStream } from "./recorded-stream.ts";
export { type ReadRecordingOptions, type RecordedMessage, readRecording } from "./recording.ts";
