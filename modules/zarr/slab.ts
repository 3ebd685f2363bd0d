import { type AxisSelection, type DataOf, type DType, lineCopier } from "../../core/index.ts";

/** What is wanted along each axis: `count` indices `start`, `start + step`, …. */
export type Slab = readonly Pick<AxisSelection, "start" | "step" | "count">[];

/** The places of the grid that a slab touches, row-major. */
export function* touchedChunks(slab: Slab, chunkShape: readonly number[]): Generator<readonly number[]> {
  if (slab.some(({ count }) => count === 0)) return;
  const index = slab.map(({ start }, axis) => Math.floor(start / (chunkShape[axis] as number)));
  for (;;) {
    yield [...index];
    let axis = slab.length - 1;
    for (; axis >= 0; axis--) {
      const following = nextPlace(slab[axis] as Slab[number], chunkShape[axis] as number, index[axis] as number);
      if (following !== undefined) {
        index[axis] = following;
        break;
      }
      index[axis] = Math.floor((slab[axis] as Slab[number]).start / (chunkShape[axis] as number));
    }
    if (axis < 0) return;
  }
}

/** The next place along an axis that holds a wanted index. */
function nextPlace({ start, step, count }: Slab[number], length: number, place: number): number | undefined {
  const wanted = Math.ceil(((place + 1) * length - start) / step);
  return wanted < count ? Math.floor((start + wanted * step) / length) : undefined;
}

/** How many chunks a slab touches. */
export function countTouched(slab: Slab, chunkShape: readonly number[]): number {
  return slab.reduce((product, { start, step, count }, axis) => {
    const length = chunkShape[axis] as number;
    if (count === 0) return 0;
    if (step > length) return product * count;
    return product * (Math.floor((start + (count - 1) * step) / length) - Math.floor(start / length) + 1);
  }, 1);
}

/** The part of one axis that a chunk has of a slab. */
interface Part {
  /** Place of the first in the result, and how many. */
  readonly to: number;
  readonly count: number;
  /** Place of the first in the chunk, and how far apart. */
  readonly from: number;
  readonly step: number;
}

/** What a chunk has of a slab, per axis. */
export function partsOf(slab: Slab, chunkShape: readonly number[], index: readonly number[]): readonly Part[] {
  return slab.map(({ start, step, count }, axis) => {
    const length = chunkShape[axis] as number;
    const origin = (index[axis] as number) * length;
    const to = Math.max(0, Math.ceil((origin - start) / step));
    const end = Math.min(count, Math.ceil((origin + length - start) / step));
    return { to, count: end - to, from: start + to * step - origin, step };
  });
}

/** Copies a chunk's part of a slab into the result. */
export function copyPart(
  target: DataOf<DType>,
  slab: Slab,
  chunk: { readonly data: DataOf<DType>; readonly shape: readonly number[]; readonly parts: readonly Part[] },
): void {
  const { data, shape, parts } = chunk;
  const copyLine = lineCopier(data, target);
  const last = parts.length - 1;
  const visit = (axis: number, to: number, from: number): void => {
    const part = parts[axis];
    if (part === undefined) {
      copyLine({ start: from, stride: 1, at: to, length: 1 });
      return;
    }
    const at = to * (slab[axis] as Slab[number]).count + part.to;
    const start = from * (shape[axis] as number) + part.from;
    if (axis === last) copyLine({ start, stride: part.step, at, length: part.count });
    else for (let i = 0; i < part.count; i++) visit(axis + 1, at + i, start + i * part.step);
  };
  visit(0, 0, 0);
}
