import { z } from "zod";
import { Connector, definePlugin, many, type PluginFactory, Source } from "../../core/index.ts";
import { Zarr } from "./zarr.ts";

/** Options of {@link zarr}. */
export interface ZarrOptions {
  /** Version of the format of what is written, 3 by default; both are read. */
  readonly formatVersion?: 2 | 3;
  /** Compression of what is written; gzip by default. */
  readonly compressor?: "gzip" | "zstd";
  /** Bytes of decoded chunks kept in memory for neighbouring reads; 64 MB by default. */
  readonly cacheBytes?: number;
  /** Largest chunk that is read, in bytes of memory; 512 MB by default. */
  readonly maxChunkBytes?: number;
}

/**
 * Reads and writes Zarr stores, versions 2 and 3: folders, or whatever a `Source` of the twin serves.
 *
 * How Zarr becomes a dataset: `dimension_names`, or xarray's `_ARRAY_DIMENSIONS`, name the dimensions, unnamed ones are
 * `dim_0`, `dim_1`, … of their variable alone; chunks that were never written hold the fill value; CF conventions are
 * applied as xarray does; arrays of types that cannot be shown are in `problems`.
 *
 * @example
 * await using twin = await createTwin({ plugins: { files: zarr() } });
 * await using store = await twin.files.open("climate.zarr");
 * const january = await store.variables.tas?.read({ time: { stop: 31 } });
 */
export const zarr: PluginFactory<ZarrOptions, Zarr> = definePlugin({
  name: "twinloom/modules/zarr",
  version: "0.1.0",
  provides: Connector,
  needs: { sources: many(Source) },
  options: z.object({
    formatVersion: z
      .union([z.literal(2), z.literal(3)])
      .default(3)
      .describe("Version of the format of what is written; both are read."),
    compressor: z.enum(["gzip", "zstd"]).default("gzip").describe("Compression of what is written."),
    cacheBytes: z
      .number()
      .int()
      .min(0)
      .default(64e6)
      .describe("Bytes of decoded chunks kept in memory for neighbouring reads."),
    maxChunkBytes: z.number().int().min(1).default(512e6).describe("Largest chunk that is read, in bytes of memory."),
  }),
  create: ({ sources }, options) => new Zarr(options, sources),
});

export type { ZarrProblem } from "./hierarchy.ts";
export type { Zarr } from "./zarr.ts";
export type { ZarrDataset } from "./zarr-dataset.ts";
