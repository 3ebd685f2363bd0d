import { EVENT_LIMITS } from "./event-limits.ts";

/** What is wrong with a shape; `undefined` when nothing is. */
export function shapeProblem(shape: readonly number[]): string | undefined {
  if (shape.length > EVENT_LIMITS.axes) return `has ${shape.length} axes; ${EVENT_LIMITS.axes} are the most`;
  let reach = 1;
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0)
      return `has a length of ${length}; an integer of 0 or more is needed`;
    // Lengths of 0 are left out here: beside one, all others could be anything.
    reach *= length === 0 ? 1 : length;
  }
  return reach > Number.MAX_SAFE_INTEGER ? `[${shape}] has more elements than can be` : undefined;
}

/** Elements of an array of that shape. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/** Counts the elements of an event's sparse tensors. */
export class SparseAllowance {
  #left = EVENT_LIMITS.sparseElements;

  /** Whether those of one more tensor may be made. */
  hasRoomFor(size: number): boolean {
    return size <= this.#left;
  }

  /** Counts those of one more. */
  take(size: number): void {
    this.#left -= size;
  }

  /** Counts those of one more, or says what is wrong. */
  problemOf(size: number): string | undefined {
    if (!this.hasRoomFor(size)) {
      return `makes ${size} elements of a sparse tensor; all of an event together may make ${EVENT_LIMITS.sparseElements}`;
    }
    this.take(size);
    return undefined;
  }
}
