import { digestBytes, digestJson } from "../../canonical/digest.ts";
import { readCanonical } from "../read-canonical.ts";
import { type Event, EventSchema } from "../schema.ts";

/** What {@link parseEvent} made of a text. */
export type ParsedEvent =
  | { readonly event: Event; readonly problem?: never }
  | {
      readonly event?: never;
      /** What is wrong. */
      readonly problem: string;
      /** Whether nothing is, but that a newer Twinloom wrote it. */
      readonly isNewer: boolean;
    };

/** Reads the text of an event. Also one that a newer Twinloom wrote has a checksum: what is altered is not taken for newer. */
export function parseEvent(bytes: Uint8Array): ParsedEvent {
  const broken = (problem: string): ParsedEvent => ({ problem, isNewer: false });
  if (bytes.length === 0) return broken("it is empty.");
  const { value, text, problem } = readCanonical(bytes);
  if (problem !== undefined) return broken(`it ${problem}`);
  const parsed = EventSchema.safeParse(value);
  const { schemaVersion, checksum } = (value ?? {}) as {
    readonly schemaVersion?: unknown;
    readonly checksum?: unknown;
  };
  // Canonical text without one of its members is what the others alone would be.
  const isSound = digestBytes(text.replace(`,"checksum":"${checksum}"`, "")) === checksum;
  if (parsed.success) return isSound ? { event: parsed.data } : broken("it was altered: its checksum is another.");
  const type = unknownChange(value);
  if (isSound && Number(schemaVersion) > 1) return { problem: `its schemaVersion is ${schemaVersion}.`, isNewer: true };
  if (isSound && type !== undefined) return { problem: `its change is of the type "${type}".`, isNewer: true };
  const [issue] = parsed.error.issues;
  return broken(`it is no event: ${issue?.path.join(".") || "the whole"}: ${issue?.message ?? "invalid"}.`);
}

/** The type of a change that this Twinloom does not know. */
function unknownChange(value: unknown): string | undefined {
  const type = (value as null | { readonly change?: { readonly type?: unknown } | null })?.change?.type;
  const known: readonly string[] = EventSchema.shape.change.options.map(({ shape }) => shape.type.value);
  return typeof type === "string" && !known.includes(type) ? type : undefined;
}

/** An event, complete. */
export function withChecksum(facts: Omit<Event, "checksum">): Event {
  return { ...facts, checksum: digestJson(facts) };
}
