import { randomUUID } from "node:crypto";
import { constants, copyFile, link, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { FileLockedError } from "./errors.ts";
import { identifyProcess, isProcessRunning, type ProcessIdentity } from "./process-identity.ts";
import { partialPath, system } from "./write-atomically.ts";

/** Who holds a lock. */
interface Holder extends ProcessIdentity {
  readonly id: string;
}

/**
 * Takes the lock of a file: a file `<path>.lock` beside it that names this process. One of a process of this computer that
 * is gone is taken over.
 *
 * @returns Gives it back.
 * @throws {@link FileLockedError} where another holds it, in this process too; `TWIN_WRITE_FAILED`
 */
export async function lockFile(path: string): Promise<() => Promise<void>> {
  const lock = `${path}.lock`;
  const own: Holder = { id: randomUUID(), ...(await identifyProcess()) };
  // Complete before it has its name, so that nobody reads a half.
  const temporary = partialPath(lock);
  return await system(path, async () => {
    try {
      await writeFile(temporary, JSON.stringify(own), { flag: "wx" });
      if (!(await claim(temporary, lock))) await takeOver(path, lock, temporary);
    } finally {
      await rm(temporary, { force: true });
    }
    return async () => {
      if ((await holderOf(lock))?.id === own.id) await rm(lock, { force: true });
    };
  });
}

/**
 * Who holds the lock of a file, as {@link lockFile} takes it; nobody where the process that held it is gone.
 *
 * @throws {@link FileLockedError} for a lock that does not say whose it is.
 */
export async function lockHolder(path: string): Promise<ProcessIdentity | undefined> {
  const holder = await holderOf(`${path}.lock`);
  return holder && (await isProcessRunning(holder)) ? holder : undefined;
}

async function takeOver(path: string, lock: string, temporary: string): Promise<void> {
  const holder = await holderOf(lock);
  if (holder && (await isProcessRunning(holder))) throw new FileLockedError(path, lock, holder);
  if (holder) {
    // Of those who find it gone, the one that gets this name removes it, and looks again: it may be another's by now.
    const right = `${lock}.${holder.id}`;
    // It may have been killed before it had removed either.
    if (!(await claim(temporary, right))) await takeOver(path, right, temporary);
    try {
      if ((await holderOf(lock))?.id === holder.id) await unlink(lock);
    } finally {
      await rm(right, { force: true });
    }
  }
  if (!(await claim(temporary, lock))) throw new FileLockedError(path, lock, (await holderOf(lock)) ?? holder);
}

/** Gives a file a name that must be free. */
async function claim(temporary: string, name: string): Promise<boolean> {
  try {
    await link(temporary, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
  }
  // A file system without hard links (FAT, some network ones): exclusive all the same, for a moment incomplete.
  try {
    await copyFile(temporary, name, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** @throws {@link FileLockedError} for a lock that does not say whose it is: half-written, or left so by a power cut. */
async function holderOf(lock: string): Promise<Holder | undefined> {
  let text: string;
  try {
    text = await readFile(lock, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Holder;
  } catch (error) {
    throw new FileLockedError(lock.replace(/\.lock.*$/, ""), lock, undefined, { cause: error });
  }
}
