import { type FileHandle, mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WriteFailedError } from "../../files/errors.ts";
import type { SeriesValues } from "./series-tile.ts";

const REMEDY =
  "Free some space, name a folder with more in the environment variable TMPDIR, or give more `maxBytes`: where all fits in memory, no file is needed.";

/**
 * A temporary file of numbers. It has no name any more once it is open, so that the system takes its space back whatever
 * becomes of the process; where files that are open cannot be removed (Windows), it is removed when it is closed.
 */
export class SpillFile {
  readonly #handle: FileHandle;
  readonly #folder: string;

  private constructor(handle: FileHandle, folder: string) {
    this.#handle = handle;
    this.#folder = folder;
  }

  /** @param bytes - That will be written. @throws `TWIN_WRITE_FAILED` where there is less room. */
  static async open(bytes: number): Promise<SpillFile> {
    const parent = tmpdir();
    let folder: string | undefined;
    try {
      await checkRoom(parent, bytes);
      folder = await mkdtemp(join(parent, "twinloom-series-"));
      const handle = await open(join(folder, "series"), "wx+", 0o600);
      const file = new SpillFile(handle, folder);
      await rm(folder, { recursive: true }).catch(() => undefined);
      return file;
    } catch (error) {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
      throw failure(parent, bytes, error);
    }
  }

  async write(values: SeriesValues, position: number): Promise<void> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw failure(this.#folder, bytes.length, error);
    }
  }

  async read(values: SeriesValues, position: number): Promise<void> {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.#handle.read(bytes, done, bytes.length - done, position + done);
      if (bytesRead === 0) throw new Error("The temporary file of series ends before its end.");
      done += bytesRead;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function checkRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize >= bytes) return;
  throw new Error(`only ${(bavail * bsize) / 1e6} MB are free`);
}

function failure(folder: string, bytes: number, cause: unknown): unknown {
  if (cause instanceof WriteFailedError) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new WriteFailedError(
    folder,
    `a temporary file of series cannot take ${Math.ceil(bytes / 1e6)} MB more: ${why}. ${REMEDY}`,
    { cause },
  );
}
