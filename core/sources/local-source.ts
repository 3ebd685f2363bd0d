import { type FileHandle, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Source, SourceEntry, SourceFile, SourceOptions } from "../contracts/source.ts";
import { FileClosedError, FileNotFoundError, FileUnreadableError, ReadFailedError } from "../files/errors.ts";

/** Files of the local file system. */
export class LocalSource implements Source {
  readonly prefixes: readonly string[] = ["", "file:"];

  async open(location: string, { signal }: SourceOptions = {}): Promise<SourceFile> {
    signal?.throwIfAborted();
    const path = pathOf(location);
    try {
      const handle = await open(path, "r");
      try {
        const status = await handle.stat();
        if (status.isDirectory()) throw new FileUnreadableError(location, "it is a folder.");
        return new LocalFile(handle, {
          location,
          path,
          bytes: status.size,
          version: `${status.size}-${status.mtimeMs}`,
        });
      } catch (error) {
        await handle.close();
        throw error;
      }
    } catch (error) {
      throw coded(error, location);
    }
  }

  async *list(pattern: string, { signal }: SourceOptions = {}): AsyncGenerator<SourceEntry> {
    signal?.throwIfAborted();
    const folder = pathOf(pattern);
    try {
      for (const entry of (await readdir(folder, { withFileTypes: true })).toSorted((a, b) =>
        a.name < b.name ? -1 : 1,
      )) {
        if (entry.isFile()) yield { location: join(folder, entry.name), bytes: Number.NaN };
      }
    } catch (error) {
      throw coded(error, pattern);
    }
  }
}

class LocalFile implements SourceFile {
  readonly location: string;
  readonly bytes: number;
  readonly version: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  #isClosed = false;

  constructor(
    handle: FileHandle,
    about: { readonly location: string; readonly path: string; readonly bytes: number; readonly version: string },
  ) {
    this.#handle = handle;
    this.#path = about.path;
    this.location = about.location;
    this.bytes = about.bytes;
    this.version = about.version;
  }

  async readInto(target: Uint8Array, position: number, { signal }: SourceOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    if (this.#isClosed) throw new FileClosedError(this.location);
    let done = 0;
    while (done < target.length) {
      const { bytesRead } = await this.#handle.read(target, done, target.length - done, position + done);
      if (bytesRead === 0) {
        throw new ReadFailedError(
          this.location,
          `bytes ${position} to ${position + target.length} were asked for, and it ends at ${position + done}.`,
        );
      }
      done += bytesRead;
    }
  }

  async localPath(): Promise<string> {
    return this.#path;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function pathOf(location: string): string {
  return location.startsWith("file:") ? fileURLToPath(location) : location;
}

function coded(error: unknown, location: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== "string" || code.startsWith("TWIN_")) return error;
  if (code === "ENOENT") return new FileNotFoundError(location, { cause: error });
  return new FileUnreadableError(location, `${message}.`, { cause: error });
}
