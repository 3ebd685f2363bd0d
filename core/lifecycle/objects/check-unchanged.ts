import { FileUnreadableError } from "../../files/errors.ts";
import { readingFile } from "../fs/failures.ts";
import type { FileFacts } from "../fs/store-fs.ts";

/**
 * Checks that a file is the one that it was before it was read, and under its name still.
 *
 * @throws `TWIN_FILE_UNREADABLE` where it changed, `TWIN_FILE_NOT_FOUND` where it is gone.
 */
export async function checkUnchanged(
  path: string,
  before: FileFacts,
  looks: readonly (() => Promise<FileFacts>)[],
): Promise<void> {
  for (const look of looks) {
    const { identity, bytes, modifiedMs } = await readingFile(path, look);
    if (identity === before.identity && bytes === before.bytes && modifiedMs === before.modifiedMs) continue;
    throw new FileUnreadableError(path, "it changed while it was read. Try again when nothing writes to it.");
  }
}
