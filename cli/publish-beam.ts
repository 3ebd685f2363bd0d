import { resolve } from "node:path";
import { type EventStream, encodeEvent, type StreamEvent, writeFileAtomically } from "../core/index.ts";
import { openRecording, type Recording } from "../modules/recording/index.ts";
import { type ShowersReused, type TestBeam, trueConditions } from "../thematic/detector/index.ts";
import { conditionsText } from "./beam-conditions.ts";
import { type BeamSourceChoice, withBeam } from "./beam-source.ts";
import type { BrokerChoice } from "./broker-options.ts";
import type { CommandIo } from "./command.ts";
import { UsageError } from "./errors.ts";
import { type RecordedSoFar, readRecordedSoFar } from "./resume-recording.ts";
import { SEND_WINDOW, sendPaced } from "./send-paced.ts";
import { withStream } from "./stream-address.ts";

const REDRAW_MS = 100;

/** What of a beam is published, and where. */
export interface BeamChoice extends BeamSourceChoice, BrokerChoice {
  readonly to?: string | undefined;
  readonly record?: string | undefined;
  /** File that the true conditions are written to. */
  readonly truth?: string | undefined;
  /** Events per second of the clock; 0 for as fast as it goes; the script's by default. */
  readonly rate?: number | undefined;
  readonly count?: number | undefined;
  readonly fromSequence?: number | undefined;
  readonly resume: boolean;
}

/** What was published. */
export interface PublishedBeam {
  readonly source: string;
  readonly run: string;
  readonly seed: number | string;
  /** Sequence of the first event that was made now. */
  readonly fromSequence: number;
  /** Sequence of the first that was not. */
  readonly nextSequence: number;
  /** Events that were made now, and those of a recording that were published again. */
  readonly events: number;
  readonly repeated: number;
  /** Begun, and not confirmed by the broker before the end. */
  readonly unconfirmed: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly eventsPerSecond: number;
  readonly wantedPerSecond: number | null;
  readonly to: string | null;
  readonly record: string | null;
  /** Whether all that was asked for is done. */
  readonly complete: boolean;
  readonly reused: readonly ShowersReused[];
}

interface Message {
  readonly payload: Uint8Array;
  readonly isRecorded: boolean;
}

/** Which events: `[from, stop)`; those before `next` are recorded already. */
interface Part {
  readonly from: number;
  readonly next: number;
  readonly stop: number;
}

/** Publishes events of a test beam, each after it was recorded. Ends early, and cleanly, when the signal aborts. */
export async function publishBeam(choice: BeamChoice, io: CommandIo): Promise<PublishedBeam> {
  const { to, record, resume } = choice;
  if (to === undefined && record === undefined) {
    throw new UsageError("Give --to, the stream that events are published to, or --record, a file, or both.");
  }
  if (resume && record === undefined) throw new UsageError("--resume goes on with a recording: give --record, too.");
  return await withBeam(choice, io, async (beam, source) => {
    const file = record === undefined ? undefined : resolve(io.cwd, record);
    const { signal } = io;
    const so = { source: beam.script.source, keep: SEND_WINDOW, signal };
    const recorded = file !== undefined && resume ? await readRecordedSoFar(file, so) : undefined;
    const part = partOf(choice, beam, recorded);
    if (choice.truth !== undefined) await writeTruth(beam, resolve(io.cwd, choice.truth));
    const reused = new Map<number, ShowersReused>();
    const onReuse = (each: ShowersReused): void => {
      if (!reused.has(each.absorberMm)) io.warn(reusedText(each));
      if (!reused.has(each.absorberMm)) reused.set(each.absorberMm, each);
    };
    // What cannot be made leaves no recording behind.
    const from = Math.min(part.from, beam.script.events);
    const events = beam.events(source, { from, signal, onReuse });
    const publish = async (stream?: EventStream): Promise<PublishedBeam> => {
      const existing = resume ? "append" : "refuse";
      await using recording = file === undefined ? undefined : await openRecording(file, { existing, signal });
      return await send({ beam, events, reused, part, recorded, stream, recording }, choice, io);
    };
    return to === undefined
      ? await publish()
      : await withStream({ ...choice, address: to, as: "--to" }, io, async (stream) => await publish(stream));
  });
}

