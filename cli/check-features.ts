import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { FileUnreadableError } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { NoFilesError } from "./errors.ts";

/**
 * Tells folders in which no worker has written features. Where events are waited for, one may write them yet.
 *
 * @throws `TWIN_FILE_NOT_FOUND` where there are none at all to decide on; `TWIN_FILE_UNREADABLE`.
 */
export async function checkFeatures(
  { features, end }: { readonly features: readonly string[]; readonly end: boolean },
  io: Pick<CommandIo, "cwd" | "warn">,
): Promise<void> {
  const empty: string[] = [];
  for (const folder of features) if (!(await hasFeatures(resolve(io.cwd, folder)))) empty.push(folder);
  if (end && empty.length === features.length) {
    throw new NoFilesError(
      features[0] as string,
      `There are no features in ${quoted(empty)}. Give folders of \`stream take\`, or the folder "features" of an adaptation.`,
    );
  }
  if (empty.length > 0) io.warn(`no features in ${quoted(empty)}${end ? "" : " yet: a worker has to write them"}`);
}

async function hasFeatures(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).some((name) => /^\d+\.journal$/.test(name));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    throw new FileUnreadableError(folder, `${message}.`, { cause: error });
  }
}

function quoted(folders: readonly string[]): string {
  return folders.map((folder) => `"${folder}"`).join(", ");
}
