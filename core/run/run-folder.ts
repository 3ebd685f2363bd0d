import { lstat, readdir, rename, rm, rmdir } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { makeFolders } from "../files/make-folders.ts";
import { flushFolder, flushTree, partialPath, system } from "../files/write-atomically.ts";
import { RunFolderExistsError } from "./errors.ts";
import { RECORD_FILE, type RunRecord, writeRunRecord } from "./run-record.ts";

/** Where files of steps that did not succeed are kept. */
const PARTIAL = "partial";
/** Name of the report in the folder of a run that repeats another. */
export const REPORT_FILE = "reproduction.json";
/** Names in the folder of a run that are the runner's own. */
export const RESERVED: readonly string[] = [RECORD_FILE, PARTIAL, REPORT_FILE];

/**
 * The folder of a run while it runs: a hidden folder beside the final one, `.<name>.<random>.partial`, which is renamed
 * when the record is sealed. A killed run thus leaves nothing under the final name.
 */
export class RunFolder {
  /** Where it will be. */
  readonly path: string;
  readonly #staging: string;
  readonly #kind: RunRecord["kind"];

  private constructor(path: string, kind: RunRecord["kind"]) {
    this.path = path;
    this.#kind = kind;
    this.#staging = partialPath(resolve(path));
  }

  /**
   * @throws {@link RunFolderExistsError} when the folder holds something, unless that is a run to be replaced;
   *   `TWIN_WRITE_FAILED` when the system refuses.
   */
  static async create(
    path: string,
    options: { readonly kind: RunRecord["kind"]; readonly existing: "refuse" | "replace" },
  ): Promise<RunFolder> {
    if (path === "") throw new InvalidArgumentError("The folder of a run needs a path; `out` is empty.");
    const folder = new RunFolder(path, options.kind);
    await system(path, async () => {
      await checkFree(path, options.existing);
      await makeFolders(join(folder.#staging, PARTIAL));
    });
    return folder;
  }

  /** Where a step writes while it runs. */
  workFolder(step: string): string {
    return join(this.#staging, PARTIAL, step);
  }

  /** What the record calls a file of a step. */
  shown(step: string, file: string): string {
    return this.#kind === "task" ? file : `${step}/${file}`;
  }

  /** Where a file of a finished step is. @param shown - As {@link shown} tells. */
  locate(shown: string): string {
    return join(this.#staging, shown);
  }

  /**
   * Moves the files of a finished step from its work folder to where they stay. What a single task wrote unasked under a
   * name of the runner's own is left where it is.
   */
  async settle(step: string): Promise<void> {
    const work = this.workFolder(step);
    if (this.#kind === "plan") return await rename(work, join(this.#staging, step));
    const names = (await readdir(work)).filter((name) => !RESERVED.includes(name));
    for (const name of names) await rename(join(work, name), join(this.#staging, name));
  }

  /**
   * Writes the record and puts the folder under its name.
   *
   * @throws {@link RunFolderExistsError} when something appeared there meanwhile; `TWIN_WRITE_FAILED`.
   */
  async seal(record: RunRecord, existing: "refuse" | "replace"): Promise<void> {
    await system(this.path, async () => {
      await removeEmptyFolders(join(this.#staging, PARTIAL));
      await flushTree(this.#staging);
      await writeRunRecord(join(this.#staging, RECORD_FILE), record);
      // Another run may come between any two calls; each round that fails is one in which another came to its end.
      while (!(await this.#takePlace(existing)));
      await flushFolder(dirname(resolve(this.path)));
    });
  }

  /** Whether the folder is under its name now; not when another run took the place at the same moment. */
  async #takePlace(existing: "refuse" | "replace"): Promise<boolean> {
    await checkFree(this.path, existing);
    // Never takes a folder that holds something, such as a run that was sealed since.
    if (existing === "refuse") await succeeds(() => rmdir(this.path), ["ENOENT", "ENOTEMPTY", "EEXIST"]);
    const old = `${this.#staging}.old`;
    const hadOld = existing === "replace" && (await succeeds(() => rename(this.path, old), ["ENOENT"]));
    try {
      return await succeeds(() => rename(this.#staging, this.path), ["ENOTEMPTY", "EEXIST"]);
    } catch (error) {
      if (hadOld) await rename(old, this.path);
      throw error;
    } finally {
      await rm(old, { recursive: true, force: true });
    }
  }

  /** Removes what was written so far. */
  async discard(): Promise<void> {
    await rm(this.#staging, { recursive: true, force: true });
  }
}

async function checkFree(path: string, existing: "refuse" | "replace"): Promise<void> {
  const names = await entriesOf(path);
  if (names.length === 0) return;
  const isRun = names.includes(RECORD_FILE);
  // Only ever a run is replaced: `--out .` must not delete somebody's work.
  if (existing === "refuse" || !isRun) throw new RunFolderExistsError(path, isRun ? "run" : "other");
}

async function entriesOf(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    // Also said of a path below a file, and then nothing is there.
    if (code === "ENOTDIR" && (await isThere(path))) throw new RunFolderExistsError(path, "other");
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

/** Whether a system call succeeds; failing with one of `codes` is no error. */
async function succeeds(call: () => Promise<void>, codes: readonly string[]): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** Removes a folder and those in it, as far as they hold no file. */
async function removeEmptyFolders(path: string): Promise<boolean> {
  let isEmpty = true;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const removed = entry.isDirectory() && (await removeEmptyFolders(join(path, entry.name)));
    isEmpty &&= removed;
  }
  if (isEmpty) await rmdir(path);
  return isEmpty;
}
