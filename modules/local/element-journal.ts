import { hostname } from "node:os";
import { type ElementStatus, FileNotFoundError, readJournal } from "../../core/index.ts";
import type { ElementEvent, LocalFolder } from "./local-folder.ts";

/** What the records of an array's journal are. */
export const JOURNAL_KIND = "twinloom.local.v1";

export function encodeEvent(event: ElementEvent): Uint8Array {
  return Buffer.from(JSON.stringify(event));
}

/**
 * The last that is known of each element.
 *
 * @returns Nothing where the array has no journal: no supervisor has taken it yet, or it is over.
 */
export async function lastEvents(
  folder: LocalFolder,
  id: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadonlyMap<number, ElementEvent> | undefined> {
  const last = new Map<number, ElementEvent>();
  try {
    for await (const record of readJournal(folder.states(id), { kind: JOURNAL_KIND, signal: options.signal })) {
      const event = JSON.parse(Buffer.from(record).toString()) as ElementEvent;
      last.set(event.element, event);
    }
    return last;
  } catch (error) {
    if (error instanceof FileNotFoundError) return undefined;
    throw error;
  }
}

/** What an executor says of an element. */
export function statusOf(event: ElementEvent | undefined, element: number): ElementStatus {
  if (event === undefined) return { element, state: "queued" };
  if (!("restart" in event)) return event;
  if (event.state === "running") return { element, state: "running", node: hostname() };
  return { element, state: "queued", reason: "It asked to be started again." };
}
