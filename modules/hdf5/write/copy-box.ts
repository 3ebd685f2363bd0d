/** A row-major block of elements and where it lies in its dataset. */
export interface Box {
  readonly bytes: Buffer;
  readonly shape: readonly number[];
  readonly origin: readonly number[];
}

/** Copies what two boxes share. @returns The number of elements. */
export function copyBox(source: Box, target: Box, elementBytes: number): number {
  const rank = source.shape.length;
  const low = source.origin.map((from, axis) => Math.max(from, target.origin[axis] as number));
  const counts = low.map((from, axis) => {
    const end = Math.min(
      (source.origin[axis] as number) + (source.shape[axis] as number),
      (target.origin[axis] as number) + (target.shape[axis] as number),
    );
    return end - from;
  });
  const run = (counts[rank - 1] ?? 1) * elementBytes;
  const visit = (axis: number, from: number, to: number): void => {
    const position = (box: Box, at: number): number =>
      at * (box.shape[axis] as number) + (low[axis] as number) - (box.origin[axis] as number);
    if (axis === rank - 1) {
      const start = position(source, from) * elementBytes;
      source.bytes.copy(target.bytes, position(target, to) * elementBytes, start, start + run);
      return;
    }
    for (let i = 0; i < (counts[axis] as number); i++) {
      visit(axis + 1, position(source, from) + i, position(target, to) + i);
    }
  };
  visit(0, 0, 0);
  return counts.reduce((product, count) => product * count, 1);
}

/** Elements that follow each other both in a block and in the dataset that the block is part of. */
export interface Stretch {
  /** Index in the block. */
  readonly from: number;
  /** Index in the dataset. */
  readonly to: number;
  readonly length: number;
}

/** The stretches of a block that starts at `start` of a dataset of shape `whole`. */
export function* innerStretch(
  shape: readonly number[],
  whole: readonly number[],
  start: readonly number[],
): Generator<Stretch> {
  // Trailing axes that are whole make longer stretches.
  let cut = shape.length - 1;
  while (cut > 0 && shape[cut] === whole[cut]) cut--;
  const length = shape.slice(Math.max(0, cut)).reduce((product, count) => product * count, 1);
  const total = shape.reduce((product, count) => product * count, 1);
  for (let from = 0; from < total; from += length) {
    let rest = from;
    let to = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const position = rest % (shape[axis] as number);
      rest = Math.floor(rest / (shape[axis] as number));
      to += (position + (start[axis] as number)) * stride;
      stride *= whole[axis] as number;
    }
    yield { from, to, length };
  }
}
