import { z } from "zod";
import { Connector, definePlugin, HdfFiles, many, type PluginFactory, Source } from "../../core/index.ts";
import { Hdf5 } from "./hdf5.ts";

/** Options of {@link hdf5}. */
export interface Hdf5Options {
  /** Bytes of decoded chunks kept in memory for neighbouring reads; 64 MB by default. */
  readonly cacheBytes?: number;
  /** Time without any progress after which reading is given up, ms; 60,000 by default. */
  readonly timeoutMs?: number;
  /** Time for which reading is tried again when the mount of a file does not answer, ms; 10,000 by default. */
  readonly retryMs?: number;
}

/**
 * Reads and writes HDF5 files.
 *
 * Needs the package `h5wasm`; without it, opening a file is `TWIN_PACKAGE_MISSING` with the install line. Filters beyond
 * gzip, shuffle, fletcher32, szip and scale-offset need `h5wasm-plugins`.
 *
 * How HDF5 becomes a dataset: a compound dataset is a group of its members; variable-length sequences are a group of
 * `counts` and `values` (CF's contiguous ragged array); attached dimension scales name the dimensions, unnamed ones are
 * `dim_0`, `dim_1`, … of their variable alone; references are paths; what cannot be read is in `problems`, or an error
 * when it is read.
 *
 * @example
 * await using twin = await createTwin({ plugins: { files: hdf5() } });
 * await using file = await twin.files.open("showers.h5");
 * const energies = await file.variables.incident_energies?.read({ dim_0: { stop: 100 } });
 */
export const hdf5: PluginFactory<Hdf5Options, Hdf5> = definePlugin({
  name: "twinloom/modules/hdf5",
  version: "0.1.0",
  provides: [Connector, HdfFiles],
  options: z.object({
    cacheBytes: z
      .number()
      .int()
      .min(0)
      .default(64e6)
      .describe("Bytes of decoded chunks kept in memory for neighbouring reads."),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .default(60_000)
      .describe("Time without any progress after which reading is given up, ms."),
    retryMs: z
      .number()
      .int()
      .min(0)
      .default(10_000)
      .describe("Time for which reading is tried again when the mount of a file does not answer, ms."),
  }),
  needs: { sources: many(Source) },
  create: ({ sources }, options) => new Hdf5({ ...options, sources }),
});

export { FilterMissingError } from "./errors.ts";
export type { Hdf5 } from "./hdf5.ts";
export type { Hdf5Dataset } from "./hdf5-dataset.ts";
