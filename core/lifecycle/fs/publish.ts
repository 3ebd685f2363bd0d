import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { type StoreFs, systemCode } from "./store-fs.ts";

/** What {@link link} says where a file system has no hard links (FAT, some mounts). */
export const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/** A new hidden name beside a path, on the same file system. What is left under it by a killed process is garbage. */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.partial`);
}

/** Whether a name is that of a temporary file. */
export function isTemporary(name: string): boolean {
  return /^\..*\.[0-9a-f]{12}\.partial$/.test(name);
}

/**
 * Puts a complete, synced temporary file under a name that must be free. The temporary name is gone afterwards, whatever
 * comes of it. Where a file system has no hard links, two files that come at the same moment are not told apart: of that,
 * an event needs more (publish-event.ts).
 *
 * @returns Whether it is there now; not when the name is taken.
 */
export async function publish(fs: StoreFs, temporary: string, path: string): Promise<boolean> {
  try {
    await fs.link(temporary, path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    // NFS repeats a call whose answer was lost, and then finds what it did itself.
    if (code === "EEXIST") return await isSame(fs, temporary, path);
    if (!NO_LINKS.has(code ?? "")) throw error;
    if (await isThere(fs, path)) return false;
    await fs.rename(temporary, path);
    return true;
  } finally {
    await removeIfThere(fs, temporary);
  }
}

/** Whether two paths name one file. */
export async function isSame(fs: StoreFs, temporary: string, path: string): Promise<boolean> {
  return (await fs.stat(temporary)).identity === (await fs.stat(path)).identity;
}

/** Whether a folder's file system has hard links. */
export async function hasLinks(fs: StoreFs, folder: string): Promise<boolean> {
  const one = await writeTemporary(fs, join(folder, "links"), "");
  const other = temporaryPath(join(folder, "links"));
  try {
    await fs.link(one, other);
    return true;
  } catch (error) {
    if (NO_LINKS.has(systemCode(error) ?? "")) return false;
    throw error;
  } finally {
    await removeIfThere(fs, one);
    await removeIfThere(fs, other);
  }
}

/**
 * Writes a new file: complete under its name, or not there. Durable once its folder is synced.
 *
 * @returns Whether it was written; not when the name is taken.
 */
export async function writeNew(fs: StoreFs, path: string, data: Uint8Array | string): Promise<boolean> {
  const temporary = await writeTemporary(fs, path, data);
  return await publish(fs, temporary, path);
}

/** Writes a file in the place of another: readers see the old one or the new one. Durable once its folder is synced. */
export async function replaceFile(fs: StoreFs, path: string, data: Uint8Array | string): Promise<void> {
  const temporary = await writeTemporary(fs, path, data);
  try {
    await fs.rename(temporary, path);
  } catch (error) {
    await removeIfThere(fs, temporary);
    throw error;
  }
}

/** Writes a complete, synced file under a {@link temporaryPath}. */
export async function writeTemporary(fs: StoreFs, path: string, data: Uint8Array | string): Promise<string> {
  const temporary = temporaryPath(path);
  const file = await fs.create(temporary, 0o644);
  try {
    try {
      await file.write(typeof data === "string" ? Buffer.from(data) : data);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    await removeIfThere(fs, temporary);
    throw error;
  }
  return temporary;
}

/** Makes a folder and those above it, as far as they are missing. What is made is synced. */
export async function makeStoreFolder(fs: StoreFs, path: string): Promise<void> {
  try {
    await fs.makeFolder(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST" && (await fs.stat(path)).kind === "folder") return;
    const above = dirname(path);
    if (code !== "ENOENT" || above === path) throw error;
    await makeStoreFolder(fs, above);
    return await makeStoreFolder(fs, path);
  }
  await fs.syncFolder(dirname(path));
}

/** Makes a folder whose name is durable, also where another made it and was stopped before that. */
export async function makeDurableFolder(fs: StoreFs, path: string): Promise<void> {
  await makeStoreFolder(fs, path);
  await fs.syncFolder(dirname(path));
}

/** Whether there is something at a path. */
export async function isThere(fs: StoreFs, path: string): Promise<boolean> {
  try {
    await fs.stat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
}

/** Removes a file that need not be there. Never fails: it is done in passing, and what stays is a temporary file. */
export async function removeIfThere(fs: StoreFs, path: string): Promise<void> {
  await fs.remove(path).catch(() => undefined);
}

/** Removes a file, or a folder with all that is in it, as far as others do not do so at the same time. Links are not followed. */
export async function removeTree(fs: StoreFs, path: string): Promise<void> {
  try {
    await fs.remove(path);
    return;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return;
    // What `unlink` says of a folder: Linux, and everybody else.
    if (code !== "EISDIR" && code !== "EPERM") throw error;
    if ((await fs.stat(path)).kind !== "folder") throw error;
  }
  try {
    for (const { name } of await fs.list(path)) await removeTree(fs, join(path, name));
    await fs.removeFolder(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
