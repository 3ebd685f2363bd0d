import { mkdir, open, readdir, readFile, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  type ArrayJob,
  type ElementStatus,
  FileExistsError,
  type ProcessIdentity,
  writeFileAtomically,
} from "../../core/index.ts";

/** An array as it was submitted. */
export interface LocalArray {
  readonly schemaVersion: 1;
  readonly submittedMs: number;
  readonly job: ArrayJob;
}

/** What an array's journal tells of an element, in the order in which it came about. */
export type ElementEvent =
  | { readonly element: number; readonly state: "running"; readonly restart: number; readonly process: ProcessIdentity }
  /** It waits to be started again, for the so manieth time. */
  | { readonly element: number; readonly state: "queued"; readonly restart: number }
  | ElementStatus;

/**
 * The folder of a local executor. Whoever submits writes `arrays/<token>.json` and `canceled/<token>`, the supervisor the
 * rest: `states/<token>` (a journal) while an array is not over, `ended/<token>.json` when it is. Each file is written once
 * and stays, but for the journal.
 */
export class LocalFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Of which the lock is: one supervisor at a time. */
  get supervisor(): string {
    return join(this.path, "supervisor");
  }

  /** What a supervisor had to say that could not go on. */
  get supervisorLog(): string {
    return join(this.path, "supervisor.log");
  }

  get arrays(): string {
    return join(this.path, "arrays");
  }

  get canceled(): string {
    return join(this.path, "canceled");
  }

  async make(): Promise<void> {
    // What runs here is its owner's business alone.
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    for (const name of ["arrays", "canceled", "states", "ended"])
      await mkdir(join(this.path, name), { recursive: true });
  }

  states(id: string): string {
    return join(this.path, "states", id);
  }

  /** @returns Whether it is new. */
  async addArray(array: LocalArray): Promise<boolean> {
    try {
      await writeFileAtomically(join(this.arrays, `${array.job.token}.json`), JSON.stringify(array));
      return true;
    } catch (error) {
      if (error instanceof FileExistsError) return false;
      throw error;
    }
  }

  async array(id: string): Promise<LocalArray | undefined> {
    return (await readJson(join(this.arrays, `${id}.json`))) as LocalArray | undefined;
  }

  /** How the elements of an array ended, once all have. */
  async ended(id: string): Promise<readonly ElementStatus[] | undefined> {
    return (await readJson(join(this.path, "ended", `${id}.json`))) as readonly ElementStatus[] | undefined;
  }

  async end(id: string, statuses: readonly ElementStatus[]): Promise<void> {
    await writeFileAtomically(join(this.path, "ended", `${id}.json`), JSON.stringify(statuses), {
      existing: "replace",
    });
    await rm(this.states(id), { force: true });
  }

  async cancel(id: string): Promise<void> {
    const file = await open(join(this.canceled, id), "a");
    await file.close();
  }

  /** Ids of arrays that are not over. */
  async unfinished(): Promise<readonly string[]> {
    // What ends meanwhile is told as not over, never the other way round.
    const ended = new Set(await names(join(this.path, "ended")));
    return (await names(this.arrays))
      .filter((name) => /^[0-9a-f]{32}\.json$/.test(name) && !ended.has(name))
      .map((name) => name.slice(0, -5));
  }

  async canceledIds(): Promise<ReadonlySet<string>> {
    return new Set(await names(this.canceled));
  }
}

/** Where the system keeps what programs know of their work: `$XDG_STATE_HOME`, `~/.local/state`. */
export function defaultFolder(): string {
  const given = process.env["XDG_STATE_HOME"];
  return join(given?.startsWith("/") ? given : join(homedir(), ".local", "state"), "twinloom", "local");
}

async function names(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
