import { join } from "node:path";
import { canonicalJson } from "../../canonical/canonical-json.ts";
import type { Digest } from "../../canonical/digest.ts";
import type { ObjectOptions } from "../../contracts/object-store.ts";
import { StoreNotFoundError } from "../errors.ts";
import { writing } from "../fs/failures.ts";
import { makeDurableFolder, makeStoreFolder, removeIfThere, temporaryPath, writeNew } from "../fs/publish.ts";
import { STORE_NAMES } from "../layout.ts";
import { readNoted } from "../log/attestations.ts";
import { versionName } from "../log/find-version.ts";
import { eventFile, folderOfTwin } from "../log/folder-name.ts";
import { publishEvent } from "../log/publish-event.ts";
import type { Change, Event } from "../schema.ts";
import { type OpenStoreOptions, openStore, type TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { ArchiveInvalidError, LogDivergedError } from "./errors.ts";
import { type Archive, openArchive } from "./read-archive.ts";
import { readManifest, referencesOf, referencesOfManifest } from "./references.ts";

/** How {@link unpackStore} unpacks. */
export interface UnpackOptions extends ObjectOptions, Pick<OpenStoreOptions, "fs" | "clock"> {}

/** What {@link unpackStore} brought. */
export interface Unpacked {
  /** Absolute path of the store. */
  readonly folder: string;
  /** Those that are there now with all that they need: `ecal@v7`. */
  readonly versions: readonly string[];
  /** Read and verified; some may have been there. */
  readonly objects: number;
  /** Added to the logs. */
  readonly events: number;
}

/** Larger objects go through a file. */
const AT_ONCE_BYTES = 1 << 20;

/**
 * Brings the versions of an archive into a store, which is made where there is none. Each object is verified, and each log,
 * before the first event is added: a log here must be the beginning of the one there, or the other way round. What is
 * corrupt or missing here and sound in the archive is repaired.
 *
 * @throws `TWIN_ARCHIVE_INVALID`, `TWIN_LOG_DIVERGED`, `TWIN_LOG_BROKEN`, `TWIN_FILE_NOT_FOUND`, `TWIN_STORE_NOT_FOUND`
 *   where something else is in the folder, `TWIN_STORE_NEWER`, `TWIN_WRITE_FAILED`; the signal's reason. No event was added.
 */
export async function unpackStore(file: string, folder: string, options: UnpackOptions = {}): Promise<Unpacked> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  await using archive = await openArchive(file);
  await using store = await openOrMake(folder, options);
  const added = await newEvents(store, archive);
  await using pin = await store.pin();
  const ofBytes = [...archive.objects.values()].reduce((sum, bytes) => sum + bytes, 0);
  let done = 0;
  for (const [digest, bytes] of archive.objects) {
    signal?.throwIfAborted();
    await putObject(store, archive, { file, digest, bytes, signal });
    done += bytes;
    onProgress?.(done, ofBytes);
  }
  await store.objects.flush();
  await checkComplete(store, archive, file);
  await markAbsent(store, archive.versions, added);
  await pin.check();
  for (const { twin, sequence, text } of added) await publish(store, twin, sequence, text);
  await store.writeOciIndex();
  const states = await store.states();
  const entries = states.flatMap(({ versions }) => [...versions.values()]);
  const brought = entries.filter(({ digest }) => archive.versions.includes(digest));
  return {
    folder: store.folder,
    versions: brought.map(versionName),
    objects: archive.objects.size,
    events: added.length,
  };
}

async function openOrMake(folder: string, { fs, clock }: UnpackOptions): Promise<TwinStore> {
  try {
    return await openStore(folder, { fs, clock });
  } catch (error) {
    if (error instanceof StoreNotFoundError) return await openStore(folder, { fs, clock, create: true });
    throw error;
  }
}

interface NewEvent {
  readonly twin: string;
  readonly sequence: number;
  readonly text: string;
}

/** The events that a store does not have yet. @throws {@link LogDivergedError} */
async function newEvents(store: TwinStore, archive: Archive): Promise<readonly NewEvent[]> {
  const added: NewEvent[] = [];
  for (const [twin, texts] of archive.logs) {
    let known = 0;
    for await (const event of store.log(twin).events()) {
      const text = texts[known];
      if (text !== undefined && text !== canonicalJson(event)) throw new LogDivergedError(twin, event.sequence);
      known++;
    }
    for (let index = known; index < texts.length; index++) {
      added.push({ twin, sequence: index + 1, text: texts[index] as string });
    }
  }
  return added;
}

