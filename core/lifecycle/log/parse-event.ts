import { digestBytes, digestJson } from "../../canonical/digest.ts";
import { type Event, EventSchema } from "../schema.ts";

/** Reads the text of an event. @returns The event, or what is wrong with the text. */
export function parseEvent(text: string): Event | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text.trim() === "" ? "it is empty." : "it is not JSON.";
  }
  const parsed = EventSchema.safeParse(value);
  if (parsed.success) {
    const { checksum } = parsed.data;
    // Canonical text without one of its members is what the others alone would be.
    const isSound = digestBytes(text.replace(`,"checksum":"${checksum}"`, "")) === checksum;
    return isSound ? parsed.data : "it was altered: its checksum is another.";
  }
  const [issue] = parsed.error.issues;
  return `it is no event: ${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "invalid"}.`;
}

/** An event, complete. */
export function withChecksum(facts: Omit<Event, "checksum">): Event {
  return { ...facts, checksum: digestJson(facts) };
}
