import type { StoreFs } from "./store-fs.ts";

/** A file system that can be read; every call that would change it fails with the error that `refuse` makes. */
export function readOnlyFs(fs: StoreFs, refuse: () => Error): StoreFs {
  const refused = async (): Promise<never> => {
    throw refuse();
  };
  return {
    stat: (path) => fs.stat(path),
    list: (folder) => fs.list(folder),
    open: (path) => fs.open(path),
    readFile: (path) => fs.readFile(path),
    create: refused,
    clone: refused,
    link: refused,
    rename: refused,
    remove: refused,
    makeFolder: refused,
    removeFolder: refused,
    touch: refused,
    syncFolder: refused,
  };
}
