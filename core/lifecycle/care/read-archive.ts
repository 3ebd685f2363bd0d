import { type Digest, digestBytes } from "../../canonical/digest.ts";
import { reasonOf } from "../../errors/reason.ts";
import { isFilePath } from "../../files/file-path.ts";
import { readingFile } from "../fs/failures.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { StoreFile, StoreFs } from "../fs/store-fs.ts";
import { STORE_NAMES } from "../layout.ts";
import { LogBrokenError } from "../log/errors.ts";
import { EventLog } from "../log/event-log.ts";
import { eventFile, twinOfFolder } from "../log/folder-name.ts";
import { ArchiveInvalidError } from "./errors.ts";
import { PACK_LIST, PACKAGES, type PackedEngine, type PackList, PackListSchema } from "./pack-list.ts";
import { readTar, type TarEntry, TarProblem } from "./tar.ts";

/** All that an archive may hold; anything else, above all a path that leads out of it, is refused. */
const NAMES = new RegExp(
  `^(?:${PACK_LIST}|${STORE_NAMES.ociLayout}|${STORE_NAMES.ociIndex}|${STORE_NAMES.format}|blobs/sha256/[0-9a-f]{64}|events/[^/\\\\]+/[0-9]{8,}\\.json)$`,
);
/** Texts are held in memory. */
const TEXT_BYTES = 1 << 28;

/** A file in an archive, and where its bytes are. */
type Place = TarEntry & { readonly position: number };

/** An archive that is open, after its list, its logs and the names of its objects were checked. */
export interface Archive extends AsyncDisposable {
  readonly versions: readonly Digest[];
  /** Texts of the events of each twin, the oldest first: each log is sound. */
  readonly logs: ReadonlyMap<string, readonly string[]>;
  readonly objects: ReadonlyMap<Digest, number>;
  /** Where the engine came along: what it is, and its files by path. */
  readonly engine?: PackedEngine & { readonly files: ReadonlyMap<string, PackList["files"][string]> };
  /** Reads a part of a file. */
  read(path: string, into: Uint8Array, position: number): Promise<number>;
  /** Reads a part of an object. */
  readObject(digest: Digest, into: Uint8Array, position: number): Promise<number>;
}

/** @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`, `TWIN_ARCHIVE_INVALID`; the signal's reason. */
export async function openArchive(file: string, signal?: AbortSignal): Promise<Archive> {
  const opened = await readingFile(file, () => nodeFs.open(file));
  try {
    return await checkArchive(file, opened, signal);
  } catch (error) {
    await opened.close();
    if (error instanceof TarProblem) throw new ArchiveInvalidError(file, error.message);
    throw error;
  }
}

async function checkArchive(file: string, opened: StoreFile, signal: AbortSignal | undefined): Promise<Archive> {
  const invalid = (problem: string): never => {
    throw new ArchiveInvalidError(file, problem);
  };
  const places = new Map<string, Place>();
  const length = (await readingFile(file, () => opened.stat())).bytes;
  for await (const place of readTar((into, position) => readingFile(file, () => opened.read(into, position)))) {
    signal?.throwIfAborted();
    if (!NAMES.test(place.path) && !isOfPackage(place.path))
      invalid(`it holds ${JSON.stringify(place.path)}, which no store has.`);
    if (places.has(place.path)) invalid(`it holds "${place.path}" twice.`);
    if (place.position + place.bytes > length) invalid(`it is cut off in "${place.path}".`);
    places.set(place.path, place);
  }
  const text = async (path: string): Promise<string> => {
    const place = places.get(path) ?? invalid(`it has no ${path}: it was not made by \`twinloom store pack\`.`);
    if (place.bytes > TEXT_BYTES) invalid(`its ${path} is too long.`);
    const bytes = new Uint8Array(place.bytes);
    await readingFile(file, () => opened.read(bytes, place.position));
    return Buffer.from(bytes).toString();
  };
  const list = parseList(await text(PACK_LIST), invalid);
  for (const path of places.keys()) {
    if (path !== PACK_LIST && !Object.hasOwn(list.files, path)) invalid(`it holds "${path}", which its list does not.`);
  }
  const objects = new Map<Digest, number>();
  const events = new Map<string, string[]>();
  const packages = new Map<string, PackList["files"][string]>();
  for (const [path, listed] of Object.entries(list.files).sort(([a], [b]) => (a < b ? -1 : 1))) {
    signal?.throwIfAborted();
    const { bytes, digest } = listed;
    if (places.get(path)?.bytes !== bytes) invalid(`"${path}" is missing, or not as long as its list says.`);
    const [top, folder = "", name = ""] = path.split("/");
    if (top === STORE_NAMES.blobs) {
      if (digest !== `sha256:${name}`) invalid(`"${path}" is listed under another digest.`);
      objects.set(digest, bytes);
      continue;
    }
    if (top === PACKAGES) {
      packages.set(path, listed);
      continue;
    }
    const content = await text(path);
    if (digestBytes(content) !== digest) invalid(`"${path}" is damaged.`);
    if (top !== STORE_NAMES.events) continue;
    const twin = twinOfFolder(folder) ?? invalid(`"${folder}" is no folder of a twin.`);
    const texts = events.get(twin) ?? [];
    events.set(twin, texts);
    if (name !== eventFile(texts.length + 1)) invalid(`event ${texts.length + 1} of twin "${twin}" is missing.`);
    texts.push(content);
  }
  for (const [twin, texts] of events) await checkLog(file, twin, texts, invalid);
  const read: Archive["read"] = (path, into, position) => {
    const place = places.get(path) as Place;
    const part = into.subarray(0, Math.max(0, Math.min(into.length, place.bytes - position)));
    return readingFile(file, () => opened.read(part, place.position + position));
  };
  return {
    versions: list.versions,
    logs: events,
    objects,
    ...(list.engine && { engine: { ...list.engine, files: packages } }),
    read,
    readObject: (digest, into, position) => read(`blobs/sha256/${digest.slice(7)}`, into, position),
    [Symbol.asyncDispose]: () => opened.close(),
  };
}

function isOfPackage(path: string): boolean {
  return path.startsWith(`${PACKAGES}/`) && isFilePath(path);
}

function parseList(text: string, invalid: (problem: string) => never): PackList {
  try {
    return PackListSchema.parse(JSON.parse(text));
  } catch (error) {
    return invalid(`its ${PACK_LIST} is none: ${reasonOf(error)}.`);
  }
}

/** Has the log itself read the texts, before they are anywhere. */
async function checkLog(
  file: string,
  twin: string,
  texts: readonly string[],
  invalid: (problem: string) => never,
): Promise<void> {
  const byName = new Map(texts.map((text, index) => [eventFile(index + 1), text]));
  const missing = Object.assign(new Error("no such event"), { code: "ENOENT" });
  const fs: StoreFs = {
    ...nodeFs,
    list: async () => [...byName.keys()].map((name) => ({ name, kind: "file" })),
    readFile: async (path) => {
      const text = byName.get(path.split(/[\\/]/).at(-1) as string);
      if (text === undefined) throw missing;
      return Buffer.from(text);
    },
  };
  try {
    await new EventLog(twin, { store: file, fs, clock: { now: () => 0 }, actor: "" }).read();
  } catch (error) {
    if (error instanceof LogBrokenError) invalid(error.message);
    throw error;
  }
}
