import { createHash } from "node:crypto";
import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { digestFile } from "../../canonical/digest.ts";
import type { ObjectOptions } from "../../contracts/object-store.ts";
import { FileExistsError } from "../../files/errors.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { flushFolder, flushTree, partialPath, system } from "../../files/write-atomically.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { systemCode } from "../fs/store-fs.ts";
import { PlatformMismatchError } from "./engine-errors.ts";
import { ArchiveInvalidError } from "./errors.ts";
import { PACKAGES, type PackedEngine, type PackList } from "./pack-list.ts";
import { currentPlatform, describePlatform } from "./platform.ts";
import { type Archive, openArchive } from "./read-archive.ts";

/** What {@link unpackEngine} brought. */
export interface UnpackedEngine {
  /** Absolute path of the program: `node PROGRAM …`. */
  readonly program: string;
  readonly version: string;
  /** Range of Node.js that it runs on. */
  readonly node: string;
  /** Package URLs. */
  readonly packages: readonly string[];
  /** Verified; those of packages that were there already, too. */
  readonly files: number;
}

/**
 * Brings the engine and the packages of an archive to `node_modules` in a folder, where a store beside it finds them. Every
 * file is verified before the first package is in place. A package that is there must be the same to the byte, and is
 * verified; so calling it again checks what is installed.
 *
 * @throws `TWIN_ARCHIVE_INVALID`, also where no engine came along; {@link PlatformMismatchError}; `TWIN_FILE_EXISTS` for
 *   another package in its place; `TWIN_FILE_NOT_FOUND`, `TWIN_WRITE_FAILED`; the signal's reason.
 */
export async function unpackEngine(file: string, folder: string, options: ObjectOptions = {}): Promise<UnpackedEngine> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  await using archive = await openArchive(file, signal);
  const { engine } = archive;
  if (engine === undefined) throw new ArchiveInvalidError(file, "it was packed without the engine.");
  checkPlatform(file, engine);
  const target = resolve(folder);
  const staging = partialPath(join(target, PACKAGES));
  const ofBytes = [...engine.files.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  let done = 0;
  const context: Context = {
    file,
    signal,
    tell: (bytes) => {
      done += bytes;
      onProgress?.(done, ofBytes);
    },
  };
  const fresh: string[] = [];
  try {
    for (const [top, files] of topPackages(engine.files)) {
      const there = await filesIn(join(target, top), top);
      if (there !== undefined) await checkSame({ top, files, there }, { ...context, target });
      else {
        for (const each of files) await extract(archive, each, { ...context, staging });
        fresh.push(top);
      }
    }
    await system(target, async () => {
      if (fresh.length > 0) await flushTree(staging);
      for (const top of fresh) {
        await makeFolders(dirname(join(target, top)));
        await rename(join(staging, top), join(target, top));
      }
      if (fresh.length > 0) await flushFolder(join(target, PACKAGES));
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  const { version, node, packages, files } = engine;
  return {
    program: join(target, PACKAGES, "twinloom/cli/twinloom.js"),
    version,
    node,
    packages: Object.values(packages).sort(),
    files: files.size,
  };
}

interface Context {
  readonly file: string;
  readonly signal: AbortSignal | undefined;
  /** Told of bytes that are done. */
  readonly tell: (bytes: number) => void;
}

function checkPlatform(file: string, { platform }: PackedEngine): void {
  if (platform === null) return;
  const [packed, here] = [describePlatform(platform), describePlatform(currentPlatform())];
  if (packed !== here) throw new PlatformMismatchError(file, { packed, here });
}

type Listed = readonly [path: string, listed: PackList["files"][string]];

/** Files by the package at the top that they belong to: `node_modules/zod`, `node_modules/@scope/name`. */
function topPackages(files: ReadonlyMap<string, PackList["files"][string]>): ReadonlyMap<string, readonly Listed[]> {
  const packages = new Map<string, Listed[]>();
  for (const [path, listed] of files) {
    const [top = path] = /^[^/]+\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
    const there = packages.get(top) ?? [];
    packages.set(top, there);
    there.push([path, listed]);
  }
  return packages;
}

/** Paths of all files below a folder, each with what the folder is called here; `undefined` where there is nothing. */
async function filesIn(folder: string, shown: string): Promise<readonly string[] | undefined> {
  try {
    const files: string[] = [];
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = `${shown}/${entry.name}`;
      const below = entry.isDirectory() ? await filesIn(join(folder, entry.name), path) : [path];
      files.push(...(below ?? []));
    }
    return files;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (systemCode(error) === "ENOTDIR") return [shown];
    throw error;
  }
}

/** A package that is there must be that of the archive. @throws {@link FileExistsError} */
async function checkSame(
  installed: { readonly top: string; readonly files: readonly Listed[]; readonly there: readonly string[] },
  { file, signal, tell, target }: Context & { readonly target: string },
): Promise<void> {
  const { top, files, there } = installed;
  const other = (path: string): never => {
    throw new FileExistsError(join(target, top), {
      remedy: `It is not the package that "${file}" has: "${path}" differs. Unpack into another folder, remove this one first, or unpack the versions alone, without the engine.`,
    });
  };
  const wanted = new Set(files.map(([path]) => path));
  const foreign = there.find((path) => !wanted.has(path));
  if (foreign !== undefined) other(foreign);
  for (const [path, { bytes, digest }] of files) {
    const found = await digestFile(join(target, path), { signal }).catch((error: unknown) => {
      if (systemCode(error) === undefined) throw error;
      return undefined;
    });
    if (found?.digest !== digest) other(path);
    tell(bytes);
  }
}

async function extract(
  archive: Archive,
  [path, { bytes, digest, executable }]: Listed,
  { file, signal, tell, staging }: Context & { readonly staging: string },
): Promise<void> {
  const into = join(staging, path);
  await system(into, async () => {
    await makeFolders(dirname(into));
    const out = await nodeFs.create(into, executable ? 0o755 : 0o644);
    try {
      const hash = createHash("sha256");
      for (let done = 0; done < bytes; ) {
        signal?.throwIfAborted();
        const piece = new Uint8Array(Math.min(1 << 20, bytes - done));
        const count = await archive.read(path, piece, done);
        if (count === 0) break;
        hash.update(piece.subarray(0, count));
        await out.write(piece.subarray(0, count));
        tell(count);
        done += count;
      }
      if (`sha256:${hash.digest("hex")}` !== digest) throw new ArchiveInvalidError(file, `its "${path}" is damaged.`);
    } finally {
      await out.close();
    }
  });
}
