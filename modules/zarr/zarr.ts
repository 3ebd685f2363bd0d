import type { Connector, Dataset, OpenOptions, Source, WriteOptions } from "../../core/index.ts";
import { ChunkCache } from "./chunk-cache.ts";
import { readHierarchy } from "./hierarchy.ts";
import { METADATA_NAMES, ZarrStore } from "./store.ts";
import { writeStore } from "./write/write-store.ts";
import { type ZarrDataset, zarrDataset } from "./zarr-dataset.ts";

/** What {@link Zarr} needs to know. */
export interface ZarrSettings {
  readonly cacheBytes: number;
  readonly maxChunkBytes: number;
  readonly formatVersion: 2 | 3;
  readonly compressor: "gzip" | "zstd";
}

/** Reads and writes Zarr stores. */
export class Zarr implements Connector {
  readonly formats: readonly string[] = ["zarr"];
  readonly extensions: readonly string[] = [".zarr"];
  readonly #sources: readonly Source[];
  readonly #settings: ZarrSettings;
  readonly #cache: ChunkCache;
  #opened = 0;

  constructor(settings: ZarrSettings, sources: readonly Source[] = []) {
    this.#settings = settings;
    this.#sources = sources;
    this.#cache = new ChunkCache(settings.cacheBytes);
  }

  /** By the name: a store is no file, and what its files begin with says nothing. */
  recognises(_head: Uint8Array, location: string): boolean {
    const path = location.replace(/\/+$/, "");
    return path.toLowerCase().endsWith(".zarr") || METADATA_NAMES.some((name) => path.endsWith(`/${name}`));
  }

  async open(location: string, options: OpenOptions = {}): Promise<ZarrDataset> {
    options.signal?.throwIfAborted();
    const store = new ZarrStore(location, this.#sources);
    const hierarchy = await readHierarchy(store, { signal: options.signal });
    const context = {
      store,
      cache: this.#cache,
      cachePrefix: `${++this.#opened}\0`,
      maxChunkBytes: this.#settings.maxChunkBytes,
      anchor: hierarchy.anchor,
    };
    return zarrDataset(hierarchy, context, options);
  }

  async write(location: string, dataset: Dataset, options: WriteOptions = {}): Promise<void> {
    await writeStore(location, dataset, { ...options, ...this.#settings });
  }
}
