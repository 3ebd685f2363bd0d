import type { Dataset } from "../dataset.ts";

/** How {@link decodeCf} reads what a file leaves open. */
export interface DecodeOptions {
  /**
   * Whether a variable without `_FillValue` has the default fill value of its type in NetCDF. False by default: only NetCDF
   * files are filled so.
   */
  readonly defaultFills?: boolean;
  /** Told of every attribute that cannot be understood. The variable is then shown without what the attribute asks for. */
  readonly onProblem?: (problem: CfProblem) => void;
}

/** Something in a file that cannot be decoded. */
export interface CfProblem {
  /** Path of the variable, with the attribute: `/tas@scale_factor`. */
  readonly path: string;
  readonly reason: string;
}

/** Shows a dataset as the CF conventions mean it. */
export function decodeCf(dataset: Dataset, _options: DecodeOptions = {}): Dataset {
  return dataset;
}
