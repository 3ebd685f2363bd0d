import { convertArray, NdArray, type Variable } from "../../../core/index.ts";

/** Reads fields of steps `[start, stop)` as float64, axes in an order that begins with time, in a unit. */
export async function readFields(
  variable: Variable,
  options: {
    readonly order: readonly string[];
    readonly start: number;
    readonly stop: number;
    readonly rows?: { readonly dim: string; readonly start: number; readonly stop: number };
    readonly unit?: string | undefined;
    readonly context?: "water" | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<NdArray> {
  const { order, start, stop, rows, unit, context, signal } = options;
  const selection = {
    [order[0] as string]: { start, stop },
    ...(rows && { [rows.dim]: { start: rows.start, stop: rows.stop } }),
  };
  const array = await variable.read(selection, { signal });
  const { shape, dims } = array;
  const values = new NdArray(array.toFloat64(), { dtype: "float64", shape, dims, unit: variable.unit });
  const ordered = values.transpose(order).contiguous();
  return unit === undefined || unit === variable.unit ? ordered : convertArray(ordered, unit, { context });
}
