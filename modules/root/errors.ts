import { TwinError } from "../../core/index.ts";

/** What is asked for is in the file, and cannot be read here without a doubt. */
export class RootUnsupportedError extends TwinError {
  override readonly name = "RootUnsupportedError";
  override readonly code = "TWIN_ROOT_UNSUPPORTED";
  readonly location: string;

  constructor(location: string, what: string, options?: ErrorOptions) {
    super(
      `"${location}": ${what} Export it with uproot: \`twinloom root export ${location} --tree NAME --out FILE.h5\`.`,
      options,
    );
    this.location = location;
  }
}

/** A format that is only read is to be written. */
export class FormatReadOnlyError extends TwinError {
  override readonly name = "FormatReadOnlyError";
  override readonly code = "TWIN_FORMAT_READ_ONLY";
  readonly location: string;

  constructor(location: string) {
    super(
      `"${location}" is not written: Twinloom reads ROOT files and writes none. Write HDF5 (.h5), NetCDF (.nc) or Zarr (.zarr), by the connector of that format.`,
    );
    this.location = location;
  }
}
