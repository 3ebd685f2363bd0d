import { z } from "zod";
import { Connector, definePlugin, HdfFiles, many, optional, type PluginFactory, Source } from "../../core/index.ts";
import { Netcdf } from "./netcdf.ts";

/** Options of {@link netcdf}. */
export interface NetcdfOptions {
  /** Whether files are opened as the CF conventions mean them, unless `open` says otherwise; true by default. */
  readonly decode?: boolean;
}

/**
 * Reads NetCDF files: classic ones (CDF-1, CDF-2, CDF-5) by ranges, local or from a `Source`; NetCDF-4 with `hdf5()`
 * beside it, by which it also writes NetCDF-4.
 *
 * How NetCDF becomes a dataset: dimensions, variables, groups and attributes are as in the file; values are decoded as
 * `decodeCf` does, with the default fill values of NetCDF. Enums are their integers, compound and opaque types the bytes
 * of each element; `storage.typeNote` tells. What an unlimited dimension is longer than a variable is fill values. With
 * `decode: false` all is as stored; `char` variables are then their codes.
 *
 * @example
 * await using twin = await createTwin({ plugins: { files: netcdf(), hdf: hdf5() } });
 * await using file = await twin.files.open("tas_2005-2030.nc");
 * const january = await file.variables.tas?.read({ time: 0 });
 */
export const netcdf: PluginFactory<NetcdfOptions, Netcdf> = definePlugin({
  name: "twinloom/modules/netcdf",
  version: "0.1.0",
  provides: Connector,
  needs: { hdf: optional(HdfFiles), sources: many(Source) },
  options: z.object({
    decode: z
      .boolean()
      .default(true)
      .describe("Whether files are opened as the CF conventions mean them, unless `open` says otherwise."),
  }),
  create: ({ hdf, sources }, { decode }) => new Netcdf({ hdf, sources, decode }),
});

export type { Netcdf, NetcdfDataset } from "./netcdf.ts";
