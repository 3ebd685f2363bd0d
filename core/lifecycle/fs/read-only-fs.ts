import { sep } from "node:path";
import type { StoreFs } from "./store-fs.ts";

/**
 * A file system in which a folder can only be read: every call that would change something in it fails with the error that
 * `refuse` makes. What is copied from there to elsewhere is written.
 *
 * @param folder - Absolute path.
 */
export function readOnlyFs(fs: StoreFs, folder: string, refuse: () => Error): StoreFs {
  const inside = folder.endsWith(sep) ? folder : `${folder}${sep}`;
  const on = (...changed: readonly string[]): StoreFs => {
    if (changed.some((path) => path === folder || path.startsWith(inside))) throw refuse();
    return fs;
  };
  return {
    stat: (path) => fs.stat(path),
    list: (path) => fs.list(path),
    open: (path) => fs.open(path),
    readFile: (path) => fs.readFile(path),
    create: async (path, mode) => await on(path).create(path, mode),
    clone: async (from, to, mode) => await on(to).clone(from, to, mode),
    // It would be another name of the same file, which stays as it is.
    link: async (from, to) => await on(to).link(from, to),
    rename: async (from, to) => await on(from, to).rename(from, to),
    remove: async (path) => await on(path).remove(path),
    makeFolder: async (path) => await on(path).makeFolder(path),
    removeFolder: async (path) => await on(path).removeFolder(path),
    touch: async (path, timeMs) => await on(path).touch(path, timeMs),
    syncFolder: async (path) => await on(path).syncFolder(path),
  };
}
