import type { Attributes, Dataset } from "../dataset.ts";
import { NdArray } from "../nd-array.ts";
import type { Periods } from "../time/periods.ts";
import type { TimeAxis } from "../time/time-axis.ts";
import { computedAttributes } from "./reduced-attributes.ts";

/** A variable that is to be made of an array. */
export interface ArrayPart {
  readonly name: string;
  readonly array: NdArray;
  readonly attributes: Attributes;
}

/**
 * The time of each period, which is its start, with bounds: `time` and `time_bnds` of a result, `[period]` and `[period, 2]`.
 * Attributes of the time of the dataset are carried over.
 */
export function periodCoordinates(
  dataset: Dataset,
  axis: TimeAxis,
  { count, bounds }: Pick<Periods, "count" | "bounds">,
): readonly ArrayPart[] {
  const starts = Float64Array.from({ length: count }, (_, period) => bounds[2 * period] as number);
  return timeWithBounds(dataset, axis, { values: starts, bounds, attribute: "bounds" });
}

/** Times with cells, which `bounds` names, or `climatology`. */
export function timeWithBounds(
  dataset: Dataset,
  axis: TimeAxis,
  times: {
    readonly values: Float64Array;
    readonly bounds: Float64Array;
    readonly attribute: "bounds" | "climatology";
  },
): readonly ArrayPart[] {
  const { dim } = axis;
  const { values, bounds, attribute } = times;
  const source = dataset.variables[dim];
  const { bounds: _, climatology: __, ...kept } = source ? computedAttributes(source) : {};
  const name = attribute === "bounds" ? `${dim}_bnds` : "climatology_bounds";
  const { unit, calendar } = axis.time;
  const edges = new NdArray(bounds, { dtype: "float64", shape: [values.length, 2], dims: [dim, boundsDim(dataset)] });
  return [
    {
      name: dim,
      array: new NdArray(values, { dtype: "float64", shape: [values.length], dims: [dim], unit }),
      attributes: { standard_name: "time", axis: "T", ...kept, calendar, [attribute]: name },
    },
    { name, array: edges, attributes: {} },
  ];
}

/** `bnds`, or another name where the dataset has something longer of that name. */
function boundsDim({ dims }: Dataset): string {
  let name = "bnds";
  for (const taken = new Map(Object.entries(dims)); (taken.get(name)?.length ?? 2) !== 2; ) name += "_2";
  return name;
}
