import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { FileUnreadableError } from "./errors.ts";

/**
 * Opens a file for reading.
 *
 * @throws {@link FileUnreadableError} for a pipe, a socket or a device, which would be waited for; what the system says.
 */
export async function openRegular(path: string): Promise<FileHandle> {
  // Without it, opening a pipe waits until somebody writes to it. It is nothing to a file; Windows has none.
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  const facts = await handle.stat();
  // What a folder is, reading it tells.
  if (facts.isFile() || facts.isDirectory()) return handle;
  await handle.close();
  throw new FileUnreadableError(
    path,
    "it is no file, but a pipe, a socket or a device. Copy what it gives into a file.",
  );
}
