import { constants, copyFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { type Digest, digestFile } from "../../canonical/digest.ts";
import { FileExistsError, FileNotFoundError, ReadFailedError } from "../../files/errors.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { system } from "../../files/write-atomically.ts";
import type { CrateGraph, Entity, Reference } from "./crate-graph.ts";

const ENCODINGS: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".h5": "application/x-hdf5",
  ".hdf5": "application/x-hdf5",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".md": "text/markdown",
  ".mjs": "text/javascript",
  ".nc": "application/x-netcdf",
  ".onnx": "application/vnd.onnx",
  ".parquet": "application/vnd.apache.parquet",
  ".svg": "image/svg+xml",
  ".ts": "text/x-typescript",
  ".txt": "text/plain",
  ".yaml": "application/yaml",
  ".yml": "application/yaml",
};

/** The facts of a file that every crate states. */
export interface FileFacts {
  readonly bytes: number;
  readonly digest: Digest;
}

/** The folder of a crate while it is filled, and what the graph says of its files. */
export class CrateFiles {
  readonly folder: string;
  readonly graph: CrateGraph;

  constructor(folder: string, graph: CrateGraph) {
    this.folder = folder;
    this.graph = graph;
  }

  /**
   * Copies a file into the crate, checks it, and adds it to the graph as a part of the whole.
   *
   * @param path - In the crate, with forward slashes.
   * @throws `TWIN_FILE_EXISTS` for an output that has the name of a file of the crate; `TWIN_FILE_NOT_FOUND`; `TWIN_READ_FAILED` where it is not the file that was recorded; `TWIN_WRITE_FAILED`.
   */
  async copy(source: string, path: string, facts: FileFacts, about: Partial<Entity> = {}): Promise<Reference> {
    const target = join(this.folder, path);
    await system(target, () => makeFolders(dirname(target)));
    const mode = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL;
    await copyFile(source, target, mode).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") throw new FileExistsError(path, { cause: error });
      throw error.code === "ENOENT"
        ? new FileNotFoundError(source, { cause: error })
        : new ReadFailedError(source, `${error.message}.`, { cause: error });
    });
    const { digest } = await digestFile(target);
    if (digest !== facts.digest) {
      throw new ReadFailedError(source, `it was ${facts.digest} when it was recorded, and is ${digest} now.`);
    }
    return this.describe(path, facts, about);
  }

  /** Adds a file that is in the crate to the graph. */
  describe(path: string, facts: FileFacts, about: Partial<Entity> = {}): Reference {
    const file = this.graph.add(fileEntity(path, facts, about));
    this.graph.link("./", "hasPart", file);
    return file;
  }
}

/** What a crate says of a file in it. */
export function fileEntity(path: string, facts: FileFacts, about: Partial<Entity> = {}): Entity {
  return {
    "@type": "File",
    name: basename(path),
    encodingFormat: encodingOf(path),
    ...about,
    ...checkable(facts),
    // A path is a URI here: RFC 3986.
    "@id": path.split("/").map(encodeURIComponent).join("/"),
  };
}

/** What anybody can check. */
export function checkable({ bytes, digest }: FileFacts): { readonly contentSize: string; readonly sha256: string } {
  return { contentSize: String(bytes), sha256: hexOf(digest) };
}

export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

export function encodingOf(path: string): string {
  return ENCODINGS[extname(path).toLowerCase()] ?? "application/octet-stream";
}
