import { closeSync, fstatSync, openSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { WorkerFailure, WorkerMessage } from "../../../core/index.ts";
import { type IndexedChunk, readChunkIndex } from "./chunk-index.ts";
import { describeFile } from "./describe-file.ts";
import { createGroup, resizeDataset, setAttribute, writeSlab } from "./edit-file.ts";
import { type HdfLibrary, LibraryError } from "./library.ts";
import { loadLibrary } from "./load-library.ts";
import { CANCELLED, type FailureKind, type FileKey, PROGRESS, type RawValues, type WorkerRequest } from "./protocol.ts";
import { readChunks } from "./read-chunks.ts";
import { readContiguous } from "./read-contiguous.ts";
import { readSlab } from "./read-slab.ts";

type Request<Op extends WorkerRequest["op"]> = Extract<WorkerRequest, { readonly op: Op }>;

/** HDF5's `H5F_ACC_…`. */
const READ_ONLY = 0;
const READ_WRITE = 1;

/** An open file. */
interface OpenFile {
  readonly key: FileKey;
  readonly mode: number;
  /** HDF5's handle, once HDF5 had to be asked. */
  hdf: bigint | undefined;
  /** For what is read past HDF5. */
  readonly descriptor: number;
  /** Of datasets that are read past HDF5, by path. */
  readonly chunkIndexes: Map<string, ReadonlyMap<number, IndexedChunk>>;
}

const files = new Map<number, OpenFile>();
let loading: Promise<HdfLibrary> | undefined;

parentPort?.on("message", (message: WorkerMessage<WorkerRequest>) => void answer(message));

async function answer({ id, request, shared }: WorkerMessage<WorkerRequest>): Promise<void> {
  const onProgress = (): void => void Atomics.add(shared, PROGRESS, 1);
  const isCancelled = (): boolean => {
    onProgress();
    return Atomics.load(shared, CANCELLED) !== 0;
  };
  try {
    loading ??= loadLibrary();
    const library = await loading;
    library.onProgress = onProgress;
    if (isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
    const value = await perform(library, request, isCancelled);
    parentPort?.postMessage({ id, value }, transferable(value));
  } catch (error) {
    const { kind, message } = failureOf(error);
    // Users know nothing of the copy that is read.
    const told = message.replaceAll(request.file.path, request.file.location);
    parentPort?.postMessage({ id, failure: { kind, message: told } });
  }
}

async function perform(library: HdfLibrary, request: WorkerRequest, isCancelled: () => boolean): Promise<unknown> {
  switch (request.op) {
    case "describe":
      return await reading(library, request.file, (file) =>
        describeFile(library, { hdf: hdfOf(library, file), descriptor: file.descriptor }, isCancelled),
      );
    case "read":
      return await reading(library, request.file, (file) => readValues(library, file, request, isCancelled));
    case "close":
      return closeFile(library, request.file.id);
    case "editOpen":
      editable(library, request.file);
      return undefined;
    case "resize":
      return resizeDataset(library, editable(library, request.file), request);
    case "write":
      return writeSlab(library, editable(library, request.file), request);
    case "setAttribute":
      return setAttribute(library, editable(library, request.file), request);
    case "createGroup":
      return createGroup(library, editable(library, request.file), request);
  }
}

/**
 * Reads from a file that must stay as it is: what lies behind the end of one that was cut short, HDF5 gives as zeros.
 * After a failure of the system the file is closed everywhere, so that the next request opens it anew; HDF5 would
 * otherwise go on with the descriptor that it has.
 */
async function reading<T>(library: HdfLibrary, key: FileKey, read: (file: OpenFile) => T | Promise<T>): Promise<T> {
  try {
    library.allowMemoryFor(key.state?.bytes ?? 0);
    return await readUnchanged(openFile(key, READ_ONLY), read);
  } catch (error) {
    if (error instanceof LibraryError && error.kind === "open") tryToClose(library, key.id);
    if (!isAway(error)) throw error;
    for (const { key: other } of [...files.values()]) if (other.path === key.path) tryToClose(library, other.id);
    throw error;
  }
}

async function readUnchanged<T>(file: OpenFile, read: (file: OpenFile) => T | Promise<T>): Promise<T> {
  try {
    const values = await read(file);
    checkUnchanged(file);
    return values;
  } catch (error) {
    // What HDF5 says of a file that has become another means nothing; but after a crash the worker is replaced.
    if (!(error instanceof LibraryError && error.kind === "fatal")) checkUnchanged(file);
    throw error;
  }
}

/** @throws what the system says, or a {@link LibraryError} of kind `"away"`. */
function checkUnchanged({ key: { state }, descriptor }: OpenFile): void {
  const { size, mtimeMs } = fstatSync(descriptor);
  if (state && (size !== state.bytes || mtimeMs !== state.modifiedMs)) {
    throw new LibraryError("away", "it is no longer the file that was opened");
  }
}

/** Whether a failure is the system's. */
function isAway(error: unknown): boolean {
  return error instanceof LibraryError
    ? error.kind === "away"
    : typeof (error as NodeJS.ErrnoException).errno === "number";
}

function openFile(key: FileKey, mode: number): OpenFile {
  const open = files.get(key.id);
  if (open !== undefined) return open;
  const descriptor = openSync(key.path, "r");
  const file: OpenFile = { key, mode, hdf: undefined, descriptor, chunkIndexes: new Map() };
  files.set(key.id, file);
  return file;
}

function editable(library: HdfLibrary, key: FileKey): bigint {
  return hdfOf(library, openFile(key, READ_WRITE));
}

/** Opens a file in HDF5, which takes far longer than a read past it. */
function hdfOf(library: HdfLibrary, file: OpenFile): bigint {
  const { key, mode } = file;
  try {
    file.hdf ??= library.check("opening it", (module) => module.open(key.path, mode, false, -1, -1));
    return file.hdf;
  } catch (error) {
    throw error instanceof LibraryError && error.kind === "operation" ? new LibraryError("open", error.message) : error;
  }
}

async function readValues(
  library: HdfLibrary,
  file: OpenFile,
  request: Request<"read">,
  isCancelled: () => boolean,
): Promise<RawValues[]> {
  const { path, element, chunkShape, slabs } = request;
  const direct = await readDirectly(file, request, isCancelled);
  if (direct) return direct;
  const hdf = hdfOf(library, file);
  return slabs.map((slab) => readSlab(library, { file: hdf, path, element, chunkShape }, slab, isCancelled));
}

/** Reads past HDF5 what can be; `undefined` where HDF5 has to read, if only to tell what is wrong. */
async function readDirectly(
  { descriptor, chunkIndexes }: OpenFile,
  { direct, element, path, slabs }: Request<"read">,
  isCancelled: () => boolean,
): Promise<RawValues[] | undefined> {
  if (direct === undefined) return undefined;
  try {
    const source = { ...direct, descriptor, elementBytes: element.size };
    if (source.kind === "contiguous") {
      const values: RawValues[] = [];
      for (const slab of slabs) values.push(await readContiguous(source, slab, isCancelled));
      return values;
    }
    const chunks = chunkIndexes.get(path) ?? readChunkIndex({ ...source.index, ...source });
    chunkIndexes.set(path, chunks);
    return await readChunks({ ...source, chunks }, slabs, isCancelled);
  } catch (error) {
    if (error instanceof LibraryError && error.kind === "cancelled") throw error;
    return undefined;
  }
}

function closeFile(library: HdfLibrary, id: number): void {
  const file = files.get(id);
  if (file === undefined) return;
  files.delete(id);
  try {
    const { hdf } = file;
    if (hdf !== undefined) library.check("closing it", (module) => module.close_file(hdf));
  } finally {
    closeSync(file.descriptor);
  }
}

function tryToClose(library: HdfLibrary, id: number): void {
  try {
    closeFile(library, id);
  } catch {
    // It is away.
  }
}

function failureOf(error: unknown): WorkerFailure<FailureKind> {
  if (error instanceof LibraryError) return { kind: error.kind, message: error.message };
  // Our own memory ran out, not the library's.
  if (error instanceof RangeError) return { kind: "operation", message: error.message };
  return isAway(error)
    ? { kind: "away", message: (error as Error).message }
    : { kind: "fatal", message: String(error) };
}

/** The buffers of values, which are moved rather than copied. */
function transferable(value: unknown): ArrayBuffer[] {
  if (!Array.isArray(value)) return [];
  return (value as RawValues[]).flatMap((values) =>
    values.kind === "bytes"
      ? [values.bytes.buffer]
      : values.kind === "sequences"
        ? [values.counts.buffer, values.bytes.buffer]
        : [],
  );
}