/** As `readConditionsOverTime` of the module of adaptation reads it. */
async function writeTruth(beam: TestBeam, file: string): Promise<void> {
  const lines = [...trueConditions(beam)].map(({ timeNs, conditions }) => {
    return `${JSON.stringify({ timeNs: String(timeNs), conditions })}\n`;
  });
  await writeFileAtomically(file, lines.join(""), { existing: "replace" });
}

/** What was recorded last may not have been published: so much as may have been on its way is published again. */
function partOf(
  { fromSequence, count }: BeamChoice,
  { script: { events } }: TestBeam,
  recorded: RecordedSoFar | undefined,
): Part {
  const first = fromSequence ?? recorded?.first ?? 0;
  if (first >= events) {
    throw new UsageError(`--from-sequence ${first}: the script has ${events} events, 0 to ${events - 1}.`);
  }
  if (recorded !== undefined && recorded.first !== first) {
    throw new UsageError(
      `--from-sequence ${first}: the recording begins with event ${recorded.first}. With --resume, leave it out.`,
    );
  }
  const next = recorded?.next ?? first;
  const stop = Math.min(events, first + (count ?? events));
  return { from: Math.max(first, next - SEND_WINDOW), next, stop };
}

interface Sending {
  readonly beam: TestBeam;
  readonly events: AsyncIterable<StreamEvent>;
  readonly reused: ReadonlyMap<number, ShowersReused>;
  readonly part: Part;
  readonly recorded: RecordedSoFar | undefined;
  readonly stream: EventStream | undefined;
  readonly recording: Recording | undefined;
}

async function send(sending: Sending, choice: BeamChoice, io: CommandIo): Promise<PublishedBeam> {
  const { beam, part, reused, stream, recording } = sending;
  const { script } = beam;
  const { signal } = io;
  const perSecond = choice.rate ?? script.eventsPerSecond;
  // What was recorded before comes only where it is published again.
  const first = stream ? Math.min(part.from, part.stop) : part.next;
  let firstMs: number | undefined;
  let drawnMs = 0;
  let bytes = 0;
  let events = 0;
  const show = (arrived: number): void => {
    const now = performance.now();
    if (now - drawnMs < REDRAW_MS) return;
    drawnMs = now;
    firstMs ??= now;
    const rate = arrived > 1 ? `  ${((1000 * arrived) / (now - firstMs)).toFixed(0)}/s` : "";
    const conditions = conditionsText(beam.conditionsAt(beam.secondsOf(first + arrived - 1)), script);
    const details = `${first + arrived}${rate}  ${conditions}`;
    io.progress(arrived / (part.stop - first), stream ? "publishing" : "recording", details);
  };
  const sent = await sendPaced(
    messagesOf(sending),
    async ({ payload, isRecorded }) => {
      if (!isRecorded) {
        events++;
        bytes += payload.length;
        await recording?.append(payload);
      }
      await stream?.publish(payload);
    },
    { perSecond, signal, onSent: show },
  ).catch((error: unknown) => {
    if (recording && events > 0) io.warn(`What was made until now is in ${choice.record}; --resume goes on with it.`);
    throw error;
  });
  const nextSequence = part.next + events;
  return {
    ...{ source: script.source, run: script.run, seed: script.seed },
    ...{ fromSequence: part.next, nextSequence, events, repeated: sent.begun - events },
    ...{ unconfirmed: sent.begun - sent.arrived, bytes, seconds: sent.seconds },
    eventsPerSecond: sent.seconds > 0 ? sent.arrived / sent.seconds : 0,
    wantedPerSecond: perSecond > 0 ? perSecond : null,
    ...{ to: stream?.address ?? null, record: choice.record ?? null },
    complete: nextSequence >= part.stop && sent.begun === sent.arrived,
    reused: [...reused.values()],
  };
}

async function* messagesOf({ events, part, recorded, stream }: Sending): AsyncGenerator<Message> {
  if (part.from >= part.stop) return;
  for await (const event of events) {
    const sequence = Number(event.sequence);
    const payload = encodeEvent(event);
    const isRecorded = sequence < part.next;
    if (isRecorded) recorded?.check(sequence, payload);
    if (!isRecorded || stream) yield { payload, isRecorded };
    if (sequence === part.stop - 1) return;
  }
}

function reusedText({ showers, absorberMm, event }: ShowersReused): string {
  return `The ${showers} showers for ${absorberMm} mm are used up at event ${event}, and come again in another order: events are then not independent of each other.`;
}
