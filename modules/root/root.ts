import {
  type Connector,
  type Dataset,
  decodeCf,
  type OpenOptions,
  type Source,
  type Startable,
  WorkerClient,
  type WriteOptions,
} from "../../core/index.ts";
import { DecodedCache, decodedBytes } from "./basket-cache.ts";
import { FormatReadOnlyError } from "./errors.ts";
import { OpenRootFile, type RootReading } from "./open-root-file.ts";
import { type RootDataset, rootDataset } from "./root-dataset.ts";
import type { WorkerRequest } from "./worker/protocol.ts";

/** What the worker's heap may grow to, MB; typed arrays, which most of the data are, lie outside. */
const WORKER_HEAP_MB = 256;
/** jsroot that works so long without giving anything is taken to loop, in a small file. */
const LEAST_BUSY_MS = 2000;
/** In a larger one it may have that much to do at once: LZMA is the slowest. */
const BYTES_PER_MS = 5000;

/** Reads ROOT files. */
export class Root implements Connector, Startable {
  readonly formats: readonly string[] = ["root"];
  readonly extensions: readonly string[] = [".root"];
  /** Runs jsroot and decodes baskets; tests end it as a crash would. */
  protected readonly client: WorkerClient<WorkerRequest>;
  readonly #reading: RootReading;

  constructor(options: {
    readonly cacheBytes: number;
    readonly timeoutMs: number;
    readonly sources?: readonly Source[];
  }) {
    this.client = new WorkerClient({
      // From the sources the worker is TypeScript, too.
      file: new URL(import.meta.url.endsWith(".ts") ? "./worker/worker.ts" : "./worker/worker.js", import.meta.url),
      runs: "ROOT",
      timeoutMs: options.timeoutMs,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB, maxYoungGenerationSizeMb: 16 },
      busyMs: ({ file }) => LEAST_BUSY_MS + Math.ceil(file.bytes / BYTES_PER_MS),
      locationOf: (request) => request.file.location,
    });
    const cache: RootReading["cache"] = new DecodedCache(options.cacheBytes, decodedBytes);
    this.#reading = { client: this.client, cache, sources: options.sources ?? [] };
  }

  recognises(head: Uint8Array, _location: string): boolean {
    return head.length >= 4 && Buffer.from(head.buffer, head.byteOffset, 4).toString("latin1") === "root";
  }

  async open(location: string, options: OpenOptions = {}): Promise<RootDataset> {
    const { signal } = options;
    const file = await OpenRootFile.open(this.#reading, location, { signal });
    try {
      const shown = await rootDataset(file, signal);
      if (!options.decode) return shown;
      const problems = [...shown.problems];
      const decoded = decodeCf(shown, { onProblem: (problem) => void problems.push(problem) });
      return { ...shown, ...decoded, problems };
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** @throws {@link FormatReadOnlyError} always. */
  async write(location: string, _dataset: Dataset, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    throw new FormatReadOnlyError(location);
  }

  /** Ends the worker. */
  async stop(): Promise<void> {
    await this.client.stop();
  }
}
