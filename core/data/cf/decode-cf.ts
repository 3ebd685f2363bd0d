import type { Dataset } from "../dataset.ts";

/** Shows a dataset as the CF conventions mean it. */
export function decodeCf(dataset: Dataset): Dataset {
  return dataset;
}
