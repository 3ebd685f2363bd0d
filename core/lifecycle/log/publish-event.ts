import { WriteFailedError } from "../../files/errors.ts";
import { isSame, isThere, NO_LINKS, removeIfThere, temporaryPath, writeTemporary } from "../fs/publish.ts";
import { type StoreFs, systemCode } from "../fs/store-fs.ts";
import type { Publishing } from "../layout.ts";

/** Where an event goes. */
export interface EventPlace {
  /** Of the event's number. */
  readonly path: string;
  /** Of the log, in which it is. */
  readonly folder: string;
  /** How all writers of the store do it. */
  readonly by: Publishing;
}

/**
 * Puts an event under its number, durably. The only step that others see is one call that fails where the name is taken, so
 * that of several writers exactly one has the number, and one that is killed leaves the log as it was or with its event.
 * All writers of a store take the same call: a link and a claim do not see each other.
 *
 * @returns Whether the number is this event's now.
 */
export async function publishEvent(fs: StoreFs, text: string, { path, folder, by }: EventPlace): Promise<boolean> {
  const temporary = await writeTemporary(fs, path, text);
  try {
    const isOurs = by === "link" ? await link(fs, temporary, path) : await claim(fs, temporary, { path, text });
    if (!isOurs) return false;
  } finally {
    await removeIfThere(fs, temporary);
  }
  await fs.syncFolder(folder);
  return true;
}

async function link(fs: StoreFs, temporary: string, path: string): Promise<boolean> {
  try {
    await fs.link(temporary, path);
    return true;
  } catch (error) {
    const code = systemCode(error) ?? "";
    // NFS repeats a call whose answer was lost, and then finds what it did itself.
    if (code === "EEXIST") return await isSame(fs, temporary, path);
    if (!NO_LINKS.has(code)) throw error;
    throw new WriteFailedError(
      path,
      `${code}: there are no hard links here, and by those the events of this store get their numbers. Write to the store from where it was made, or make one here from an archive (twinloom store pack, store unpack).`,
      { cause: error },
    );
  }
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
    await fs.rename(await writeTemporary(fs, path, winner), path);
  }
  return Buffer.from(await fs.readFile(path)).toString() === text;
}
