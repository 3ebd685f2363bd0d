import type { DownloadOptions, SourceFile, SourceOptions, SourceRange } from "../contracts/source.ts";
import { FileClosedError } from "../files/errors.ts";
import { checkRange } from "./local-file.ts";

/** What a {@link RemoteFile} is made of. */
export interface RemoteFileParts {
  readonly location: string;
  readonly bytes: number;
  readonly version: string;
  readEachInto(ranges: readonly SourceRange[], signal: AbortSignal | undefined): Promise<void>;
  localPath(options: SourceOptions & DownloadOptions): Promise<string>;
  fetchedBytes(): number;
  close(): Promise<void>;
}

/** An open object of a server. */
export class RemoteFile implements SourceFile {
  readonly location: string;
  readonly bytes: number;
  readonly version: string;
  readonly #parts: RemoteFileParts;
  #state: "open" | "closed" = "open";

  constructor(parts: RemoteFileParts) {
    this.#parts = parts;
    this.location = parts.location;
    this.bytes = parts.bytes;
    this.version = parts.version;
  }

  get fetchedBytes(): number {
    return this.#parts.fetchedBytes();
  }

  async readInto(target: Uint8Array, position: number, options: SourceOptions = {}): Promise<void> {
    await this.readEachInto([{ target, position }], options);
  }

  async readEachInto(ranges: readonly SourceRange[], { signal }: SourceOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    this.#checkOpen();
    for (const { target, position } of ranges) checkRange(this, target.length, position);
    await this.#parts.readEachInto(ranges, signal);
    this.#checkOpen();
  }

  async localPath(options: SourceOptions & DownloadOptions = {}): Promise<string> {
    options.signal?.throwIfAborted();
    this.#checkOpen();
    return await this.#parts.localPath(options);
  }

  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    await this.#parts.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(): void {
    if (this.#state === "closed") throw new FileClosedError(this.location);
  }
}
