import { decodeMessage, FileNotFoundError, InvalidArgumentError } from "../core/index.ts";
import { readRecording } from "../modules/recording/index.ts";

/** What a publisher has recorded so far. */
export interface RecordedSoFar {
  /** Sequence of its first event. */
  readonly first: number;
  /** Sequence of the event that comes next. */
  readonly next: number;
  /**
   * That an event is the one that was recorded. Of those that are kept still, see `readRecordedSoFar`.
   *
   * @throws `TWIN_INVALID_ARGUMENT`
   */
  check(sequence: number, payload: Uint8Array): void;
}

/**
 * Reads the recording of a publisher that goes on with it. One without events, or that is not there, is `undefined`.
 *
 * @param keep - So many of its last events are kept, to be compared.
 * @throws `TWIN_INVALID_ARGUMENT` for one that is not made by this publisher; as `readRecording` does.
 */
export async function readRecordedSoFar(
  file: string,
  { source, keep, signal }: { readonly source: string; readonly keep: number; readonly signal: AbortSignal },
): Promise<RecordedSoFar | undefined> {
  let messages = 0;
  let begin: Uint8Array | undefined;
  const last: Uint8Array[] = [];
  try {
    for await (const { payload } of readRecording(file, { signal })) {
      begin ??= payload;
      last[messages++ % keep] = payload;
    }
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
  const end = last[(messages - 1) % keep];
  if (begin === undefined || end === undefined) return undefined;
  const [first, newest] = [begin, end].map((payload) => sequenceOf(payload, file, source)) as [number, number];
  const next = first + messages;
  if (newest !== next - 1) {
    throw notOurs(file, `its ${messages} messages begin with event ${first} and end with event ${newest}`);
  }
  const check = (sequence: number, payload: Uint8Array): void => {
    const recorded = last[(sequence - first) % keep] as Uint8Array;
    if (Buffer.compare(recorded, payload) !== 0) throw notOurs(file, `event ${sequence} is another one there`);
  };
  return { first, next, check };
}

function sequenceOf(payload: Uint8Array, file: string, source: string): number {
  let event: ReturnType<typeof decodeMessage>;
  try {
    event = decodeMessage(payload);
  } catch (cause) {
    throw notOurs(file, "it has messages that are no events", cause);
  }
  if (event.source === source) return Number(event.sequence);
  throw notOurs(file, `its events are of "${event.source}", those of the script of "${source}"`);
}

function notOurs(file: string, problem: string, cause?: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    `Cannot go on with the recording "${file}": ${problem}. Give the script, seed, showers or model that it was begun with, or another --record.`,
    { cause },
  );
}
