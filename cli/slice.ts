import type { IndexSelection } from "../core/index.ts";
import { UsageError } from "./errors.ts";

/**
 * Reads `--slice` options: `dim=a:b:step`, half-open, each part may be left out; `dim=i` is one index and drops the
 * dimension. Negative numbers count from the end.
 */
export function parseSlices(slices: readonly string[]): IndexSelection {
  const selection = new Map<string, IndexSelection[string]>();
  for (const slice of slices) {
    const match = /^(.+?)=(?:([+-]?\d+)|([+-]?\d+)?:([+-]?\d+)?(?::([+-]?\d+)?)?)$/.exec(slice.trim());
    const [, dim, index, start, stop, step] = match ?? [];
    if (dim === undefined) {
      throw new UsageError(`"${slice}" is no slice. Write dim=start:stop:step, dim=start:stop or dim=index.`);
    }
    if (selection.has(dim)) throw new UsageError(`Dimension "${dim}" is sliced twice.`);
    selection.set(
      dim,
      index !== undefined
        ? Number(index)
        : {
            ...(start !== undefined && { start: Number(start) }),
            ...(stop !== undefined && { stop: Number(stop) }),
            ...(step !== undefined && { step: Number(step) }),
          },
    );
  }
  return Object.fromEntries(selection);
}
