import type { ElementState, ElementStatus } from "../../contracts/executor.ts";
import type { KnownSubmission } from "./batch-state.ts";

/** Of several arrays under one token, the state of an element is the first of these that one of them has. */
const BEFORE: readonly ElementState[] = [
  "running",
  "preparing",
  "preempted",
  "queued",
  "unknown",
  "failed",
  "canceled",
  "succeeded",
];

/**
 * How the elements of a submission are, `[element]`. Where the executor took it twice, an element is the one that came
 * first: its witness says which.
 *
 * @param answers - What the executor says, by its id of the array.
 * @param workers - Ids of those that work, by element, as far as witnesses tell.
 */
export function elementStatuses(
  { elements, ids }: Pick<KnownSubmission, "elements" | "ids">,
  answers: ReadonlyMap<string, readonly ElementStatus[]>,
  workers: ReadonlyMap<number, string>,
): readonly ElementStatus[] {
  return elements.map((_, element) => {
    const heard = (id: string): ElementStatus => {
      const answer = answers.get(id);
      const status = answer?.[element];
      const own = status?.element === element ? status : answer?.find((each) => each.element === element);
      return own ?? { element, state: "unknown" };
    };
    const worker = workers.get(element);
    if (worker !== undefined && ids.includes(worker)) return heard(worker);
    const all = ids.map(heard).sort((a, b) => BEFORE.indexOf(a.state) - BEFORE.indexOf(b.state));
    return all[0] ?? { element, state: "unknown" };
  });
}
