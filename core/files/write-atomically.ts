import { randomBytes } from "node:crypto";
import { link, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { TwinError } from "../errors/twin-error.ts";
import { hasScheme } from "../sources/find-source.ts";
import { FileExistsError, WriteFailedError } from "./errors.ts";
import { makeFolders } from "./make-folders.ts";

/** How a file is put in place. */
export interface AtomicWriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** `"refuse"` (default) or `"replace"` an existing file. */
  readonly existing?: "refuse" | "replace";
}

/**
 * Writes a file so that it appears under its name complete, or not at all: `write` gets the path of a temporary file in
 * the same folder, which is flushed to disk and renamed. Missing folders are made. A process that is killed leaves at
 * most a hidden file `.<name>.<random>.partial`.
 *
 * @throws {@link FileExistsError} before `write` is called, or when the file appeared meanwhile;
 *   {@link WriteFailedError} when the system refuses; what `write` throws.
 */
export async function writeAtomically<T>(
  path: string,
  write: (temporary: string) => Promise<T>,
  options: AtomicWriteOptions = {},
): Promise<T> {
  options.signal?.throwIfAborted();
  if (hasScheme(path)) throw new WriteFailedError(path, "only files of this machine can be written. Give a path.");
  const folder = dirname(path);
  const temporary = partialPath(path);
  if (options.existing !== "replace" && (await exists(path))) throw new FileExistsError(path);
  await system(path, () => makeFolders(folder));
  try {
    const result = await write(temporary);
    options.signal?.throwIfAborted();
    await system(path, async () => {
      await flush(temporary);
      await (options.existing === "replace" ? rename(temporary, path) : renameToNew(temporary, path));
      await flushFolder(folder);
    });
    return result;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Writes bytes, or a text in UTF-8, as {@link writeAtomically} does. */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  options: AtomicWriteOptions = {},
): Promise<void> {
  const write = async (temporary: string): Promise<void> => {
    await system(path, async () => {
      const file = await open(temporary, "wx");
      try {
        await file.writeFile(data);
      } finally {
        await file.close();
      }
    });
  };
  await writeAtomically(path, write, options);
}

/** A new hidden name beside a path, on the same file system. */
export function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.partial`);
}

/** Flushes a folder's entries to disk, where the system can. */
export async function flushFolder(path: string): Promise<void> {
  // Windows cannot open folders; its renames are journalled.
  if (process.platform === "win32") return;
  await flush(path);
}

/** Flushes a folder with all files and folders in it to disk, so that no name outlives a power cut that its file did not. */
export async function flushTree(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inside = join(path, entry.name);
    await (entry.isDirectory() ? flushTree(inside) : flush(inside));
  }
  await flushFolder(path);
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `rename`, but never over an existing file: `link` is the atomic way to say so. */
async function renameToNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new FileExistsError(path, { cause: error });
    // A file system without hard links (FAT, some network ones): check, then rename.
    if (await exists(path)) throw new FileExistsError(path);
    await rename(temporary, path);
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

/** Runs system calls that write to `path`; their failure is a {@link WriteFailedError}. */
export async function system<T>(path: string, calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (error) {
    if (codeOf(error) === undefined || error instanceof TwinError) throw error;
    throw new WriteFailedError(path, `${(error as Error).message}.`, { cause: error });
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
