import { InvalidArgumentError } from "../../errors/invalid-argument.ts";
import type { Dataset, Variable } from "../dataset.ts";
import type { NdArray } from "../nd-array.ts";
import { type AxisSelection, selectedLayout } from "../resolve-selection.ts";
import { readTimeAxis } from "../time/time-axis.ts";
import { chooseVariables } from "./assemble.ts";
import { floatArray } from "./convert-variables.ts";
import { around, indexSelection } from "./index-axes.ts";
import { lazyVariable, withVariables } from "./lazy-variable.ts";
import { cellMethod, type Description, describeStatistic } from "./reduced-attributes.ts";
import { checkStatistic } from "./resample.ts";
import { accumulator, type Statistic } from "./statistics.ts";

/** What {@link rolling} makes. */
export interface RollingOptions {
  /** Number of steps. */
  readonly window: number;
  readonly reduce: Statistic;
  /** Whether a window has the step in its middle (an even one has one step more before it than behind); it ends there by default. */
  readonly center?: boolean | undefined;
  /** So many values of a window must not be missing; all by default. */
  readonly minCount?: number | undefined;
  /** Dimension to go along; that of time by default. */
  readonly dim?: string | undefined;
  /** All of numbers along the dimension by default. */
  readonly variables?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The statistic of a window around each step, as long as the data and computed where it is read, of the steps read and those
 * of their windows. Windows are cut at the ends of the dimension: the steps there are missing where fewer than `minCount`
 * values are left. A window is so many steps, whatever time lies between them.
 *
 * Results are float64, each summed up for itself, so that no error builds up along the dimension.
 *
 * @throws `TWIN_INVALID_ARGUMENT`, `TWIN_TIME_AXIS_INVALID`, `TWIN_VARIABLE_NOT_FOUND`, `TWIN_INVALID_DATASET`.
 */
export async function rolling(dataset: Dataset, options: RollingOptions): Promise<Dataset> {
  const { window, reduce, center = false, minCount = window } = options;
  checkStatistic(reduce);
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(window) || !isCount(minCount) || minCount > window) {
    throw new InvalidArgumentError(
      `A window has 1 step or more, and \`minCount\` is 1 to its length; got ${window} and ${minCount}.`,
    );
  }
  const dim = options.dim ?? (await readTimeAxis(dataset, options)).dim;
  const { along } = chooseVariables(dataset, [dim], options.variables);
  const method = cellMethod(reduce);
  const before = center ? Math.floor(window / 2) : window - 1;
  const how = { dim, before, after: window - 1 - before, minCount, reduce };
  const chosen = new Set(along);
  const isLeft = (variable: Variable): boolean =>
    chosen.has(variable) || dataset.coordinates.includes(variable.name) || !variable.dims.includes(dim);
  const bounds = dataset.variables[dim]?.attributes["bounds"];
  return withVariables(
    dataset,
    (whole) =>
      along.map((source) =>
        rolled(source, describeStatistic(source, reduce, method && `${dim}: ${method}`), how, whole),
      ),
    (variable) => isLeft(variable) || variable.name === bounds,
  );
}

interface Window {
  readonly dim: string;
  readonly before: number;
  readonly after: number;
  readonly minCount: number;
  readonly reduce: Statistic;
}

function rolled(source: Variable, description: Description, window: Window, whole: () => Dataset): Variable {
  return lazyVariable({
    source,
    dtype: "float64",
    unit: description.unit,
    attributes: description.attributes,
    dataset: whole,
    compute: (axes, options) => rollPart(source, { axes, window, description }, options),
  });
}

interface RollPart {
  readonly axes: readonly AxisSelection[];
  readonly window: Window;
  readonly description: Description;
}

async function rollPart(
  source: Variable,
  { axes, window, description }: RollPart,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<NdArray> {
  const { dim, before, after, minCount, reduce } = window;
  const wanted = axes.find((axis) => axis.dim === dim) as AxisSelection;
  const length = source.shape[source.dims.indexOf(dim)] as number;
  const layout = { ...selectedLayout(axes), unit: description.unit };
  const result = new Float64Array(layout.shape.reduce((product, each) => product * each, 1));
  if (result.length === 0) return floatArray(result, layout);
  const first = Math.max(0, wanted.start - before);
  const last = Math.min(length - 1, wanted.start + (wanted.count - 1) * wanted.step + after);
  const halo: AxisSelection = { dim, start: first, step: 1, count: last - first + 1, drop: false };
  const selection = indexSelection(axes.map((axis) => (axis === wanted ? halo : axis)));
  const values = (await source.read(selection, options)).toFloat64();
  const { outer, inner } = around(axes, dim);
  const cells = Int32Array.from({ length: inner }, (_, i) => i);
  for (let part = 0; part < outer; part++) {
    for (let number = 0; number < wanted.count; number++) {
      const step = wanted.start + number * wanted.step;
      const into = accumulator(reduce, inner);
      const to = Math.min(length - 1, step + after);
      for (let i = Math.max(0, step - before); i <= to; i++) {
        const from = (part * halo.count + i - first) * inner;
        into.row({ values, from, count: inner, base: 0, cells, weight: 1, weights: undefined });
      }
      const at = (part * wanted.count + number) * inner;
      for (let cell = 0; cell < inner; cell++) {
        const valid = into.valid[cell] as number;
        result[at + cell] = valid < minCount ? Number.NaN : into.value(cell) * description.scale;
      }
    }
    options.signal?.throwIfAborted();
  }
  return floatArray(result, layout);
}
