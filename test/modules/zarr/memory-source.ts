import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  FileNotFoundError,
  FileUnreadableError,
  type Source,
  type SourceEntry,
  type SourceFile,
} from "../../../core/index.ts";

/** A store in memory that counts what is read, and does wrong as told. It cannot list, as an HTTP server cannot. */
export class MemorySource implements Source {
  readonly prefixes: readonly string[];
  /** By key. */
  readonly files: Map<string, Uint8Array>;
  readonly opened: string[] = [];
  /** Most files that were open together. */
  mostOpen: number = 0;
  version: string = "1";
  #open = 0;
  /** Called before a file is opened; may throw. */
  onOpen: (key: string) => void | Promise<void> = () => {};

  constructor(files: ReadonlyMap<string, Uint8Array>, prefix = "test://x.zarr/") {
    this.files = new Map(files);
    this.prefixes = [prefix];
  }

  async open(location: string): Promise<SourceFile> {
    const key = location.slice(this.prefixes[0]?.length);
    this.opened.push(key);
    await this.onOpen(key);
    const bytes = this.files.get(key);
    if (bytes === undefined) throw new FileNotFoundError(location);
    this.mostOpen = Math.max(this.mostOpen, ++this.#open);
    const close = async (): Promise<void> => {
      this.#open--;
    };
    return {
      location,
      bytes: bytes.length,
      version: this.version,
      readInto: async (target, position) => {
        await new Promise((resolve) => setImmediate(resolve));
        target.set(bytes.subarray(position, position + target.length));
      },
      localPath: () => Promise.reject(new FileUnreadableError(location, "it is in memory.")),
      close,
      [Symbol.asyncDispose]: close,
    };
  }

  // biome-ignore lint/correctness/useYield: this source cannot list, and says so.
  async *list(pattern: string): AsyncGenerator<SourceEntry> {
    throw new FileUnreadableError(pattern, "this server has no listings.");
  }
}

/** The files of a folder, by key. */
export async function filesOf(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path).replaceAll("\\", "/"), new Uint8Array(await readFile(path)));
  }
  return files;
}
