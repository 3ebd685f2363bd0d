import { randomUUID } from "node:crypto";
import { constants, copyFile, link, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { FileLockedError } from "./errors.ts";
import { partialPath, system } from "./write-atomically.ts";

/** Who holds a lock. */
interface Holder {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** When the process started, as far as the system tells: a number of a process is given again. */
  readonly started: string;
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
  const own: Holder = { id: randomUUID(), host: hostname(), pid: process.pid, started: await startOf(process.pid) };
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

async function takeOver(path: string, lock: string, temporary: string): Promise<void> {
  const holder = await holderOf(lock);
  if (holder && (await isAlive(holder))) throw new FileLockedError(path, lock, holder);
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

async function isAlive({ host, pid, started }: Holder): Promise<boolean> {
  // Of another computer nobody here knows.
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const now = await startOf(pid);
  // Of other users' processes the system may not tell when they started (proc(5), hidepid).
  return now === "" || started === "" || now === started;
}

/** The boot and the tick of it at which a process started (proc(5), field 22 of stat); empty where the system has no /proc. */
async function startOf(pid: number): Promise<string> {
  try {
    const [boot, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // The name of the program, in parentheses, may hold anything.
    return `${boot.trim()} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""}`;
  } catch {
    return "";
  }
}
