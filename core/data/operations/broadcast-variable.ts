import { gridBlocks, rowMajorBlockShape } from "../chunk-grid.ts";
import type { DataChunk, Variable } from "../dataset.ts";
import { InvalidDatasetError } from "../errors.ts";
import { NdArray } from "../nd-array.ts";
import { resolveSelection, selectedLayout } from "../resolve-selection.ts";
import type { Selection } from "../selection.ts";

/** Bytes of a block that {@link Variable.chunks} of the result gives. */
const BLOCK_BYTES = 1e6;

/**
 * A variable along more dimensions, along which its values are the same: a latitude at each step of time. What is read takes no more
 * memory than it does of the variable itself.
 *
 * @param like - Dimensions and lengths of the result; those of the variable are among them, in any order.
 * @returns A variable that is read by index: it has no coordinates.
 * @throws `TWIN_INVALID_DATASET` where a dimension of the variable is not among those, or has another length.
 */
export function broadcastVariable(variable: Variable, like: Pick<Variable, "dims" | "shape">): Variable {
  const [dims, shape] = [[...like.dims], [...like.shape]];
  variable.dims.forEach((dim, axis) => {
    const length = shape[dims.indexOf(dim)];
    if (length === variable.shape[axis]) return;
    throw new InvalidDatasetError(
      `"${variable.path}" along "${dim}" = ${variable.shape[axis]} cannot be repeated along [${dims.map((each, i) => `${each} = ${shape[i]}`).join(", ")}].`,
    );
  });
  const { name, path, dtype, unit, fillValue, attributes } = variable;
  const facts = { name, path, dtype, dims, shape, unit, fillValue, attributes, storage: { filters: [] } };

  const read = async (selection: Selection = {}, options: { readonly signal?: AbortSignal | undefined } = {}) => {
    const axes = await resolveSelection(facts, selection, async () => undefined);
    const own = axes.filter(({ dim }) => variable.dims.includes(dim));
    const array = await variable.read(
      Object.fromEntries(
        own.map(({ dim, start, step, count, drop }) => [
          dim,
          drop ? start : { start, stop: count === 0 ? start : start + (count - 1) * step + 1, step },
        ]),
      ),
      options,
    );
    const layout = selectedLayout(axes);
    const strides = layout.dims.map((dim) => array.strides[array.dims.indexOf(dim)] ?? 0);
    return new NdArray(array.data, { ...layout, dtype, unit, fillValue, strides, offset: array.offset });
  };
  return {
    ...facts,
    read,
    readMany: async (selections, options) => await Promise.all(selections.map((each) => read(each, options))),
    async *chunks(options): AsyncGenerator<DataChunk> {
      for (const block of gridBlocks(shape, rowMajorBlockShape(facts, BLOCK_BYTES))) {
        const selection = Object.fromEntries(
          dims.map((dim, axis) => [dim, block[axis] as { start: number; stop: number }]),
        );
        yield { selection, array: await read(selection, options) };
      }
    },
  };
}
