import { type HdfDataset, type HdfSlab, InvalidSelectionError } from "../../core/index.ts";
import type { RawSlab } from "./worker/protocol.ts";

/** The slab that is all of a shape. */
export function wholeSlab(shape: readonly number[]): RawSlab {
  return { start: shape.map(() => 0), count: shape, step: shape.map(() => 1) };
}

/**
 * A slab as the worker takes it; all of the dataset by default.
 *
 * @throws {@link InvalidSelectionError} when it leaves the dataset: HDF5 would not notice in time.
 */
export function rawSlab(dataset: HdfDataset, slab: HdfSlab | undefined): RawSlab {
  const shape = dataset.shape ?? [0];
  if (slab === undefined) return wholeSlab(shape);
  const invalid = (dimension: number, problem: string): InvalidSelectionError =>
    new InvalidSelectionError({ variable: dataset.path, dimension: `dim_${dimension}` }, problem);
  if (slab.length !== shape.length) throw invalid(0, `give ${shape.length} ranges, one per dimension.`);
  slab.forEach(({ start, count, step = 1 }, axis) => {
    const fits = [start, count, step].every(Number.isSafeInteger) && start >= 0 && count >= 0 && step >= 1;
    if (!fits || (count > 0 && start + (count - 1) * step >= (shape[axis] as number))) {
      throw invalid(
        axis,
        `start ${start}, count ${count}, step ${step} leave dimension ${axis} of length ${shape[axis]}.`,
      );
    }
  });
  return {
    start: slab.map(({ start }) => start),
    count: slab.map(({ count }) => count),
    step: slab.map(({ step = 1 }) => step),
  };
}
