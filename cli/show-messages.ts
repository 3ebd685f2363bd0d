import { decodeMessage, type EventJson, eventToJson, reasonOf, type StreamEvent } from "../core/index.ts";
import { readRecording } from "../modules/recording/index.ts";
import type { BrokerChoice } from "./broker-options.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";
import { firstOf, listen } from "./listen.ts";
import { absolute } from "./open-file.ts";
import { isStreamAddress, withStream } from "./stream-address.ts";
import { formatNumber } from "./table.ts";
import { warnOfTornEnd } from "./torn-end.ts";

const MOST_CONDITIONS = 6;
const MOST_TENSORS = 4;

/** What is looked at. */
export interface ShowChoice extends BrokerChoice {
  /** A recording, or the address of a stream. */
  readonly from: string;
  readonly skip: number;
  readonly count: number;
}

/** A message for programs: the event that it is, or why it is none. */
export type ShownMessage = { readonly bytes: number } & ({ readonly event: EventJson } | { readonly problem: string });

/** Passes on messages of a recording, or of a stream as they come. Ends early, and cleanly, when the signal aborts. */
export async function showMessages(
  choice: ShowChoice,
  io: CommandIo,
  show: (payload: Uint8Array, place: number) => void,
): Promise<void> {
  const { from, skip, count } = choice;
  if (isStreamAddress(from)) {
    return await withStream({ ...choice, address: from, as: "stream" }, io, async (stream) => {
      await using subscription = firstOf(await listen(stream, { signal: io.signal }), skip + count);
      const end = (): void => void subscription[Symbol.asyncDispose]();
      io.signal.addEventListener("abort", end, { once: true });
      if (!io.json) io.warn(`listening to ${stream.address}`);
      let place = 0;
      for await (const { payload, acknowledge } of subscription) {
        if (place >= skip) show(payload, place);
        place++;
        acknowledge();
      }
    });
  }
  const file = absolute(from, io.cwd);
  let place = 0;
  const onEnd: NonNullable<Parameters<typeof readRecording>[1]>["onEnd"] = (contents) =>
    warnOfTornEnd(from, contents, io);
  for await (const { payload } of readRecording(file, { signal: io.signal, onEnd })) {
    if (place >= skip) show(payload, place);
    if (++place === skip + count) return;
  }
}

/** A message in a line for people. */
export function messageText(payload: Uint8Array, place: number): string {
  const event = eventOf(payload);
  if (typeof event === "string") return harmless(`${place}  ${payload.length} B  no event: ${event}`);
  const { source, sequence, run, timeNs, conditions, tensors } = event;
  const known = Object.entries(conditions).map(([name, value]) => `${name}=${formatNumber(value)}`);
  const arrays = Object.entries(tensors).map(([name, array]) => `${name} ${array.dtype}[${array.shape}]`);
  return harmless(
    [
      ...[`${source} #${sequence}`, ...(run === "" ? [] : [run]), timeText(timeNs)],
      ...[...few(known, MOST_CONDITIONS), ...few(arrays, MOST_TENSORS), `${payload.length} B`],
    ].join("  "),
  );
}

/** A message for programs. */
export function messageJson(payload: Uint8Array): ShownMessage {
  const event = eventOf(payload);
  const bytes = payload.length;
  return typeof event === "string" ? { bytes, problem: event } : { bytes, event: eventToJson(event) };
}

function eventOf(payload: Uint8Array): StreamEvent | string {
  try {
    return decodeMessage(payload);
  } catch (error) {
    return reasonOf(error);
  }
}

function few(texts: readonly string[], most: number): readonly string[] {
  return texts.length <= most ? texts : [...texts.slice(0, most), `and ${texts.length - most} more`];
}

/** ISO 8601, to the nanosecond where it has that many digits. */
function timeText(timeNs: bigint): string {
  const ms = timeNs / 1_000_000n - (timeNs % 1_000_000n < 0n ? 1n : 0n);
  const rest = timeNs - ms * 1_000_000n;
  const date = new Date(Number(ms));
  if (Number.isNaN(date.getTime())) return `${timeNs} ns`;
  return rest === 0n ? date.toISOString() : date.toISOString().replace("Z", `${String(rest).padStart(6, "0")}Z`);
}
