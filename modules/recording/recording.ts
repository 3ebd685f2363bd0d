import { type JournalContents, ReadFailedError, readJournal } from "../../core/index.ts";

/** Kind of the journals that are recordings; see docs/reference/recording-format.md. */
export const RECORDING_KIND = "twinloom.recording.v1";
/** Time of arrival before the message. */
const TIME_BYTES = 8;

/** A message of a recording. */
export interface RecordedMessage {
  /** The very bytes that came. The caller's own. */
  readonly payload: Uint8Array;
  /** When it came, by the clock of who recorded it: nanoseconds since 1970-01-01T00:00:00Z. */
  readonly arrivalNs: bigint;
}

/** How a recording is read. */
export interface ReadRecordingOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called when everything was read, with what there was. */
  readonly onEnd?: ((contents: JournalContents) => void) | undefined;
}

/**
 * Reads a recording in its order, with bounded memory. It may still be being written: then those messages come that are
 * complete when reading begins.
 *
 * @throws `TWIN_FILE_NOT_FOUND`; `TWIN_FILE_UNREADABLE` for a file that is no recording; `TWIN_READ_FAILED` with the offset
 *   where it is damaged, after the messages before that; the signal's reason. A torn end, as a killed recorder leaves it, is
 *   no failure: `onEnd` tells.
 */
export async function* readRecording(
  file: string,
  options: ReadRecordingOptions = {},
): AsyncGenerator<RecordedMessage, void, undefined> {
  for await (const record of readJournal(file, { ...options, kind: RECORDING_KIND })) {
    if (record.length < TIME_BYTES) throw new ReadFailedError(file, `a record of ${record.length} bytes has no time.`);
    const time = new DataView(record.buffer, record.byteOffset, TIME_BYTES);
    yield { payload: record.subarray(TIME_BYTES), arrivalNs: time.getBigInt64(0, true) };
  }
}

/** A message as a record of the journal. */
export function encodeRecorded({ payload, arrivalNs }: RecordedMessage): Uint8Array {
  const record = new Uint8Array(TIME_BYTES + payload.length);
  new DataView(record.buffer).setBigInt64(0, arrivalNs, true);
  record.set(payload, TIME_BYTES);
  return record;
}
