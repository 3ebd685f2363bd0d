import { gridBlocks, rowMajorBlockShape } from "./chunk-grid.ts";
import type { Variable } from "./dataset.ts";
import type { NdArray } from "./nd-array.ts";
import { type AxisSelection, resolveSelection } from "./resolve-selection.ts";
import type { IndexRange, Selection } from "./selection.ts";

/** A selection by index alone. */
export type IndexSelection = Readonly<Record<string, number | IndexRange>>;

/**
 * Reads what is selected in blocks of bounded size. Laid end to end, the elements of the blocks are those of
 * `variable.read(selection)`, row-major.
 *
 * @param options - `maxBytes`: size of a block in memory (a string counts as 64), 64 MB by default.
 * @throws What {@link Variable.read} throws.
 */
export async function* readBlocks(
  variable: Variable,
  selection: IndexSelection = {},
  options: { readonly maxBytes?: number; readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<NdArray> {
  options.signal?.throwIfAborted();
  const axes = await resolveSelection(variable, selection, async () => undefined);
  const shape = axes.map((axis) => axis.count);
  const { dtype, storage } = variable;
  const blockShape = rowMajorBlockShape({ shape, dtype, chunkShape: storage.chunkShape }, options.maxBytes ?? 64e6);
  for (const block of gridBlocks(shape, blockShape)) {
    const part = axes.map((axis, number) => [axis.dim, partOf(axis, block[number] ?? { start: 0, stop: 1 })]);
    yield await variable.read(Object.fromEntries(part) as Selection, options);
    options.signal?.throwIfAborted();
  }
}

/** The indices of the variable that a block `[start, stop)` of the selected ones stands for. */
function partOf(axis: AxisSelection, block: { readonly start: number; readonly stop: number }): number | IndexRange {
  const { start, step, drop } = axis;
  if (drop) return start;
  return { start: start + block.start * step, stop: start + (block.stop - 1) * step + 1, step };
}
