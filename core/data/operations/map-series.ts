import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import { bytesPerElement } from "../chunk-grid.ts";
import { NdArray } from "../nd-array.ts";
import type { SeriesInput, SeriesOptions, SeriesOutput } from "./series.ts";
import { computeTile, loadTiles } from "./series-engine.ts";
import { seriesGrid } from "./series-grid.ts";
import { planSeries } from "./series-plan.ts";
import { cellNumbers } from "./series-tile.ts";

/** Memory for all arrays together, by default. */
export const DEFAULT_BYTES = 256e6;

/**
 * Computes series from series, cell by cell, over data of any size. Memory stays within `maxBytes`: what is read, copies of it, and the
 * results, which are held whole. How data are read follows from how they are stored: docs/decisions/0047.
 *
 * @param inputs - Variables with the same dimensions, in any order.
 * @returns By name; shape [length of the output, other dimensions in the order of the first input].
 * @throws `TWIN_INVALID_ARGUMENT` where dimensions do not fit, or `maxBytes` is too little; `TWIN_UNIT_UNKNOWN`,
 *   `TWIN_UNITS_INCOMPATIBLE`; `TWIN_WRITE_FAILED` where there is no room for a temporary file; what reading, and the kernel, throw.
 *
 * @example
 * const { warmest } = await mapSeries([{ variable: tasmax, unit: "degC" }], {
 *   along: "time",
 *   outputs: [{ name: "warmest", dim: "record", length: 1, unit: "degC" }],
 *   kernel: ([series], [result]) => { result[0] = series.reduce((a, b) => Math.max(a, b)); },
 * });
 */
export async function mapSeries(
  inputs: readonly SeriesInput[],
  options: SeriesOptions,
): Promise<Readonly<Record<string, NdArray>>> {
  const { outputs, maxBytes = DEFAULT_BYTES } = options;
  const grid = seriesGrid(inputs, options);
  const { cells } = grid;
  const resultBytes =
    cells * outputs.reduce((all, { dtype, length }) => all + bytesPerElement(dtype ?? "float64") * length, 0);
  if (!(resultBytes < maxBytes)) {
    throw new InvalidArgumentError(
      `The results take ${resultBytes} bytes, and \`maxBytes\` is ${maxBytes}. Give more, or take \`lazySeries\`, which computes when it is read.`,
    );
  }
  const plan = planSeries(grid, maxBytes - resultBytes);
  const data = outputs.map(({ dtype, length }) => room(dtype, length * cells));
  const { signal, onProgress } = options;
  // Where everything is read before the first cell is computed, that counts as half of the work.
  const share = plan.isSpilled ? 0.5 : 0;
  const onRead = (part: number): void => onProgress?.(share * part);
  let done = 0;
  for await (const loaded of loadTiles(grid, plan, { signal, onRead })) {
    const numbers = cellNumbers(grid.shape, loaded.tile);
    await computeTile(grid, loaded, options, {
      onCell: (cell, results) => {
        const at = numbers[cell] as number;
        for (let i = 0; i < results.length; i++) scatter(results[i] as Float64Array, data[i] as Values, at, cells);
      },
      onTurn: (count) => onProgress?.(share + (1 - share) * ((done + count) / cells)),
    });
    done += numbers.length;
  }
  return Object.fromEntries(outputs.map((output, i) => [output.name, asArray(output, data[i] as Values, grid)]));
}

type Values = Float32Array | Float64Array;

function room(dtype: SeriesOutput["dtype"], count: number): Values {
  return dtype === "float32" ? new Float32Array(count) : new Float64Array(count);
}

function scatter(result: Float64Array, data: Values, at: number, stride: number): void {
  for (let i = 0, position = at; i < result.length; i++, position += stride) data[position] = result[i] as number;
}

function asArray(
  { dim, length, dtype = "float64", unit }: SeriesOutput,
  data: Values,
  { dims, shape }: { readonly dims: readonly string[]; readonly shape: readonly number[] },
): NdArray {
  return new NdArray(data, { dtype, shape: [length, ...shape], dims: [dim, ...dims], unit });
}
