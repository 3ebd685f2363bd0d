import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  FileClosedError,
  FileUnreadableError,
  openSource,
  ReadFailedError,
  ReadTimeoutError,
  type Source,
  type WorkerClient,
  WorkerRequestError,
} from "../../core/index.ts";
import { codedFailure, type Doing } from "./failures.ts";
import { type FileContents, fileContents } from "./file-contents.ts";
import type { KnownContents } from "./known-contents.ts";
import type { FileKey, RawFile, WorkerRequest } from "./worker/protocol.ts";

/** Where files come from, and how long to wait for one that is away. */
export interface FileServices {
  readonly client: WorkerClient<WorkerRequest>;
  readonly sources: readonly Source[];
  readonly retryMs: number;
  readonly known: KnownContents;
}

/** Waiting begins with this, and doubles. */
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** A request about this file. */
export type FileRequest = WorkerRequest extends infer Request
  ? Request extends { readonly file: FileKey }
    ? Omit<Request, "file">
    : never
  : never;

let lastId = 0;

/** A number that no other open file has. */
export function newFileId(): number {
  return ++lastId;
}

/**
 * A file that the worker reads, as its source serves it. When the mount that it is on goes away, a request waits for its
 * return, within a budget; the file that comes back must be the same.
 */
export class WorkerFile {
  readonly location: string;
  /** Names the bytes of the file. */
  readonly version: string;
  readonly #services: FileServices;
  /** By what it was asked for: what is secret in a URL is not in {@link location}. */
  readonly #asked: string;
  #key: FileKey;
  /** Of the worker that last read it. */
  #generation = 0;
  #closing: Promise<void> | undefined;
  /** Set once HDF5 hung on this file: it would again, for as long again. */
  #hung: ReadTimeoutError | undefined;

  private constructor(services: FileServices, located: Located, asked: string) {
    this.#services = services;
    this.#key = located.key;
    this.location = located.key.location;
    this.#asked = asked;
    this.version = located.version;
  }

  /** Opens a file and reads its metadata. */
  static async open(
    services: FileServices,
    location: string,
    { signal }: Options,
  ): Promise<{ readonly file: WorkerFile; readonly contents: FileContents }> {
    signal?.throwIfAborted();
    const file = new WorkerFile(services, await locate(location, services.sources, signal), location);
    try {
      const known = services.known.get({ location, version: file.version });
      if (known) return { file, contents: known };
      const contents = fileContents(
        await file.run<RawFile>({ op: "describe" }, { what: "open", location }, { signal }),
      );
      services.known.set({ location, version: file.version }, contents);
      return { file, contents };
    } catch (error) {
      // A caller that has lost interest does not wait, but the file must not stay open.
      void file.close().catch(() => undefined);
      throw error;
    }
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Asks the worker. @throws coded errors. */
  async run<T>(request: FileRequest, doing: Doing, { signal }: Options): Promise<T> {
    if (this.#closing) throw new FileClosedError(this.location);
    if (this.#hung) throw this.#hung;
    signal?.throwIfAborted();
    const { client, retryMs } = this.#services;
    const deadline = Date.now() + retryMs;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
      try {
        const result = await client.run<T>({ ...request, file: this.#key } as WorkerRequest, { signal });
        this.#generation = client.generation;
        return result;
      } catch (error) {
        if (error instanceof ReadTimeoutError) this.#hung = error;
        // In the worker that comes after one that hung or crashed, it is not open.
        else if (!isCrash(error)) this.#generation = client.generation;
        const isAway = error instanceof WorkerRequestError && error.kind === "away";
        if (!isAway || Date.now() >= deadline) throw codedFailure(error, doing);
      }
      await delay(Math.min(waitMs, deadline - Date.now()), undefined, { signal }).catch(() => signal?.throwIfAborted());
      await this.#locateAgain(signal);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { client } = this.#services;
    // With its worker the file was closed, too.
    if (this.#generation !== client.generation) return;
    try {
      await client.run({ op: "close", file: this.#key });
    } catch (error) {
      if (error instanceof WorkerRequestError && error.kind === "stopped") return;
      throw codedFailure(error, { what: "read", location: this.location });
    }
  }

  /** A copy that a source keeps may lie elsewhere by now. */
  async #locateAgain(signal: AbortSignal | undefined): Promise<void> {
    let located: Located;
    try {
      located = await locate(this.#asked, this.#services.sources, signal);
    } catch {
      signal?.throwIfAborted();
      // Still away: the worker will say so.
      return;
    }
    if (located.version !== this.version || located.key.state?.bytes !== this.#key.state?.bytes) {
      throw new ReadFailedError(this.location, "it has changed since it was opened. Open it again.");
    }
    this.#key = { ...located.key, id: this.#key.id };
  }
}

function isCrash(error: unknown): boolean {
  return error instanceof WorkerRequestError && error.kind === "fatal";
}

interface Located {
  readonly key: FileKey;
  readonly version: string;
}

/** Finds the local file that holds what a source serves. @throws what the source throws. */
async function locate(location: string, sources: readonly Source[], signal: AbortSignal | undefined): Promise<Located> {
  await using served = await openSource(location, sources, { signal });
  const path = await served.localPath({ signal });
  const stats = await stat(path).catch((cause) => {
    throw new FileUnreadableError(location, `${cause.message}.`, { cause });
  });
  if (!stats.isFile()) throw new FileUnreadableError(location, "it is not a file.");
  return {
    key: { id: newFileId(), location: served.location, path, state: { bytes: stats.size, modifiedMs: stats.mtimeMs } },
    version: served.version,
  };
}
