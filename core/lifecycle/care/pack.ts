import { canonicalJson } from "../../canonical/canonical-json.ts";
import { type Digest, digestBytes } from "../../canonical/digest.ts";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { type AtomicWriteOptions, writeAtomically } from "../../files/write-atomically.ts";
import { writing } from "../fs/failures.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { StoreFile } from "../fs/store-fs.ts";
import { OCI_LAYOUT, STORE_FORMAT, STORE_NAMES } from "../layout.ts";
import { versionName } from "../log/find-version.ts";
import { eventFile, folderOfTwin } from "../log/folder-name.ts";
import type { VersionEntry } from "../log/twin-state.ts";
import { ObjectMissingError } from "../objects/errors.ts";
import { ociIndex } from "../oci-index.ts";
import type { TwinStore } from "../store.ts";
import { blobFile } from "./findings.ts";
import { type GatheredEngine, gatherEngine } from "./gather-engine.ts";
import { PACK_LIST, type PackedEngine, type PackList } from "./pack-list.ts";
import { readUnchanged } from "./read-unchanged.ts";
import { readManifest, referencesOf, referencesOfManifest } from "./references.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar.ts";

/** What {@link packStore} packs, and how. */
export interface PackOptions extends AtomicWriteOptions {
  /** The archive: by habit its name ends with `.tar`. */
  readonly file: string;
  /** Names of versions: `ecal@v7`, `ecal@champion`; all by default. */
  readonly versions?: readonly string[] | undefined;
  /**
   * Packs the engine, too, with the packages that the versions need, so that they run without npm: this engine with `true`,
   * or the one in a folder.
   */
  readonly withEngine?: boolean | string | undefined;
  /** Told how many bytes are written, of how many. */
  readonly onProgress?: ((doneBytes: number, ofBytes: number) => void) | undefined;
}

/** What {@link packStore} packed. */
export interface Packed {
  readonly file: string;
  /** `ecal@v7`. */
  readonly versions: readonly string[];
  readonly objects: number;
  readonly bytes: number;
  /** What came along for `withEngine`: package URLs, and the platform that native code among them is for. */
  readonly engine?: Pick<PackedEngine, "node" | "platform"> & {
    readonly packages: readonly string[];
    readonly files: number;
    readonly bytes: number;
    /** Optional packages that the plugins would use, and that were not installed. */
    readonly absent: readonly string[];
  };
}

/**
 * Writes versions with all that they need into one archive: objects, evidence, and the whole logs of their twins. It is an
 * OCI image layout in a POSIX tar, not compressed, so that registry tools read it (`skopeo copy oci-archive:FILE:TAG …`).
 * Every object is verified while it is packed; equal stores give equal archives. With the engine, `node_modules` stands
 * beside the layout.
 *
 * @throws `TWIN_VERSION_NOT_FOUND`, `TWIN_LOG_BROKEN`, `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`, `TWIN_FILE_EXISTS`,
 *   `TWIN_WRITE_FAILED`; with the engine `TWIN_ENGINE_NOT_PACKABLE`, `TWIN_FILE_UNREADABLE`; no archive is left.
 */
