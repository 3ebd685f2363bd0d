import { randomBytes } from "node:crypto";
import { lstat, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FileExistsError, makeFolders, TwinError, WriteFailedError } from "../../../core/index.ts";

/** How a folder is put in place. */
export interface FolderWriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** `"refuse"` (default) or `"replace"` what exists. */
  readonly existing?: "refuse" | "replace";
  /** The name for messages. */
  readonly location: string;
}

/**
 * Writes a folder so that it appears under its name complete, or not at all: `write` fills a hidden folder beside it, which
 * is renamed. What it replaces is moved aside just before, and back should that fail.
 */
export async function writeFolderAtomically(
  path: string,
  write: (folder: string) => Promise<void>,
  options: FolderWriteOptions,
): Promise<void> {
  const { signal, location } = options;
  signal?.throwIfAborted();
  const isReplacing = options.existing === "replace";
  if (!isReplacing && (await exists(path))) throw new FileExistsError(location);
  const temporary = hiddenPath(path, "partial");
  try {
    await makeFolders(temporary);
    await write(temporary);
    signal?.throwIfAborted();
    await (isReplacing ? replace(path, temporary) : putInPlace(path, temporary, location));
  } catch (error) {
    if (error instanceof TwinError || typeof (error as NodeJS.ErrnoException).syscall !== "string") throw error;
    throw new WriteFailedError(location, `${(error as Error).message}.`, { cause: error });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function putInPlace(path: string, temporary: string, location: string): Promise<void> {
  // A rename takes the place of an empty folder, and of nothing else; so this is all that must be looked at.
  if (await exists(path)) throw new FileExistsError(location);
  try {
    await rename(temporary, path);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["EEXIST", "ENOTEMPTY", "ENOTDIR"].includes(code)) throw new FileExistsError(location, { cause: error });
    throw error;
  }
}

async function replace(path: string, temporary: string): Promise<void> {
  const aside = hiddenPath(path, "old");
  const isThere = await exists(path);
  if (isThere) await rename(path, aside);
  try {
    await rename(temporary, path);
  } catch (error) {
    if (isThere) await rename(aside, path);
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

function hiddenPath(path: string, kind: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.${kind}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}
