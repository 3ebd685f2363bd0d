import { reasonOf } from "../errors/reason.ts";
import { decodeEvent } from "./decode-event.ts";
import type { StreamEvent } from "./event.ts";
import { eventFromJson } from "./event-json.ts";
import { failAt } from "./json-values.ts";

/** What JSON may begin with: tab, line feed, carriage return, space, `{`. No binary event does; event.proto says why. */
const BEGINS_JSON: ReadonlySet<number | undefined> = new Set([0x09, 0x0a, 0x0d, 0x20, 0x7b]);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads the event of a message, whether it is binary or JSON.
 *
 * @param bytes - One message. They are not kept.
 * @throws `TWIN_EVENT_INVALID` with what is wrong and where, when they are no event.
 */
export function decodeMessage(bytes: Uint8Array): StreamEvent {
  return BEGINS_JSON.has(bytes[0]) ? eventFromJson(parse(bytes)) : decodeEvent(bytes);
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return failAt("", `is no JSON: ${reasonOf(error)}`, error);
  }
}