export async function packStore(store: TwinStore, options: PackOptions): Promise<Packed> {
  const { file, signal, onProgress, withEngine = false } = options;
  const entries = await chosen(store, options.versions);
  const digests = new Set(entries.map(({ digest }) => digest));
  const { texts, objects } = await gather(store, digests, [...new Set(entries.map(({ twin }) => twin))]);
  const root = withEngine === true ? undefined : withEngine;
  const gathered = root === false ? undefined : await gatherEngine(store, entries, { root, signal });
  const files: PackList["files"] = {};
  for (const [path, text] of texts) files[path] = { bytes: Buffer.byteLength(text), digest: digestBytes(text) };
  for (const [digest, bytes] of objects) files[blobFile(digest)] = { bytes, digest };
  for (const { path, bytes, digest, isExecutable } of gathered?.files ?? []) {
    files[path] = { bytes, digest, ...(isExecutable && { executable: true }) };
  }
  const list: PackList = {
    schemaVersion: 1,
    versions: [...sorted(digests)],
    files,
    ...(gathered && { engine: gathered.engine }),
  };
  const contents = [
    ...[...objects].map(([digest, bytes]) => ({
      path: blobFile(digest),
      bytes,
      read: () => store.objects.stream(digest, { signal }),
    })),
    ...(gathered?.files ?? []).map((each) => ({ ...each, read: () => readUnchanged(each.file, { ...each, signal }) })),
  ];
  const ofBytes = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  const write = async (temporary: string): Promise<number> => {
    const archive = await writing(file, () => nodeFs.create(temporary, 0o644));
    try {
      let done = 0;
      for (const [path, text] of [[PACK_LIST, canonicalJson(list)] as const, ...texts]) {
        signal?.throwIfAborted();
        await writing(file, () => addText(archive, path, text));
        done += path === PACK_LIST ? 0 : Buffer.byteLength(text);
      }
      for (const content of contents) {
        await writing(file, () => archive.write(tarHeader(content)));
        for await (const piece of content.read()) {
          await writing(file, () => archive.write(piece));
          done += piece.length;
          onProgress?.(done, ofBytes);
        }
        await writing(file, () => archive.write(tarPadding(content.bytes)));
      }
      await writing(file, () => archive.write(TAR_END));
      return (await archive.stat()).bytes;
    } finally {
      await archive.close();
    }
  };
  const bytes = await writeAtomically(file, write, options);
  return {
    file,
    versions: entries.map(versionName),
    objects: objects.size,
    bytes,
    ...(gathered && { engine: summary(gathered) }),
  };
}

function summary({ engine, files, absent }: GatheredEngine): NonNullable<Packed["engine"]> {
  const { node, platform, packages } = engine;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return { node, platform, packages: Object.values(packages).sort(), files: files.length, bytes, absent };
}

async function chosen(store: TwinStore, names: readonly string[] | undefined): Promise<readonly VersionEntry[]> {
  const entries: VersionEntry[] = names === undefined ? [...(await store.list())] : [];
  for (const name of names ?? []) entries.push(await store.resolve(name));
  if (entries.length === 0) throw new InvalidArgumentError("There is no version to pack. Name one, or seal one first.");
  return entries.filter(({ digest }, index) => entries.findIndex((each) => each.digest === digest) === index);
}

/** The small files, by path, and the objects with their lengths, both in the order of the archive. */
async function gather(
  store: TwinStore,
  versions: ReadonlySet<Digest>,
  twins: readonly string[],
): Promise<{ readonly texts: ReadonlyMap<string, string>; readonly objects: ReadonlyMap<Digest, number> }> {
  const events = new Map<string, string>();
  const needed = new Set<Digest>();
  for (const twin of sorted(twins)) {
    for await (const event of store.log(twin).events()) {
      const path = `${STORE_NAMES.events}/${folderOfTwin(twin)}/${eventFile(event.sequence)}`;
      events.set(path, canonicalJson(event));
      const { version, references } = referencesOf(event.change);
      if (version === null || !versions.has(version)) continue;
      for (const { digest, is } of references) {
        if (is !== "blob" && !needed.has(digest)) {
          const manifest = await readManifest(store.objects, digest);
          for (const named of referencesOfManifest(manifest)) needed.add(named.digest);
        }
        needed.add(digest);
      }
    }
  }
  const objects = new Map<Digest, number>();
  for (const digest of sorted(needed)) {
    const found = await store.objects.find(digest);
    if (found === undefined) throw new ObjectMissingError(digest, store.folder);
    objects.set(digest, found.bytes);
  }
  const states = (await Promise.all(sorted(twins).map((twin) => store.states(twin)))).flat();
  const index = ociIndex(states);
  const manifests = index.manifests.filter(({ digest }) => objects.has(digest));
  const texts = new Map([
    [STORE_NAMES.ociLayout, OCI_LAYOUT],
    [STORE_NAMES.ociIndex, canonicalJson({ ...index, manifests })],
    [STORE_NAMES.format, `{"format":${STORE_FORMAT}}`],
    ...events,
  ]);
  return { texts, objects };
}

async function addText(archive: StoreFile, path: string, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  await archive.write(tarHeader({ path, bytes: bytes.length }));
  await archive.write(bytes);
  await archive.write(tarPadding(bytes.length));
}

/** By UTF-16 code units, the same everywhere. */
function sorted<T extends string>(texts: Iterable<T>): readonly T[] {
  return [...texts].sort((a, b) => (a < b ? -1 : 1));
}
