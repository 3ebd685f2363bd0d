import { copyFile, mkdir, readdir } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { TaskCheckpoint } from "../../../core/index.ts";

/**
 * Keeps a copy of the recipe's run folder as a task's checkpoint. While it trains, too: each file of it is whole at any time, and
 * the recipe goes on from any set of them in which a checkpoint is not older than the others by more than a step it repeats.
 */
export class RunFolderCheckpoint {
  readonly #checkpoint: TaskCheckpoint;
  readonly #folder: string;

  constructor(checkpoint: TaskCheckpoint, folder: string) {
    this.#checkpoint = checkpoint;
    this.#folder = folder;
  }

  /** Puts what was saved last into the run folder. @returns Whether there was something. */
  async restore(signal: AbortSignal): Promise<boolean> {
    const saved = await this.#checkpoint.load({ signal });
    if (saved === undefined) return false;
    for (const [path, file] of Object.entries(saved.files)) {
      const target = join(this.#folder, path);
      await mkdir(dirname(target), { recursive: true });
      await copyFile(file, target);
    }
    return true;
  }

  /** @param done - How far the training is, 0 to 1. */
  async save(done: number): Promise<void> {
    const files: Record<string, string> = {};
    for (const path of await this.#paths()) {
      const copy = await this.#checkpoint.newFile(path.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, "-"));
      try {
        await copyFile(join(this.#folder, path), copy);
      } catch (error) {
        // One that is there for a moment only.
        if ((error as NodeJS.ErrnoException).code === "ENOENT") continue;
        throw error;
      }
      files[path] = copy;
    }
    await this.#checkpoint.save({ state: { done }, files });
  }

  /**
   * Paths of what is in the run folder; checkpoints last, so that none is older than what was made with it. Showers that
   * were generated for judges are left out: they are large, and are made again.
   */
  async #paths(): Promise<readonly string[]> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !/\.(part|h5)$/.test(entry.name))
      .map((entry) => relative(this.#folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .sort((a, b) => Number(a.endsWith("/checkpoint.pt")) - Number(b.endsWith("/checkpoint.pt")) || (a < b ? -1 : 1));
  }
}
