import { isThere, removeIfThere, temporaryPath } from "../fs/publish.ts";
import { type StoreFs, systemCode } from "../fs/store-fs.ts";

/** What `link` says where a file system has no hard links (FAT, some mounts). */
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

/**
 * Puts an event under its number, durably. The only step that others see is one call that fails where the name is taken, so
 * that of several writers exactly one has the number, and one that is killed leaves the log as it was or with its event.
 *
 * @returns Whether the number is this event's now.
 */
export async function publishEvent(fs: StoreFs, path: string, folder: string, text: string): Promise<boolean> {
  const temporary = await writeSynced(fs, path, text);
  try {
    try {
      await fs.link(temporary, path);
    } catch (error) {
      const code = systemCode(error);
      if (code !== "EEXIST" && !NO_LINKS.has(code ?? "")) throw error;
      // NFS repeats a call whose answer was lost, and then finds what it did itself.
      const isOurs =
        code === "EEXIST" ? await isSameFile(fs, temporary, path) : await claim(fs, temporary, { path, text });
      if (!isOurs) return false;
    }
  } finally {
    await removeIfThere(fs, temporary);
  }
  await fs.syncFolder(folder);
  return true;
}

/**
 * Without links: a folder with the event in it is renamed, which fails on one that is not empty. It stays, so that whoever
 * comes next can complete the work of a writer that was killed here; all of them would write the same bytes.
 */
async function claim(
  fs: StoreFs,
  temporary: string,
  { path, text }: { readonly path: string; readonly text: string },
): Promise<boolean> {
  const claimed = `${path}.claim`;
  const mine = temporaryPath(claimed);
  await fs.makeFolder(mine);
  try {
    await fs.rename(temporary, `${mine}/event`);
    await fs.rename(mine, claimed);
  } catch (error) {
    await removeIfThere(fs, `${mine}/event`);
    await fs.removeFolder(mine).catch(() => undefined);
    if (!(await isThere(fs, `${claimed}/event`))) throw error;
  }
  if (!(await isThere(fs, path))) {
    const winner = Buffer.from(await fs.readFile(`${claimed}/event`)).toString();
    await fs.rename(await writeSynced(fs, path, winner), path);
  }
  return await holds(fs, path, text);
}

async function isSameFile(fs: StoreFs, one: string, other: string): Promise<boolean> {
  return (await fs.stat(one)).identity === (await fs.stat(other)).identity;
}

async function holds(fs: StoreFs, path: string, text: string): Promise<boolean> {
  return Buffer.from(await fs.readFile(path)).toString() === text;
}

async function writeSynced(fs: StoreFs, path: string, text: string): Promise<string> {
  const temporary = temporaryPath(path);
  const file = await fs.create(temporary, 0o644);
  try {
    try {
      await file.write(Buffer.from(text));
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
