import { InvalidArgumentError } from "../errors/invalid-argument.ts";
import { PackingImpossibleError } from "./errors.ts";

/**
 * How long an element should last [s], where its task runs are short. Starting one costs a batch system and a process some
 * seconds: a prolog, an environment, the engine, the twin. In five minutes that is a few per cent; and what is lost when a
 * node dies, or does not fit in front of a reservation, is small.
 */
const ELEMENT_S = 300;

/** By what {@link choosePacking} chooses. */
export interface PackingFacts {
  /** How many there are. */
  readonly taskRuns: number;
  /** Most elements of one array. */
  readonly arraySize: number;
  /** How long a task run lasts, where that was measured [s]. */
  readonly seconds?: number | undefined;
  /** Task runs of an element that were asked for. */
  readonly asked?: number | undefined;
}

/** How task runs are put into elements. */
export interface Packing {
  /** Task runs of an element; the last may have fewer. */
  readonly packing: number;
  readonly elements: number;
  /** Why, a sentence. */
  readonly reason: string;
}

/**
 * Chooses how many task runs an element does: what was asked for, or enough that there is room for all of them in one array,
 * and that an element of short runs lasts some minutes.
 *
 * @throws `TWIN_PACKING_IMPOSSIBLE` where that which was asked for needs more elements than an array may have;
 *   `TWIN_INVALID_ARGUMENT`
 */
export function choosePacking({ taskRuns, arraySize, seconds, asked }: PackingFacts): Packing {
  for (const [name, value] of Object.entries({ taskRuns, arraySize, ...(asked !== undefined && { asked }) })) {
    if (!(Number.isSafeInteger(value) && value >= 1)) {
      throw new InvalidArgumentError(`${name} is ${value}; it must be a whole number, 1 or more.`);
    }
  }
  if (seconds !== undefined && !(seconds >= 0)) {
    throw new InvalidArgumentError(`seconds is ${seconds}; it must be 0 or more.`);
  }
  const least = Math.ceil(taskRuns / arraySize);
  const chosen = (packing: number, reason: string): Packing => ({
    packing,
    elements: Math.ceil(taskRuns / packing),
    reason,
  });
  if (asked !== undefined) {
    if (asked >= least) return chosen(Math.min(asked, taskRuns), "It was asked for.");
    throw new PackingImpossibleError(
      `${taskRuns} task runs with ${asked} in each element need ${Math.ceil(taskRuns / asked)} elements, and one array may have ${arraySize} here. Put ${least} or more in each.`,
    );
  }
  const lasting = seconds === undefined ? 1 : Math.min(taskRuns, Math.floor(ELEMENT_S / Math.max(seconds, 1e-3)));
  if (lasting > least) {
    return chosen(
      lasting,
      `A task run takes ${shown(seconds as number)}; an element of them should last some minutes.`,
    );
  }
  if (least > 1) return chosen(least, `One array may have ${arraySize} elements here.`);
  const why =
    seconds === undefined
      ? "How long one takes is not known."
      : `A task run takes ${shown(seconds)}, long enough for an element of its own.`;
  return chosen(1, `There is room for an element of each task run. ${why}`);
}

/** Puts runs into elements, in their order; the last element may have fewer. */
export function pack(runs: readonly number[], packing: number): readonly (readonly number[])[] {
  if (!(Number.isSafeInteger(packing) && packing >= 1)) {
    throw new InvalidArgumentError(`packing is ${packing}; it must be a whole number, 1 or more.`);
  }
  return Array.from({ length: Math.ceil(runs.length / packing) }, (_, element) =>
    runs.slice(element * packing, (element + 1) * packing),
  );
}

function shown(seconds: number): string {
  return `${Number(seconds.toPrecision(2))} s`;
}
