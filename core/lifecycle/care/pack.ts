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
import { PACK_LIST, type PackList } from "./pack-list.ts";
import { readManifest, referencesOf, referencesOfManifest } from "./references.ts";
import { TAR_END, tarHeader, tarPadding } from "./tar.ts";

/** What {@link packStore} packs, and how. */
export interface PackOptions extends AtomicWriteOptions {
  /** The archive: by habit its name ends with `.tar`. */
  readonly file: string;
  /** Names of versions: `ecal@v7`, `ecal@champion`; all by default. */
  readonly versions?: readonly string[] | undefined;
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
}

/**
 * Writes versions with all that they need into one archive: objects, evidence, and the whole logs of their twins. It is an
 * OCI image layout in a POSIX tar, not compressed, so that registry tools read it (`skopeo copy oci-archive:FILE:TAG …`).
 * Every object is verified while it is packed; equal stores give equal archives.
 *
 * @throws `TWIN_VERSION_NOT_FOUND`, `TWIN_LOG_BROKEN`, `TWIN_OBJECT_MISSING`, `TWIN_OBJECT_CORRUPT`, `TWIN_FILE_EXISTS`,
 *   `TWIN_WRITE_FAILED`; no archive is left.
 */
export async function packStore(store: TwinStore, options: PackOptions): Promise<Packed> {
  const { file, signal, onProgress } = options;
  const entries = await chosen(store, options.versions);
  const digests = new Set(entries.map(({ digest }) => digest));
  const { texts, objects } = await gather(store, digests, [...new Set(entries.map(({ twin }) => twin))]);
  const files: Record<string, { bytes: number; digest: Digest }> = {};
  for (const [path, text] of texts) files[path] = { bytes: Buffer.byteLength(text), digest: digestBytes(text) };
  for (const [digest, bytes] of objects) files[blobFile(digest)] = { bytes, digest };
  const list: PackList = { schemaVersion: 1, versions: [...sorted(digests)], files };
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
      for (const [digest, bytes] of objects) {
        await writing(file, () => archive.write(tarHeader({ path: blobFile(digest), bytes })));
        for await (const piece of store.objects.stream(digest, { signal })) {
          await writing(file, () => archive.write(piece));
          done += piece.length;
          onProgress?.(done, ofBytes);
        }
        await writing(file, () => archive.write(tarPadding(bytes)));
      }
      await writing(file, () => archive.write(TAR_END));
      return (await archive.stat()).bytes;
    } finally {
      await archive.close();
    }
  };
  const bytes = await writeAtomically(file, write, options);
  return { file, versions: entries.map(versionName), objects: objects.size, bytes };
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
  const states = (await store.states()).filter(({ twin }) => twins.includes(twin));
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
