import { type FileHandle, open } from "node:fs/promises";
import { WriteFailedError } from "../../../core/index.ts";
import type { HeapOutput } from "./global-heap.ts";
import { SUPERBLOCK_BYTES } from "./object-header.ts";

/** A file that grows at its end. */
export class FileOutput implements HeapOutput {
  /** The name that it will have, for messages. */
  readonly location: string;
  readonly #handle: FileHandle;
  #end = SUPERBLOCK_BYTES;

  private constructor(location: string, handle: FileHandle) {
    this.location = location;
    this.#handle = handle;
  }

  static async create(temporary: string, location: string): Promise<FileOutput> {
    try {
      return new FileOutput(location, await open(temporary, "wx+"));
    } catch (error) {
      throw new WriteFailedError(location, `${(error as Error).message}.`, { cause: error });
    }
  }

  /** Bytes so far. */
  get end(): number {
    return this.#end;
  }

  allocate(bytes: number): number {
    // Addresses that are multiples of eight suit every reader.
    const address = Math.ceil(this.#end / 8) * 8;
    this.#end = address + bytes;
    return address;
  }

  async write(address: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      done += await this.#system(async () => {
        const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, address + done);
        return bytesWritten;
      });
    }
  }

  async read(address: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    let done = 0;
    while (done < length) {
      const more = await this.#system(async () => {
        const { bytesRead } = await this.#handle.read(bytes, done, length - done, address + done);
        return bytesRead;
      });
      // Behind the end of the file is what was never written: zeros.
      if (more === 0) break;
      done += more;
    }
    return bytes;
  }

  /** Gives the file its full length, even where its last bytes were never written. */
  async finish(): Promise<void> {
    await this.#system(async () => {
      const { size } = await this.#handle.stat();
      if (size < this.#end) await this.#handle.truncate(this.#end);
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async #system<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw new WriteFailedError(this.location, `${(error as Error).message}.`, { cause: error });
    }
  }
}
