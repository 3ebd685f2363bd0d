import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import { digestBytes } from "../../canonical/digest.ts";
import { writing } from "../fs/failures.ts";
import { makeDurableFolder, replaceFile } from "../fs/publish.ts";
import { systemCode } from "../fs/store-fs.ts";
import { STORE_NAMES } from "../layout.ts";
import { LogBrokenError } from "../log/errors.ts";
import { eventFile, folderOfTwin } from "../log/folder-name.ts";
import { parseEvent } from "../log/parse-event.ts";
import { publishEvent } from "../log/publish-event.ts";
import type { TwinStore } from "../store.ts";
import { LogDivergedError } from "./errors.ts";
import type { Archive } from "./read-archive.ts";

/** An event of an archive that a store does not have, or has damaged. */
export interface NewEvent {
  readonly twin: string;
  readonly sequence: number;
  readonly text: string;
  /** Whether a file is in its place that is no event. */
  readonly replaces: boolean;
}

/**
 * The events of an archive that a store needs. A broken log gets those that are damaged or missing, where the archive has
 * them and every event that is sound here: the chain vouches for both.
 *
 * @throws {@link LogDivergedError}; `TWIN_LOG_BROKEN` where the archive does not reach as far as the damage.
 */
export async function newEvents(
  store: TwinStore,
  archive: Archive,
  signal: AbortSignal | undefined,
): Promise<readonly NewEvent[]> {
  const added: NewEvent[] = [];
  for (const [twin, texts] of archive.logs) {
    const { known, isBroken } = await soundBeginning(store, twin, texts, signal);
    for (let sequence = known + 1; sequence <= texts.length; sequence++) {
      signal?.throwIfAborted();
      const text = texts[sequence - 1] as string;
      const here = isBroken ? await eventBytes(store, twin, sequence) : undefined;
      if (here !== undefined && Buffer.from(here).toString() === text) continue;
      if (here !== undefined && parseEvent(here).event !== undefined) throw new LogDivergedError(twin, sequence);
      added.push({ twin, sequence, text, replaces: here !== undefined });
    }
    const last = texts.at(-1);
    if (!isBroken || last === undefined) continue;
    // What is here alone must be the continuation.
    const next = await eventBytes(store, twin, texts.length + 1);
    const event = next && parseEvent(next).event;
    if (event && event.previous !== digestBytes(last)) throw new LogDivergedError(twin, event.sequence);
  }
  return added;
}

/**
 * Adds an event to its log, or mends it.
 *
 * @returns Whether this did: another may have brought the same.
 * @throws {@link LogDivergedError}, `TWIN_WRITE_FAILED`
 */
export async function addEvent(store: TwinStore, event: NewEvent, addedBefore: number): Promise<boolean> {
  const { twin, sequence, text, replaces } = event;
  const { fs } = store;
  const path = pathOf(store, twin, sequence);
  const folder = join(path, "..");
  return await writing(path, async () => {
    if (sequence === 1) await makeDurableFolder(fs, folder);
    if (replaces) {
      await replaceFile(fs, path, text);
      await fs.syncFolder(folder);
      return true;
    }
    if (await publishEvent(fs, text, { path, folder, by: store.publishing })) return true;
    const here = await eventBytes(store, twin, sequence);
    if (here !== undefined && Buffer.from(here).toString() === text) return false;
    throw new LogDivergedError(twin, sequence, addedBefore);
  });
}

/** How many events a log begins with that are sound and the archive's, too. */
async function soundBeginning(
  store: TwinStore,
  twin: string,
  texts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ readonly known: number; readonly isBroken: boolean }> {
  let known = 0;
  try {
    for await (const event of store.log(twin).events()) {
      signal?.throwIfAborted();
      const text = texts[known];
      if (text !== undefined && text !== canonicalJson(event)) throw new LogDivergedError(twin, event.sequence);
      known++;
    }
    return { known, isBroken: false };
  } catch (error) {
    if (!(error instanceof LogBrokenError) || known >= texts.length) throw error;
    return { known, isBroken: true };
  }
}

function pathOf(store: TwinStore, twin: string, sequence: number): string {
  return join(store.folder, STORE_NAMES.events, folderOfTwin(twin), eventFile(sequence));
}

async function eventBytes(store: TwinStore, twin: string, sequence: number): Promise<Uint8Array | undefined> {
  try {
    return await store.fs.readFile(pathOf(store, twin, sequence));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
