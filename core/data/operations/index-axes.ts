import { indicesOf } from "../index-selection.ts";
import type { IndexSelection } from "../read-blocks.ts";
import type { AxisSelection } from "../resolve-selection.ts";

/** Resolved axes as a selection by index. */
export function indexSelection(axes: readonly AxisSelection[]): IndexSelection {
  return Object.fromEntries(axes.map((axis) => [axis.dim, indicesOf(axis)]));
}

/** How an array lies around one of its axes: `outer` parts of `count` indices of `inner` neighbours each. */
export function around(
  axes: readonly AxisSelection[],
  dim: string,
): { readonly outer: number; readonly inner: number } {
  const at = axes.findIndex((axis) => axis.dim === dim);
  const lengths = axes.map(({ count }) => count);
  const product = (numbers: readonly number[]): number => numbers.reduce((result, each) => result * each, 1);
  return { outer: product(lengths.slice(0, at)), inner: product(lengths.slice(at + 1)) };
}
