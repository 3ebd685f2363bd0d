/** A path that lies below a folder on every system: no root, no drive, no "..", no backslash, no control characters. */
export const FILE_PATH: RegExp =
  /^(?![A-Za-z]:)(?!\.{1,2}(?:\/|$))[^/\\\p{Cc}]+(?:\/(?!\.{1,2}(?:\/|$))[^/\\\p{Cc}]+)*$/u;

/** Whether a relative path, with forward slashes, names a file below a folder on every system. */
export function isFilePath(path: string): boolean {
  return FILE_PATH.test(path);
}
