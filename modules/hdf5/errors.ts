import { TwinError } from "../../core/index.ts";

/** Values are compressed with a filter that is not available. */
export class FilterMissingError extends TwinError {
  override readonly name = "FilterMissingError";
  override readonly code = "TWIN_FILTER_MISSING";
  readonly location: string;
  readonly path: string;
  /** Filters of the dataset, as `name (number)`. */
  readonly filters: readonly string[];

  constructor(
    where: { readonly location: string; readonly path: string },
    filters: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `Cannot read "${where.path}" of "${where.location}": it needs an HDF5 filter that is not available; its filters are ${filters.join(", ")}. Available are gzip, shuffle, fletcher32, szip, scale-offset, and with h5wasm-plugins lzf, lz4, bzip2, zstd, bitshuffle, blosc (without zlib), blosc2, zfp. Rewrite the file with one of these, for example by \`h5repack\`.`,
      options,
    );
    this.location = where.location;
    this.path = where.path;
    this.filters = filters;
  }
}
