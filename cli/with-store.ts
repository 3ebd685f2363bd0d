import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { openStore, StoreNotFoundError, type TwinStore, type VersionEntry, versionName } from "../core/index.ts";
import type { CommandIo } from "./command.ts";

/** Name of a store, where none is given. */
export const STORE_FOLDER = ".twinloom";

/** Which store a command works on. */
export interface StoreChoice {
  /** As it was typed. */
  readonly store?: string | undefined;
}

/**
 * The folder of a store: the one that was typed, or the nearest `.twinloom` at or above the working directory, as git finds
 * its repository.
 *
 * @returns `undefined` where none was typed and none is found.
 */
export function findStore({ store }: StoreChoice, cwd: string): string | undefined {
  if (store !== undefined) return resolve(cwd, store);
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = join(folder, STORE_FOLDER);
    // A folder of that name without the file is no store: it may be a home directory's settings.
    if (existsSync(join(candidate, "twinloom.json"))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** Works on a store that is there. @throws `TWIN_STORE_NOT_FOUND` */
export async function withStore<T>(
  choice: StoreChoice,
  io: Pick<CommandIo, "cwd" | "warn">,
  work: (store: TwinStore) => Promise<T>,
): Promise<T> {
  const folder = findStore(choice, io.cwd);
  if (folder === undefined) {
    throw new StoreNotFoundError(
      join(io.cwd, STORE_FOLDER),
      "nor is there one in a folder above. Seal a version to make a store, or name one: --store folder.",
    );
  }
  return await using(await openStore(folder, { onWarning: (message) => io.warn(message) }), work);
}

/** Works on a store, and makes it in the working directory where there is none. */
export async function withNewStore<T>(
  choice: StoreChoice,
  io: Pick<CommandIo, "cwd" | "warn">,
  work: (store: TwinStore) => Promise<T>,
): Promise<T> {
  const folder = findStore(choice, io.cwd) ?? join(io.cwd, STORE_FOLDER);
  return await using(await openStore(folder, { create: true, onWarning: (message) => io.warn(message) }), work);
}

async function using<T>(store: TwinStore, work: (store: TwinStore) => Promise<T>): Promise<T> {
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Warns where what was typed names a version that was withdrawn. What is no version is told by who needs it. */
export async function warnOfWithdrawn(
  names: readonly string[],
  choice: StoreChoice,
  io: Pick<CommandIo, "cwd" | "warn">,
): Promise<void> {
  if (findStore(choice, io.cwd) === undefined) return;
  await withStore(choice, io, async (store) => {
    for (const name of names) {
      const entry = await store.resolve(name).catch(() => undefined);
      if (entry !== undefined) warnIfWithdrawn(entry, io);
    }
  });
}

/** Warns of a withdrawn version, with the reason. */
export function warnIfWithdrawn(entry: VersionEntry, io: Pick<CommandIo, "warn">): void {
  if (entry.state !== "withdrawn") return;
  io.warn(`${versionName(entry)} was withdrawn${entry.stateReason === null ? "" : `: ${entry.stateReason}`}`);
}

/** A run as a path, where there is something of that name; else the name of a version, as it is. */
export function runOrVersion(target: string, cwd: string): string {
  const path = resolve(cwd, target);
  return existsSync(path) ? path : target;
}
