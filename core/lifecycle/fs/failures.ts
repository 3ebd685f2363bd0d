import { FileNotFoundError, FileUnreadableError, WriteFailedError } from "../../files/errors.ts";
import { systemCode } from "./store-fs.ts";

const HINTS: Readonly<Record<string, string>> = {
  EROFS: " The file system is read-only: mount it for writing, or use another folder.",
  EACCES: " This user may not write there: ask its owner, or use another folder.",
  EPERM: " This user may not write there: ask its owner, or use another folder.",
  ENOSPC: " The disk is full: make space and try again; `twinloom store gc` removes what no version needs.",
  EDQUOT: " The quota is used up: make space and try again; `twinloom store gc` removes what no version needs.",
};

/** Runs calls that write to a path. What the system refuses is `TWIN_WRITE_FAILED`. */
export async function writing<T>(path: string, calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined || code.startsWith("TWIN_")) throw error;
    throw new WriteFailedError(path, `${(error as Error).message}.${HINTS[code] ?? ""}`, { cause: error });
  }
}

/** Runs calls that read a file of the user's. `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE`. */
export async function readingFile<T>(path: string, calls: () => Promise<T>): Promise<T> {
  try {
    return await calls();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined || code.startsWith("TWIN_")) throw error;
    if (code === "ENOENT" || code === "ENOTDIR") throw new FileNotFoundError(path, { cause: error });
    throw new FileUnreadableError(path, `${(error as Error).message}.`, { cause: error });
  }
}
