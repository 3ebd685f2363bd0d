import { readFile } from "node:fs/promises";
import { FileNotFoundError, FileUnreadableError } from "../core/index.ts";

/** Reads a text file that was named on the command line. @throws `TWIN_FILE_NOT_FOUND`, `TWIN_FILE_UNREADABLE` */
export async function readText(path: string): Promise<string> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw new FileNotFoundError(path, { cause: error });
    throw new FileUnreadableError(path, `${error.message}.`, { cause: error });
  });
}