async function putObject(
  store: TwinStore,
  archive: Archive,
  { file, digest, bytes, signal }: { file: string; digest: Digest; bytes: number; signal: AbortSignal | undefined },
): Promise<void> {
  const { objects, fs } = store;
  // One that is there may be corrupt: then it goes to quarantine, and the one of the archive takes its place.
  await objects.verify(digest, { signal });
  const put = async (): Promise<Digest> => {
    if (bytes <= AT_ONCE_BYTES) {
      const content = new Uint8Array(bytes);
      await archive.readObject(digest, content, 0);
      return (await objects.put(content, { signal })).digest;
    }
    const temporary = temporaryPath(join(store.folder, "unpack"));
    try {
      await writing(temporary, () => extract(store, archive, { digest, bytes, temporary }));
      return (await objects.putFile(temporary, { signal })).digest;
    } finally {
      await removeIfThere(fs, temporary);
    }
  };
  const found = await put();
  if (found !== digest)
    throw new ArchiveInvalidError(file, `its object ${digest} is damaged: its bytes have ${found}.`);
}

async function extract(
  { fs }: TwinStore,
  archive: Archive,
  { digest, bytes, temporary }: { digest: Digest; bytes: number; temporary: string },
): Promise<void> {
  const out = await fs.create(temporary, 0o600);
  try {
    const piece = new Uint8Array(AT_ONCE_BYTES);
    for (let done = 0; done < bytes; ) {
      const count = await archive.readObject(digest, piece, done);
      if (count === 0) break;
      await out.write(piece.subarray(0, count));
      done += count;
    }
  } finally {
    await out.close();
  }
}

/** Of an event that the archive was found to have. */
function changeOf(text: string): Change {
  return (JSON.parse(text) as Event).change;
}

/** Each version of the archive has all that it needs here, and so has what its log says of it. */
async function checkComplete(store: TwinStore, archive: Archive, file: string): Promise<void> {
  const versions = new Set(archive.versions);
  const sealed = new Set<Digest>();
  for (const [twin, texts] of archive.logs) {
    for (const text of texts) {
      const change = changeOf(text);
      const { version, references } = referencesOf(change);
      if (version === null || !versions.has(version)) continue;
      for (const { digest, is } of references) {
        await needed(store, digest, file);
        if (is === "blob") continue;
        for (const named of referencesOfManifest(await readManifest(store.objects, digest))) {
          await needed(store, named.digest, file);
        }
        if (is === "version") sealed.add((await readVersion(store.objects, digest, twin)).descriptor.digest);
      }
      if (change.type === "attested") await readNoted(store.objects, change);
    }
  }
  const unknown = archive.versions.find((digest) => !sealed.has(digest));
  if (unknown) throw new ArchiveInvalidError(file, `none of its logs seals ${unknown}.`);
}

async function needed(store: TwinStore, digest: Digest, file: string): Promise<void> {
  if ((await store.objects.find(digest)) === undefined) {
    throw new ArchiveInvalidError(file, `object ${digest} is needed, and neither in it nor in the store.`);
  }
}

/** Versions that the new events are about and that did not come along are marked; those that came are not any more. */
async function markAbsent(store: TwinStore, versions: readonly Digest[], added: readonly NewEvent[]): Promise<void> {
  const { fs, folder } = store;
  const marks = join(folder, STORE_NAMES.absent);
  const left = new Set<Digest>();
  for (const { text } of added) {
    const { version, references } = referencesOf(changeOf(text));
    if (version === null || versions.includes(version)) continue;
    for (const { digest } of references) if (!(await store.objects.find(digest))) left.add(version);
  }
  await writing(marks, async () => {
    for (const version of left) {
      await makeStoreFolder(fs, marks);
      await writeNew(fs, join(marks, version.slice(7)), "");
    }
    if (left.size > 0) await fs.syncFolder(marks);
    const marked = await store.absent();
    for (const version of versions) if (marked.has(version)) await fs.remove(join(marks, version.slice(7)));
  });
}

async function publish(store: TwinStore, twin: string, sequence: number, text: string): Promise<void> {
  const folder = join(store.folder, STORE_NAMES.events, folderOfTwin(twin));
  const path = join(folder, eventFile(sequence));
  const isThere = await writing(path, async () => {
    if (sequence === 1) await makeDurableFolder(store.fs, folder);
    return await publishEvent(store.fs, path, folder, text);
  });
  if (!isThere) throw new LogDivergedError(twin, sequence);
}
