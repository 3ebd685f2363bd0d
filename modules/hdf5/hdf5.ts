import { constants, copyFile } from "node:fs/promises";
import {
  type Connector,
  type Dataset,
  decodeCf,
  type HdfCreateOptions,
  type HdfEditor,
  type HdfFiles,
  type HdfWriter,
  type OpenOptions,
  type Source,
  type Startable,
  WorkerClient,
  WriteFailedError,
  type WriteOptions,
  writeAtomically,
} from "../../core/index.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { HdfFileEditor } from "./hdf-file-editor.ts";
import { type Hdf5Dataset, hdf5Dataset } from "./hdf5-dataset.ts";
import { KnownContents } from "./known-contents.ts";
import { OpenHdfFile } from "./open-hdf-file.ts";
import type { WorkerRequest } from "./worker/protocol.ts";
import { type FileServices, newFileId } from "./worker-file.ts";
import { writeHdfFile } from "./write/hdf-file-writer.ts";
import { writeDataset } from "./write/write-dataset.ts";

/** The eight bytes that begin an HDF5 file, or follow its user block of 512, 1024, … bytes. */
const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

/** HDF5 that works so small a part of the time allowed without giving anything is taken to loop: 2 s of 60. */
const BUSY_PART = 30;
/** Loading HDF5 gives nothing, too. */
const LEAST_BUSY_MS = 2000;
/** What a single call on HDF5 does at least, when it has to go through all of a file. */
const BYTES_PER_MS = 50_000;

/** What {@link Hdf5} is made with. */
export interface Hdf5Init {
  readonly cacheBytes: number;
  readonly timeoutMs: number;
  readonly retryMs?: number;
  readonly sources?: readonly Source[];
}

/** Reads and writes HDF5 files: as datasets, and raw. */
export class Hdf5 implements Connector, HdfFiles, Startable {
  readonly formats: readonly string[] = ["hdf5"];
  readonly extensions: readonly string[] = [".h5", ".hdf5", ".he5", ".hdf"];
  /** Runs HDF5; tests end it as a crash would. */
  protected readonly client: WorkerClient<WorkerRequest>;
  readonly #services: FileServices;
  readonly #cache: ChunkCache;

  constructor({ cacheBytes, timeoutMs, retryMs = 10_000, sources = [] }: Hdf5Init) {
    this.client = new WorkerClient({
      // From the sources the worker is TypeScript, too.
      file: new URL(import.meta.url.endsWith(".ts") ? "./worker/worker.ts" : "./worker/worker.js", import.meta.url),
      runs: "HDF5",
      // What a worker throws away stays with the process for a while, and the next one needs as much again.
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
      timeoutMs,
      busyMs: ({ file }) =>
        Math.max(LEAST_BUSY_MS, timeoutMs / BUSY_PART) +
        Math.ceil((file.state?.bytes ?? Number.POSITIVE_INFINITY) / BYTES_PER_MS),
      locationOf: (request) => request.file.location,
    });
    this.#services = { client: this.client, sources, retryMs, known: new KnownContents() };
    this.#cache = new ChunkCache(cacheBytes);
  }

  recognises(head: Uint8Array, _location: string): boolean {
    const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
    for (let at = 0; at + SIGNATURE.length <= bytes.length; at = at === 0 ? 512 : at * 2) {
      if (bytes.subarray(at, at + SIGNATURE.length).equals(SIGNATURE)) return true;
    }
    return false;
  }

  async open(location: string, options: OpenOptions = {}): Promise<Hdf5Dataset> {
    const file = await hdf5Dataset(await this.openHdf(location, options));
    if (!options.decode) return file;
    const problems = [...file.problems];
    const decoded = decodeCf(file, { onProblem: (problem) => void problems.push(problem) });
    return { ...file, ...decoded, problems };
  }

  async openHdf(location: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<OpenHdfFile> {
    return await OpenHdfFile.open(this.#services, this.#cache, location, options);
  }

  async createHdf<T>(
    location: string,
    write: (file: HdfWriter) => Promise<T>,
    options: HdfCreateOptions = {},
  ): Promise<T> {
    return await writeAtomically(location, (temporary) => writeHdfFile(temporary, location, write), options);
  }

  async editHdf<T>(
    location: string,
    edit: (file: HdfEditor) => Promise<T>,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    const { signal } = options;
    const before = await this.openHdf(location, options);
    await before.close();
    const onCopy = async (temporary: string): Promise<T> => {
      await copyForEditing(location, temporary);
      const key = { id: newFileId(), location, path: temporary, state: undefined };
      const editor = new HdfFileEditor(this.client, key, { location, datasets: before.datasets, signal });
      try {
        await editor.open();
        const result = await edit(editor);
        await editor.close();
        return result;
      } catch (error) {
        // The copy is thrown away; only its descriptor matters.
        await this.client.run({ op: "close", file: key }).catch(() => undefined);
        throw error;
      }
    };
    return await writeAtomically(location, onCopy, { ...options, existing: "replace" });
  }

  async write(location: string, dataset: Dataset, options: WriteOptions = {}): Promise<void> {
    const write = (temporary: string): Promise<void> =>
      writeHdfFile(temporary, location, (writer) => writeDataset(writer, dataset, options));
    await writeAtomically(location, write, options);
  }

  /** Ends the worker; files that are still open are closed with it. */
  async stop(): Promise<void> {
    this.#services.known.clear();
    await this.client.stop();
  }
}

async function copyForEditing(location: string, temporary: string): Promise<void> {
  try {
    // A clone where the file system can; it shares the blocks that are not changed.
    await copyFile(location, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    throw new WriteFailedError(location, `${(error as Error).message}.`, { cause: error });
  }
}
