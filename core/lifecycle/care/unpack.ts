import { join } from "node:path";
import type { Digest } from "../../canonical/digest.ts";
import type { ObjectOptions } from "../../contracts/object-store.ts";
import { StoreNotFoundError } from "../errors.ts";
import { writing } from "../fs/failures.ts";
import { makeStoreFolder, removeIfThere, temporaryPath, writeNew } from "../fs/publish.ts";
import { STORE_NAMES } from "../layout.ts";
import { readNoted } from "../log/attestations.ts";
import { versionName } from "../log/find-version.ts";
import type { Change, Event } from "../schema.ts";
import { type OpenStoreOptions, openStore, type TwinStore } from "../store.ts";
import { readVersion } from "../version/manifest.ts";
import { ArchiveInvalidError } from "./errors.ts";
import { addEvent, type NewEvent, newEvents } from "./merge-logs.ts";
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
 * corrupt or missing here and sound in the archive is repaired, objects and events.
 *
 * @throws `TWIN_ARCHIVE_INVALID`, `TWIN_LOG_DIVERGED`, `TWIN_LOG_BROKEN`, `TWIN_FILE_NOT_FOUND`, `TWIN_STORE_NOT_FOUND`
 *   where something else is in the folder, `TWIN_STORE_NEWER`, `TWIN_PIN_LOST`, `TWIN_WRITE_FAILED`; the signal's reason. No
 *   event was added, but where others write to the same twins at the same time, or a log is broken beyond what the archive
 *   has; events that were added are sound.
 */
export async function unpackStore(file: string, folder: string, options: UnpackOptions = {}): Promise<Unpacked> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  await using archive = await openArchive(file, signal);
  await using store = await openOrMake(folder, options);
  const wanted = await newEvents(store, archive, signal);
  await using pin = await store.pin();
  const ofBytes = [...archive.objects.values()].reduce((sum, bytes) => sum + bytes, 0);
  let done = 0;
  for (const [digest, bytes] of archive.objects) {
    signal?.throwIfAborted();
    const tell = (part: number): void => onProgress?.(done + Math.floor(part * bytes), ofBytes);
    await putObject(store, archive, { file, digest, bytes, signal, tell });
    done += bytes;
    onProgress?.(done, ofBytes);
  }
  await checkComplete(store, archive, file, signal);
  await store.objects.flush();
  await markAbsent(store, archive.versions, wanted);
  await pin.check();
  let events = 0;
  for (const event of wanted) if (await addEvent(store, event, events)) events++;
  await store.writeOciIndex();
  const versions: string[] = [];
  for (const twin of archive.logs.keys()) {
    const entries = await store.list(twin);
    versions.push(...entries.filter(({ digest }) => archive.versions.includes(digest)).map(versionName));
  }
  return { folder: store.folder, versions, objects: archive.objects.size, events };
}

async function openOrMake(folder: string, { fs, clock }: UnpackOptions): Promise<TwinStore> {
  try {
    return await openStore(folder, { fs, clock });
  } catch (error) {
    if (error instanceof StoreNotFoundError) return await openStore(folder, { fs, clock, create: true });
    throw error;
  }
}

/** An object on its way, and whom to tell how much of it is done, from 0 to 1. */
interface Incoming {
  readonly file: string;
  readonly digest: Digest;
  readonly bytes: number;
  readonly signal: AbortSignal | undefined;
  readonly tell: (part: number) => void;
}

async function putObject(store: TwinStore, archive: Archive, incoming: Incoming): Promise<void> {
  const { file, digest, bytes, signal } = incoming;
  const found =
    bytes <= AT_ONCE_BYTES ? await putSmall(store, archive, incoming) : await putLarge(store, archive, incoming);
  if (found === digest) return;
  signal?.throwIfAborted();
  throw new ArchiveInvalidError(file, `its object ${digest} is damaged: its bytes have ${found}.`);
}

async function putSmall(
  { objects }: TwinStore,
  archive: Archive,
  { digest, bytes, signal }: Incoming,
): Promise<Digest> {
  const content = new Uint8Array(bytes);
  await archive.readObject(digest, content, 0);
  return (await objects.put(content, { signal })).digest;
}

/** Is read where it is there, and otherwise extracted beside the objects first. */
async function putLarge(store: TwinStore, archive: Archive, incoming: Incoming): Promise<Digest> {
  const { digest, signal, tell } = incoming;
  const { objects, fs } = store;
  const isSound = (await objects.verify(digest, { signal, onProgress: (done, of) => tell(done / of) })) === "sound";
  if (isSound && (await objects.keep(digest))) return digest;
  const temporary = temporaryPath(join(store.folder, "unpack"));
  try {
    await writing(temporary, () => extract(store, archive, { ...incoming, temporary }));
    const onProgress = (done: number, of: number): void => tell((1 + done / of) / 2);
    return (await objects.putFile(temporary, { signal, onProgress })).digest;
  } finally {
    await removeIfThere(fs, temporary);
  }
}

async function extract(
  { fs }: TwinStore,
  archive: Archive,
  { digest, bytes, temporary, signal, tell }: Incoming & { readonly temporary: string },
): Promise<void> {
  const out = await fs.create(temporary, 0o600);
  try {
    const piece = new Uint8Array(AT_ONCE_BYTES);
    for (let done = 0; done < bytes; ) {
      signal?.throwIfAborted();
      const count = await archive.readObject(digest, piece, done);
      if (count === 0) break;
      await out.write(piece.subarray(0, count));
      done += count;
      tell(done / bytes / 2);
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
async function checkComplete(
  store: TwinStore,
  archive: Archive,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const versions = new Set(archive.versions);
  const sealed = new Set<Digest>();
  for (const [twin, texts] of archive.logs) {
    for (const text of texts) {
      signal?.throwIfAborted();
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
      if (change.type === "attested")
        await readNoted(store.objects, change.version, { ...change, descriptor: change.attestation });
    }
  }
  const unknown = archive.versions.find((digest) => !sealed.has(digest));
  if (unknown) throw new ArchiveInvalidError(file, `none of its logs seals ${unknown}.`);
}

/** What was there before is kept from a collector from now on. */
async function needed(store: TwinStore, digest: Digest, file: string): Promise<void> {
  if ((await store.objects.keep(digest)) === undefined) {
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
