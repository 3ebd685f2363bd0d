import type { MessagePort } from "node:worker_threads";
import {
  FileClosedError,
  FileUnreadableError,
  openSource,
  ReadFailedError,
  ReadTimeoutError,
  type Source,
  type SourceFile,
  type WorkerClient,
} from "../../core/index.ts";
import type { DecodedCache } from "./basket-cache.ts";
import { serveBytes } from "./byte-server.ts";
import { codedFailure } from "./failures.ts";
import type { DecodedBasket, FileKey, HistogramArrays, ObjectKey, RawFile, WorkerRequest } from "./worker/protocol.ts";

/** What the files of one connector share. */
export interface RootReading {
  readonly client: WorkerClient<WorkerRequest>;
  readonly cache: DecodedCache<DecodedBasket | HistogramArrays>;
  readonly sources: readonly Source[];
}

interface Options {
  readonly signal?: AbortSignal | undefined;
}

let lastId = 0;

/** A ROOT file: its bytes come from a source, and are understood in the worker. */
export class OpenRootFile {
  readonly location: string;
  readonly version: string;
  readonly description: RawFile;
  /** Begins the keys of its parts in the cache. */
  readonly prefix: string;
  readonly cache: RootReading["cache"];
  readonly #client: WorkerClient<WorkerRequest>;
  readonly #source: SourceFile;
  readonly #key: FileKey;
  #closing: Promise<void> | undefined;
  /** Set once the worker hung on this file: it would again, for as long again. */
  #hung: ReadTimeoutError | undefined;

  private constructor(reading: RootReading, source: SourceFile, opened: { key: FileKey; description: RawFile }) {
    this.#client = reading.client;
    this.cache = reading.cache;
    this.#source = source;
    this.#key = opened.key;
    this.location = opened.key.location;
    this.version = source.version;
    this.description = opened.description;
    this.prefix = `${++lastId}:`;
  }

  static async open(reading: RootReading, location: string, { signal }: Options): Promise<OpenRootFile> {
    signal?.throwIfAborted();
    const source = await openSource(location, reading.sources, { signal });
    try {
      const key: FileKey = { location, bytes: source.bytes };
      if (key.bytes < 64) throw new FileUnreadableError(location, "it is no ROOT file; it is too short for one.");
      const description = await ask<RawFile>(reading.client, source, { key, signal, what: "open" }, (bytes) => ({
        op: "describe",
        file: key,
        bytes,
      }));
      return new OpenRootFile(reading, source, { key, description });
    } catch (error) {
      await source.close();
      throw error;
    }
  }

  /** The arrays of a histogram. */
  async histogram(key: ObjectKey, path: string, { signal }: Options): Promise<HistogramArrays> {
    this.check();
    const about = { key: this.#key, signal, what: "read", path } as const;
    return await this.#remembered(
      ask<HistogramArrays>(this.#client, this.#source, about, (bytes) => ({
        op: "histogram",
        file: this.#key,
        bytes,
        key,
      })),
    );
  }

  /** Bytes of the file. */
  async read(target: Uint8Array, position: number, { signal }: Options): Promise<void> {
    this.check();
    await this.#source.readInto(target, position, { signal });
  }

  get bytes(): number {
    return this.#key.bytes;
  }

  /** Baskets, decoded. The buffers are handed over. */
  async decode(
    request: Pick<Extract<WorkerRequest, { op: "decode" }>, "layout" | "buffers" | "baskets">,
    path: string,
    { signal }: Options,
  ): Promise<readonly DecodedBasket[]> {
    this.check();
    signal?.throwIfAborted();
    const transfer = request.buffers.map(({ buffer }) => buffer as ArrayBuffer);
    try {
      const decoding = this.#client.run<DecodedBasket[]>(
        { op: "decode", file: this.#key, ...request },
        { signal, transfer },
      );
      return await this.#remembered(decoding);
    } catch (error) {
      throw codedFailure(error, { what: "read", location: this.location, path });
    }
  }

  close(): Promise<void> {
    this.cache.forget(this.prefix);
    this.#closing ??= this.#source.close();
    return this.#closing;
  }

  /** @throws Always: that reading failed. */
  fail(problem: string): never {
    throw new ReadFailedError(this.location, `${problem}.`);
  }

  /** @throws As reading would: when it is closed, or the worker hung on it. */
  check(): void {
    if (this.#closing) throw new FileClosedError(this.location);
    if (this.#hung) throw this.#hung;
  }

  async #remembered<T>(asking: Promise<T>): Promise<T> {
    try {
      return await asking;
    } catch (error) {
      if (error instanceof ReadTimeoutError) this.#hung = error;
      throw error;
    }
  }
}

/** A request during which the worker may ask for bytes. */
async function ask<T>(
  client: WorkerClient<WorkerRequest>,
  source: SourceFile,
  about: {
    readonly key: FileKey;
    readonly signal: AbortSignal | undefined;
    readonly what: "open" | "read";
    readonly path?: string;
  },
  request: (port: MessagePort) => WorkerRequest,
): Promise<T> {
  const { key, signal, what, path } = about;
  using server = serveBytes(source, signal);
  try {
    return await client.run<T>(request(server.port), { signal, transfer: [server.port] });
  } catch (error) {
    // The source tells best what is wrong with it.
    throw codedFailure(server.failure ?? error, { what, location: key.location, ...(path !== undefined && { path }) });
  }
}
