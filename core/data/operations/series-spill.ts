import { write } from "node:fs";
import { type FileHandle, mkdtemp, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WriteFailedError } from "../../files/errors.ts";
import type { SeriesValues } from "./series-tile.ts";

const REMEDY =
  "Free some space, name a folder with more in the environment variable TMPDIR, or give more `maxBytes`: where all fits in memory, no file is needed.";

/** Values `[from, to)` of an array, and the byte of the file where they go. */
export interface Spill {
  readonly from: number;
  readonly to: number;
  readonly position: number;
}

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

  /** Writes parts of an array, which must stay as they are meanwhile. */
  async write(values: SeriesValues, spills: readonly Spill[]): Promise<void> {
    const { fd } = this.#handle;
    const item = values.BYTES_PER_ELEMENT;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    // By callbacks: there are very many, and promises would be most of the memory that is thrown away.
    await new Promise<void>((resolve, reject) => {
      let left = spills.length;
      let failed: unknown;
      const onDone = (error: unknown): void => {
        failed ??= error;
        if (--left > 0) return;
        if (failed) reject(failure(this.#folder, bytes.length, failed));
        else resolve();
      };
      if (left === 0) resolve();
      for (const { from, to, position } of spills) writeAll(fd, bytes, [from * item, to * item, position], onDone);
    });
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

function writeAll(
  fd: number,
  bytes: Uint8Array,
  [from, to, position]: readonly [number, number, number],
  onDone: (error: unknown) => void,
): void {
  write(fd, bytes, from, to - from, position, (error, written) => {
    if (error || from + written === to) onDone(error);
    else if (written === 0) onDone(new Error("the system writes nothing"));
    else writeAll(fd, bytes, [from + written, to, position + written], onDone);
  });
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
