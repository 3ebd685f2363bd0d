import { basename, dirname, extname, join } from "node:path";
import type { Digest } from "../../canonical/digest.ts";
import { FileExistsError, ReadFailedError } from "../../files/errors.ts";
import { isFilePath } from "../../files/file-path.ts";
import { makeFolders } from "../../files/make-folders.ts";
import { system } from "../../files/write-atomically.ts";
import { readingFile } from "../fs/failures.ts";
import { nodeFs } from "../fs/node-fs.ts";
import { closeRead, systemCode } from "../fs/store-fs.ts";
import { copyHashed } from "../objects/copy-hashed.ts";
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
export interface CheckableFacts {
  readonly bytes: number;
  readonly digest: Digest;
}

/** The folder of a crate while it is filled, and what the graph says of its files. */
export class CrateFiles {
  readonly folder: string;
  readonly graph: CrateGraph;
  readonly signal: AbortSignal | undefined;

  constructor(folder: string, graph: CrateGraph, signal?: AbortSignal) {
    this.folder = folder;
    this.graph = graph;
    this.signal = signal;
  }

  /**
   * Copies a file into the crate, checks it, and adds it to the graph as a part of the whole.
   *
   * @param path - In the crate, with forward slashes.
   * @throws `TWIN_FILE_EXISTS` for an output that has the name of a file of the crate; `TWIN_FILE_NOT_FOUND`,
   *   `TWIN_FILE_UNREADABLE`; `TWIN_READ_FAILED` where it is not the file that was recorded, or has a path that would lie
   *   outside of the crate; `TWIN_WRITE_FAILED`; the signal's reason.
   */
  async copy(source: string, path: string, facts: CheckableFacts, about: Partial<Entity> = {}): Promise<Reference> {
    if (!isFilePath(path)) {
      throw new ReadFailedError(source, `"${path}" is no path of a file in a crate. Nothing was written there.`);
    }
    const digest = await this.#write(source, path);
    if (digest !== facts.digest) {
      throw new ReadFailedError(source, `it was ${facts.digest} when it was recorded, and is ${digest} now.`);
    }
    return this.describe(path, facts, about);
  }

  async #write(source: string, path: string): Promise<Digest> {
    const target = join(this.folder, path);
    await system(target, () => makeFolders(dirname(target)));
    const from = await readingFile(source, () => nodeFs.open(source));
    try {
      const into = await system(target, () => nodeFs.create(target, 0o644)).catch((error: Error) => {
        if (systemCode(error.cause) !== "EEXIST") throw error;
        throw new FileExistsError(path, { remedy: "The crate has a file of that name itself.", cause: error });
      });
      try {
        const { digest } = await copyHashed(
          { read: (bytes, position) => readingFile(source, () => from.read(bytes, position)) },
          { write: (bytes) => system(target, () => into.write(bytes)) },
          0,
          { signal: this.signal },
        );
        return digest;
      } finally {
        await system(target, () => into.close());
      }
    } finally {
      await closeRead(from);
    }
  }

  /** Adds a file that is in the crate to the graph. */
  describe(path: string, facts: CheckableFacts, about: Partial<Entity> = {}): Reference {
    const file = this.graph.add(fileEntity(path, facts, about));
    this.graph.link("./", "hasPart", file);
    return file;
  }
}

/** What a crate says of a file in it. */
export function fileEntity(path: string, facts: CheckableFacts, about: Partial<Entity> = {}): Entity {
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
export function checkable({ bytes, digest }: CheckableFacts): {
  readonly contentSize: string;
  readonly sha256: string;
} {
  return { contentSize: String(bytes), sha256: hexOf(digest) };
}

export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

export function encodingOf(path: string): string {
  return ENCODINGS[extname(path).toLowerCase()] ?? "application/octet-stream";
}
