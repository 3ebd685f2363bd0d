import { type Token, token } from "./token.ts";

/**
 * Raw access to HDF5 files: groups, attributes, attached scales, chunk layout, stored values. No CF conventions here;
 * connectors for formats on top of HDF5 (NetCDF-4) need this.
 */
export interface HdfFiles {
  readonly placeholder: never;
}
export const HdfFiles: Token<HdfFiles> = token("hdf-files");
