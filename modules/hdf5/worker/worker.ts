import { closeSync, openSync, statSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { WorkerFailure, WorkerMessage } from "../../../core/index.ts";
import { type ChunkIndexPlace, type IndexedChunk, readChunkIndex } from "./chunk-index.ts";
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

const files = new Map<number, bigint>();
/** Of files that are read past HDF5, too. */
const descriptors = new Map<number, number>();
/** Of datasets that are read past HDF5, by file and path. */
const chunkIndexes = new Map<number, Map<string, ReadonlyMap<string, IndexedChunk>>>();
let loading: Promise<HdfLibrary> | undefined;

parentPort?.on("message", (message: WorkerMessage<WorkerRequest>) => void answer(message));

async function answer({ id, request, shared }: WorkerMessage<WorkerRequest>): Promise<void> {
  const isCancelled = (): boolean => {
    Atomics.add(shared, PROGRESS, 1);
    return Atomics.load(shared, CANCELLED) !== 0;
  };
  try {
    loading ??= loadLibrary();
    const library = await loading;
    if (isCancelled()) throw new LibraryError("cancelled", "the caller has cancelled it");
    const value = await perform(library, request, isCancelled);
    parentPort?.postMessage({ id, value }, transferable(value));
  } catch (error) {
    parentPort?.postMessage({ id, failure: failureOf(error) });
  }
}

async function perform(library: HdfLibrary, request: WorkerRequest, isCancelled: () => boolean): Promise<unknown> {
  switch (request.op) {
    case "describe":
      return describeFile(library, openFile(library, request.file, READ_ONLY), request.file.location);
    case "read": {
      const { path, element, chunkShape, slabs } = request;
      const file = openFile(library, request.file, READ_ONLY);
      return (
        (await readDirectly(request, isCancelled)) ??
        slabs.map((slab) => readSlab(library, { file, path, element, chunkShape }, slab, isCancelled))
      );
    }
    case "close":
      return closeFile(library, request.file);
    case "editOpen":
      openFile(library, request.file, READ_WRITE);
      return undefined;
    case "resize":
      return resizeDataset(library, openFile(library, request.file, READ_WRITE), request);
    case "write":
      return writeSlab(library, openFile(library, request.file, READ_WRITE), request);
    case "setAttribute":
      return setAttribute(library, openFile(library, request.file, READ_WRITE), request);
    case "createGroup":
      return createGroup(library, openFile(library, request.file, READ_WRITE), request);
  }
}

function openFile(library: HdfLibrary, { id, location }: FileKey, mode: number): bigint {
  const open = files.get(id);
  if (open !== undefined) return open;
  try {
    const file = library.check("opening it", (module) => module.open(location, mode, false, -1, -1));
    files.set(id, file);
    return file;
  } catch (error) {
    // Not to be told from a damaged file by HDF5's message alone.
    statSync(location);
    throw error instanceof LibraryError && error.kind === "operation" ? new LibraryError("open", error.message) : error;
  }
}

/** Reads past HDF5 what can be; `undefined` where HDF5 has to read, if only to tell what is wrong. */
async function readDirectly(request: Request<"read">, isCancelled: () => boolean): Promise<RawValues[] | undefined> {
  const { direct, file, element, path, slabs } = request;
  if (direct === undefined) return undefined;
  try {
    const source = { ...direct, descriptor: descriptorOf(file), elementBytes: element.size };
    if (source.kind === "contiguous") {
      const values: RawValues[] = [];
      for (const slab of slabs) values.push(await readContiguous(source, slab, isCancelled));
      return values;
    }
    const chunks = chunkIndexOf(file.id, path, { ...source.index, ...source });
    return await readChunks({ ...source, chunks }, slabs, isCancelled);
  } catch (error) {
    if (error instanceof LibraryError && error.kind === "cancelled") throw error;
    return undefined;
  }
}

function chunkIndexOf(id: number, path: string, place: ChunkIndexPlace): ReadonlyMap<string, IndexedChunk> {
  const known = chunkIndexes.get(id) ?? new Map<string, ReadonlyMap<string, IndexedChunk>>();
  chunkIndexes.set(id, known);
  let index = known.get(path);
  if (index === undefined) {
    index = readChunkIndex(place);
    known.set(path, index);
  }
  return index;
}

function descriptorOf({ id, location }: FileKey): number {
  let descriptor = descriptors.get(id);
  if (descriptor === undefined) {
    descriptor = openSync(location, "r");
    descriptors.set(id, descriptor);
  }
  return descriptor;
}

function closeFile(library: HdfLibrary, { id }: FileKey): void {
  const descriptor = descriptors.get(id);
  descriptors.delete(id);
  chunkIndexes.delete(id);
  if (descriptor !== undefined) closeSync(descriptor);
  const file = files.get(id);
  files.delete(id);
  if (file !== undefined) library.check("closing it", (module) => module.close_file(file));
}

function failureOf(error: unknown): WorkerFailure<FailureKind> {
  if (error instanceof LibraryError) return { kind: error.kind, message: error.message };
  // Our own memory ran out, not the library's.
  if (error instanceof RangeError) return { kind: "operation", message: error.message };
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? { kind: "fatal", message: String(error) } : { kind: "open", message };
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
