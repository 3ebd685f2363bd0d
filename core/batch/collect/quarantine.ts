import { readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestBytes } from "../../canonical/digest.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { flushFolder, system } from "../../files/write-atomically.ts";
import type { TaskRunId } from "../batch-document.ts";
import type { BatchFolder } from "../batch-folder.ts";

/**
 * Takes results that are damaged out of those that count: `accepted/<stage>/<run>.json` moves to
 * `quarantined/<stage>/`, so that `resume` makes the runs again. Files of the attempt stay where they are.
 *
 * @param damaged - As `collect` named them.
 * @returns Those that were moved; one that has no accepted result any more is left out.
 * @throws `TWIN_WRITE_FAILED`
 */
export async function quarantineResults(
  folder: BatchFolder,
  damaged: readonly TaskRunId[],
): Promise<readonly TaskRunId[]> {
  const moved: TaskRunId[] = [];
  for (const id of damaged) {
    const path = folder.paths.accepted(id);
    const isMoved = await system(path, async () => {
      const bytes = await readIfThere(path);
      if (bytes === undefined) return false;
      // By its content, so that a second result of the same run has a place of its own.
      const name = `${id.run}-${digestBytes(bytes).slice("sha256:".length, "sha256:".length + 12)}.json`;
      const to = join(folder.path, "quarantined", id.stage, name);
      await makeFolders(dirname(to));
      await rename(path, to);
      await flushFolder(dirname(to));
      await flushFolder(dirname(path));
      return true;
    });
    if (isMoved) moved.push({ stage: id.stage, run: id.run });
  }
  return moved;
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
