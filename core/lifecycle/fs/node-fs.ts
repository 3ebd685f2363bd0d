import { type BigIntStats, constants } from "node:fs";
import {
  chmod,
  copyFile,
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
  utimes,
} from "node:fs/promises";
import { openRegular } from "../../files/open-regular.ts";
import type { FileFacts, FolderEntry, StoreFile, StoreFs } from "./store-fs.ts";

/** The file systems of this machine. */
export const nodeFs: StoreFs = {
  stat: async (path) => factsOf(await stat(path, { bigint: true })),
  list: async (folder) =>
    (await readdir(folder, { withFileTypes: true })).map(
      (entry): FolderEntry => ({
        name: entry.name,
        kind: kindOf(entry),
      }),
    ),
  open: async (path) => new NodeFile(await openRegular(path)),
  create: async (path, mode) => new NodeFile(await open(path, "wx", mode)),
  readFile,
  clone: async (from, to, mode) => {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    await chmod(to, mode);
  },
  link,
  rename,
  remove: unlink,
  makeFolder: async (path) => void (await mkdir(path)),
  removeFolder: rmdir,
  touch: async (path, timeMs) => await utimes(path, timeMs / 1000, timeMs / 1000),
  syncFolder: async (folder) => {
    // Windows cannot open folders; its renames are journalled.
    if (process.platform === "win32") return;
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

class NodeFile implements StoreFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async stat(): Promise<FileFacts> {
    return factsOf(await this.#handle.stat({ bigint: true }));
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < into.length) {
      const { bytesRead } = await this.#handle.read(into, done, into.length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(bytes: Uint8Array): Promise<void> {
    // A full disk takes a part and tells so, or nothing and fails.
    for (let done = 0; done < bytes.length; ) done += (await this.#handle.write(bytes, done)).bytesWritten;
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

function factsOf(stats: BigIntStats): FileFacts {
  return {
    kind: kindOf(stats),
    bytes: Number(stats.size),
    modifiedMs: Number(stats.mtimeNs) / 1e6,
    identity: `${stats.dev}:${stats.ino}`,
  };
}

function kindOf(of: { isFile(): boolean; isDirectory(): boolean }): FileFacts["kind"] {
  if (of.isFile()) return "file";
  return of.isDirectory() ? "folder" : "other";
}
