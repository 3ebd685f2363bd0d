import { type Slab, slabSize } from "../slab.ts";
import type { ClassicLayout } from "./layout.ts";

/** Elements of an axis: so many, so many bytes apart. */
export interface Steps {
  readonly stride: number;
  readonly count: number;
}

/** How a slab is read: stretches of the file, each of which gives the next elements of the result. */
export interface ReadPlan {
  /** Position of the first element. */
  readonly begin: number;
  /** Axes along which every position is read by itself, outer ones first. */
  readonly outer: readonly Steps[];
  /** Axis of which `perRead` positions are read at a time. */
  readonly blocks: Steps & { readonly perRead: number };
  /** Axes that are picked out of what one read gives. */
  readonly picked: readonly Steps[];
  /** Bytes that follow each other in the file and in the result. */
  readonly run: number;
  /** Bytes from the first to the last picked out of one position of {@link blocks}. */
  readonly span: number;
  /** End of the last byte that is needed. */
  readonly end: number;
}

/** Gaps up to this are read along: a call costs more than so many bytes from a file in memory. */
const MAX_GAP = 16 * 1024;
/** Bytes of one read, for which memory is taken beside the result. */
const MAX_SPAN = 4 * 2 ** 20;

/** Runs of so many bytes are worth a read of their own, straight into the result. */
const LONG_RUN = 256 * 1024;

/** Plans to read no more than a slab, but for small gaps in it. */
export function planReads(layout: ClassicLayout, slab: Slab): ReadPlan {
  const begin = slab.reduce((at, { start }, axis) => at + start * (layout.strides[axis] as number), layout.begin);
  const axes = slab
    .map(({ step, count }, axis) => ({ stride: step * (layout.strides[axis] as number), count }))
    .filter(({ count }) => count !== 1);
  // Of a file without records the first would begin beyond the end.
  const end =
    slabSize(slab) === 0
      ? 0
      : axes.reduce((at, { stride, count }) => at + (count - 1) * stride, begin + layout.elementBytes);

  let run = layout.elementBytes;
  while (axes.at(-1)?.stride === run) run *= (axes.pop() as Steps).count;

  const picked: Steps[] = [];
  let span = run;
  let blocks = { stride: 0, count: 1, perRead: 1 };
  for (let axis = axes.at(-1); axis !== undefined; axis = axes.at(-1)) {
    const isLong = picked.length === 0 && run >= LONG_RUN;
    if (isLong || axis.stride - span > MAX_GAP || span >= MAX_SPAN) break;
    axes.pop();
    const whole = (axis.count - 1) * axis.stride + span;
    if (whole > MAX_SPAN) {
      blocks = { ...axis, perRead: 1 + Math.floor((MAX_SPAN - span) / axis.stride) };
      break;
    }
    picked.unshift(axis);
    span = whole;
  }
  return { begin, outer: axes, blocks, picked, run, span, end };
}
