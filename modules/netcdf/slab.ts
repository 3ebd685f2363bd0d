import type { AxisSelection } from "../../core/index.ts";

/** What is read along one axis: indices `start`, `start + step`, …, `count` of them. */
export type Slab = readonly Pick<AxisSelection, "start" | "step" | "count">[];

/** Number of elements of a slab. */
export function slabSize(slab: Slab): number {
  return slab.reduce((product, { count }) => product * count, 1);
}
