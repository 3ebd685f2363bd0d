import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type LoadedSpec, loadSpec, loadVersion, VersionNotFoundError } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { NoFilesError } from "./errors.ts";
import { findStore, type StoreChoice, warnIfWithdrawn, withStore } from "./with-store.ts";

/** A twin as it was typed: a file, or the name of a version. */
export interface TwinChoice extends StoreChoice {
  readonly twin: string;
  /** What becomes of a withdrawn version: a command that runs it refuses, one that reads it warns. */
  readonly withdrawn: "refuse" | "warn" | "allow";
}

type Place = Pick<CommandIo, "cwd" | "signal" | "warn">;

/**
 * What a twin is composed of, from a twin.yaml or from a store. A file that is there wins over a version of that name; the
 * composition of a version says which it is, so that its runs do.
 *
 * @throws `TWIN_FILE_NOT_FOUND` for what is neither; `TWIN_VERSION_NOT_FOUND`, `TWIN_VERSION_WITHDRAWN`; what `loadSpec` and
 *   `loadVersion` throw.
 */
export async function loadTwin(choice: TwinChoice, io: Place): Promise<LoadedSpec> {
  const { twin, withdrawn } = choice;
  if (isTwinFile(twin, io.cwd)) return await loadSpec(resolve(io.cwd, twin), { signal: io.signal });
  return await inStore(choice, io, async (store) => {
    const { entry, composition } = await loadVersion(store, twin, {
      force: withdrawn !== "refuse",
      onNote: (note) => io.warn(note),
      signal: io.signal,
    });
    if (withdrawn === "warn") warnIfWithdrawn(entry, io);
    return composition;
  });
}

/** Whether what was typed is a file: one that is there, or would be one by its name. */
export function isTwinFile(twin: string, cwd: string): boolean {
  return /\.ya?ml$/i.test(twin) || (statSync(resolve(cwd, twin), { throwIfNoEntry: false })?.isFile() ?? false);
}

/**
 * Works on the store that has the version that was typed.
 *
 * @throws `TWIN_FILE_NOT_FOUND` where there is no store; `TWIN_VERSION_NOT_FOUND`, also saying that there is no such file.
 */
export async function inStore<T>(
  choice: Pick<TwinChoice, "twin" | "store">,
  io: Pick<Place, "cwd" | "warn">,
  work: Parameters<typeof withStore<T>>[2],
): Promise<T> {
  const { twin } = choice;
  if (findStore(choice, io.cwd) === undefined) {
    throw new NoFilesError(
      twin,
      `"${twin}" is neither a file nor a version: there is no such file, and no store (.twinloom) in the working directory or above it. Check the path, or name the store: --store folder.`,
    );
  }
  try {
    return await withStore(choice, io, work);
  } catch (error) {
    if (!(error instanceof VersionNotFoundError) || error.wanted !== twin) throw error;
    throw new VersionNotFoundError(twin, `${error.problem} Nor is there a file of that name.`);
  }
}
