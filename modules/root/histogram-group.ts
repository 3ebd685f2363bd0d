import { type Attributes, type Dataset, type DType, NdArray, type Variable } from "../../core/index.ts";
import { LazyVariable } from "./lazy-variable.ts";
import type { OpenRootFile } from "./open-root-file.ts";
import type { HistogramArrays, RawAxis, RawHistogram } from "./worker/protocol.ts";

/**
 * A histogram as a group: `values` and `variances` on the axes `x`, `y`, `z`, whose coordinates are the centres of the bins
 * with their edges as CF bounds; the same with under- and overflow as `values_flow` and `variances_flow`; names of bins as
 * `x_labels`. A profile has the means as `values`, and the sums they are made of.
 */
export function histogramGroup(file: OpenRootFile, histogram: RawHistogram, path: string): Dataset {
  const { axes, name, dtype, isProfile } = histogram;
  const coordinates = new Map(axes.map((axis) => [axis.name, centresOf(axis)]));
  const variables = new Map<string, Variable>();
  const add = (variable: Variable): void => void variables.set(variable.name, variable);
  const inMemory = (variable: string, array: NdArray, attributes: Attributes = {}): void => {
    const { dtype: own, shape, dims } = array;
    const load = async ({ signal }: { readonly signal?: AbortSignal | undefined }): Promise<NdArray> => {
      file.check();
      signal?.throwIfAborted();
      return array;
    };
    const coordinateOf = (dim: string): NdArray | undefined => coordinates.get(dim);
    add(
      new LazyVariable({
        name: variable,
        path: `${path}/${variable}`,
        dtype: own,
        shape,
        dims,
        attributes,
        load,
        coordinateOf,
      }),
    );
  };

  for (const axis of axes) {
    const title = axis.title === "" ? {} : { long_name: axis.title };
    inMemory(axis.name, coordinates.get(axis.name) as NdArray, { ...title, bounds: `${axis.name}_bounds` });
    inMemory(`${axis.name}_bounds`, boundsOf(axis));
    if (axis.labels) {
      inMemory(
        `${axis.name}_labels`,
        new NdArray([...axis.labels], { dtype: "string", shape: [axis.labels.length], dims: [axis.name] }),
      );
    }
  }

  const parts: readonly (readonly [string, DType])[] = isProfile
    ? [
        ["values", dtype],
        ["sums", dtype],
        ["sum_squares", "float64"],
        ["bin_entries", "float64"],
      ]
    : [
        ["values", dtype],
        ["variances", "float64"],
      ];
  const bins = axes.map(({ edges }) => edges.length - 1);
  const stored = (part: string, own: DType, withFlow: boolean): void => {
    const variable = withFlow ? `${part}_flow` : part;
    add(
      new LazyVariable({
        name: variable,
        path: `${path}/${variable}`,
        dtype: own,
        shape: withFlow ? bins.map((count) => count + 2) : bins,
        dims: axes.map((axis) => (withFlow ? `${axis.name}_flow` : axis.name)),
        attributes: withFlow ? { comment: "the first and the last of each axis are under- and overflow" } : {},
        storage: { typeNote: histogram.key.className },
        coordinateOf: (dim) => coordinates.get(dim),
        load: async (options) =>
          flowArray(file, await arraysOf(file, histogram, path, options), { part, dtype: own, axes, withFlow, path }),
      }),
    );
  };
  for (const [part, own] of parts) stored(part, own, false);
  for (const [part, own] of parts) stored(part, own, true);

  const dims = axes.flatMap((axis, number) => {
    const length = bins[number] as number;
    return [
      [axis.name, { length, unlimited: false }],
      [`${axis.name}_flow`, { length: length + 2, unlimited: false }],
    ] as const;
  });
  return {
    name,
    dims: Object.fromEntries([...dims, ["bounds", { length: 2, unlimited: false }]]),
    variables: Object.fromEntries(variables),
    coordinates: axes.map((axis) => axis.name),
    attributes: { root_class: histogram.key.className, title: histogram.title, entries: histogram.entries },
    groups: {},
  };
}

async function arraysOf(
  file: OpenRootFile,
  { key }: RawHistogram,
  path: string,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<HistogramArrays> {
  options.signal?.throwIfAborted();
  file.check();
  const cacheKey = `${file.prefix}${path}`;
  const known = file.cache.get(cacheKey) as HistogramArrays | undefined;
  if (known) return known;
  const arrays = await file.histogram(key, path, options);
  file.cache.set(cacheKey, arrays);
  return arrays;
}

/** ROOT's first axis runs fastest; ours is the last. */
function flowArray(
  file: OpenRootFile,
  arrays: HistogramArrays,
  about: {
    readonly part: string;
    readonly dtype: DType;
    readonly axes: readonly RawAxis[];
    readonly withFlow: boolean;
    readonly path: string;
  },
): NdArray {
  const { part, dtype, axes, withFlow, path } = about;
  const data = arrays[part];
  if (data === undefined) file.fail(`"${path}" has no ${part}`);
  const dims = axes.map((axis) => (withFlow ? `${axis.name}_flow` : axis.name));
  const shape = axes.map(({ edges }) => edges.length + 1);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, length) => product * length, 1));
  const whole = new NdArray(data as NdArray["data"], { dtype, shape, dims, strides });
  const inner = withFlow ? whole : whole.slice(Object.fromEntries(dims.map((dim) => [dim, { start: 1, stop: -1 }])));
  return inner;
}

function centresOf({ edges, name }: RawAxis): NdArray {
  const centres = new Float64Array(edges.length - 1);
  for (let i = 0; i < centres.length; i++) centres[i] = ((edges[i] as number) + (edges[i + 1] as number)) / 2;
  return new NdArray(centres, { dtype: "float64", shape: [centres.length], dims: [name] });
}

/** Lower and upper edge of each bin. */
function boundsOf({ edges, name }: RawAxis): NdArray {
  const shape = [edges.length - 1, 2];
  return new NdArray(edges, { dtype: "float64", shape, dims: [name, "bounds"], strides: [1, 1] }).contiguous();
}
