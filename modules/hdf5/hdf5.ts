import {
  type Connector,
  type Dataset,
  type HdfCreateOptions,
  type HdfEditor,
  type HdfFiles,
  type HdfWriter,
  type Startable,
  WriteFailedError,
  type WriteOptions,
} from "../../core/index.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { type Hdf5Dataset, hdf5Dataset } from "./hdf5-dataset.ts";
import { OpenHdfFile } from "./open-hdf-file.ts";
import { WorkerClient } from "./worker-client.ts";

/** The eight bytes that begin an HDF5 file, or follow its user block of 512, 1024, … bytes. */
const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

/** Reads and writes HDF5 files: as datasets, and raw. */
export class Hdf5 implements Connector, HdfFiles, Startable {
  readonly formats: readonly string[] = ["hdf5"];
  readonly #client: WorkerClient;
  readonly #cache: ChunkCache;

  constructor(options: { readonly cacheBytes: number; readonly timeoutMs: number }) {
    this.#client = new WorkerClient(options.timeoutMs);
    this.#cache = new ChunkCache(options.cacheBytes);
  }

  recognises(head: Uint8Array, _location: string): boolean {
    const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
    for (let at = 0; at + SIGNATURE.length <= bytes.length; at = at === 0 ? 512 : at * 2) {
      if (bytes.subarray(at, at + SIGNATURE.length).equals(SIGNATURE)) return true;
    }
    return false;
  }

  async open(location: string, options: { readonly signal?: AbortSignal } = {}): Promise<Hdf5Dataset> {
    return await hdf5Dataset(await this.openHdf(location, options));
  }

  async openHdf(location: string, options: { readonly signal?: AbortSignal } = {}): Promise<OpenHdfFile> {
    return await OpenHdfFile.open(this.#client, this.#cache, location, options);
  }

  async createHdf<T>(
    location: string,
    _write: (file: HdfWriter) => Promise<T>,
    _options: HdfCreateOptions = {},
  ): Promise<T> {
    throw new WriteFailedError(location, "writing is under construction.");
  }

  async editHdf<T>(location: string, _edit: (file: HdfEditor) => Promise<T>): Promise<T> {
    throw new WriteFailedError(location, "editing is under construction.");
  }

  async write(location: string, _dataset: Dataset, _options: WriteOptions = {}): Promise<void> {
    throw new WriteFailedError(location, "writing is under construction.");
  }

  /** Ends the worker; files that are still open are closed with it. */
  async stop(): Promise<void> {
    await this.#client.stop();
  }
}
