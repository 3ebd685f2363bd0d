import type { FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { FileClosedError, WriteFailedError } from "../errors.ts";
import { encodeFrame, FRAME_BYTES, GROUP_BYTES, MOST_RECORD_BYTES } from "./layout.ts";

/** After these the disk is as it was, and may have room later. */
const NO_ROOM: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

interface Append {
  readonly record: Uint8Array;
  resolve(): void;
  reject(error: unknown): void;
}

/** Appends records to an open file, in groups that share one sync. */
export class GroupWriter {
  readonly #file: Pick<FileHandle, "write" | "datasync" | "truncate">;
  readonly #path: string;
  readonly #seed: number;
  #endBytes: number;
  /** Whether what is there ends with the mark already. */
  #isMarked: boolean;
  #waiting: Append[] = [];
  #writing: Promise<void> | undefined;
  /** Why nothing more can be appended. */
  #failure: Error | undefined;

  /** @param found - Where the first group goes: all before it is durable; and whether it ends with the mark. */
  constructor(
    file: Pick<FileHandle, "write" | "datasync" | "truncate">,
    {
      path,
      seed,
      found,
    }: {
      readonly path: string;
      readonly seed: number;
      readonly found: { readonly bytes: number; readonly isClosed: boolean };
    },
  ) {
    this.#file = file;
    this.#path = path;
    this.#seed = seed;
    this.#endBytes = found.bytes;
    this.#isMarked = found.isClosed;
  }

  /** Resolves when the record is durable. Its bytes are read before. */
  async append(record: Uint8Array): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (record.length > MOST_RECORD_BYTES) {
      throw new InvalidArgumentError(
        `A record of ${record.length} bytes does not fit into the journal "${this.#path}": at most ${MOST_RECORD_BYTES}. Divide it.`,
      );
    }
    // `slice` of a Buffer would be no copy.
    const own = new Uint8Array(record);
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ record: own, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Ends with a mark that shows that all before it was durable, as far as the disk takes it. */
  async close(): Promise<void> {
    // Whoever hears that one group is durable may append the next in the same breath.
    while (this.#writing !== undefined) await this.#writing;
    const isUsable = this.#failure === undefined && !this.#isMarked;
    this.#failure ??= new FileClosedError(this.#path, "is closed. Append before `close()`, or open it again.");
    if (!isUsable) return;
    const mark = Buffer.alloc(FRAME_BYTES);
    const offset = this.#endBytes;
    encodeFrame("closed", mark, { index: 0, offset, groupOffset: offset, seed: this.#seed });
    // Without the mark every record is there all the same; what is left of it is cut when the journal is opened next.
    await this.#write(mark).catch(() => undefined);
  }

  async #writeAll(): Promise<void> {
    // What else is appended in this turn of the event loop comes along.
    await setImmediate();
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup();
      try {
        await this.#write(this.#encode(group));
        for (const { resolve } of group) resolve();
      } catch (error) {
        // Whatever was appended before this is known counts on the records of this group: none of it is written.
        const failure = await this.#afterFailure(error);
        for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(failure);
      }
    }
    this.#writing = undefined;
  }

  #nextGroup(): readonly Append[] {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#waiting) {
      bytes += FRAME_BYTES + record.length;
      if (count > 0 && bytes > GROUP_BYTES) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #encode(group: readonly Append[]): Buffer {
    const bytes = group.reduce((sum, { record }) => sum + FRAME_BYTES + record.length, 0);
    const buffer = Buffer.allocUnsafe(bytes);
    const groupOffset = this.#endBytes;
    let index = 0;
    for (const { record } of group) {
      encodeFrame(record, buffer, { index, offset: groupOffset + index, groupOffset, seed: this.#seed });
      index += FRAME_BYTES + record.length;
    }
    return buffer;
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      // A full disk takes a part and tells so, or nothing and fails.
      done += (await this.#file.write(bytes, done, bytes.length - done, this.#endBytes + done)).bytesWritten;
    }
    await this.#file.datasync();
    this.#endBytes += bytes.length;
    this.#isMarked = false;
  }

  async #afterFailure(error: unknown): Promise<Error> {
    const { code, message } = error as NodeJS.ErrnoException;
    const isCut = await this.#file.truncate(this.#endBytes).then(
      () => true,
      () => false,
    );
    if (isCut && NO_ROOM.has(code ?? "")) {
      return new WriteFailedError(
        this.#path,
        `${message}. What was appended before is safe; this was not appended. Make room, and append it again.`,
        { cause: error },
      );
    }
    // After a sync that failed, nobody knows what the disk has: Linux tells of a lost page once.
    this.#failure = new WriteFailedError(
      this.#path,
      `${message}. What was appended before is safe; nothing more is appended. Look at the disk, and open the journal again.`,
      { cause: error },
    );
    return this.#failure;
  }
}
