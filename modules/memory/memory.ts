import {
  type Connector,
  type Dataset,
  FileExistsError,
  FileNotFoundError,
  FileUnreadableError,
  type OpenDataset,
  type OpenOptions,
  type WriteOptions,
} from "../../core/index.ts";
import { copyDataset } from "./copy-dataset.ts";
import { OpenMemoryFile } from "./open-file.ts";

const SCHEME = "memory:";

/** Files in memory. Each is a copy of what was written; reads share its memory. */
export class Memory implements Connector {
  readonly formats: readonly string[] = ["memory"];
  readonly extensions: readonly string[] = [];
  readonly #files: Map<string, Dataset>;
  readonly #open = new Set<OpenMemoryFile>();

  constructor(files: Readonly<Record<string, Dataset>> = {}) {
    this.#files = new Map(Object.entries(files));
  }

  /** Number of files that are open. */
  get openFiles(): number {
    return this.#open.size;
  }

  recognises(_head: Uint8Array, location: string): boolean {
    return location.startsWith(SCHEME);
  }

  async open(location: string, options: OpenOptions = {}): Promise<OpenDataset> {
    options.signal?.throwIfAborted();
    const file = this.#files.get(nameOf(location));
    if (!file) throw new FileNotFoundError(location);
    const opened = new OpenMemoryFile(location, file, () => this.#open.delete(opened));
    this.#open.add(opened);
    return opened;
  }

  async write(location: string, dataset: Dataset, options: WriteOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const name = nameOf(location);
    const refuse = (): void => {
      if (options.existing !== "replace" && this.#files.has(name)) throw new FileExistsError(location);
    };
    refuse();
    const copy = await copyDataset(dataset, options);
    options.signal?.throwIfAborted();
    // Another write may have come first.
    refuse();
    this.#files.set(name, copy);
  }

  /** Closes all files and forgets them. */
  async stop(): Promise<void> {
    for (const opened of this.#open) await opened.close();
    this.#files.clear();
  }
}

function nameOf(location: string): string {
  if (location.startsWith(SCHEME)) return location.slice(SCHEME.length);
  throw new FileUnreadableError(location, `files in memory are named "${SCHEME}" and a name.`);
}
