import type { ElementState, ElementStatus } from "../../contracts/executor.ts";
import type { KnownSubmission } from "./batch-state.ts";

const WAITING: ReadonlySet<ElementState> = new Set(["queued", "preempted"]);

/** Why every job waits sooner or later, in the words of Slurm: it passes by itself. */
const PASSING: ReadonlySet<string> = new Set([
  "Priority",
  "Resources",
  "Dependency",
  "BeginTime",
  "Cleaning",
  "Prolog",
  "JobArrayTaskLimit",
]);

/** Slurm appends what it is about: `ReqNodeNotAvail, UnavailableNodes:n[1-4]`, `launch failed requeued held`. */
const isPassing = (reason: string): boolean => reason === "None" || PASSING.has(reason.replace(/[\s,(].*$/, ""));

/**
 * What holds elements of an array that wait, other than their turn: somebody may have to act.
 *
 * @returns A sentence; `undefined` where nothing does.
 */
export function heldWords(
  { stage, ids, elements }: Pick<KnownSubmission, "stage" | "ids" | "elements">,
  statuses: readonly ElementStatus[],
): string | undefined {
  const counts = new Map<string, number>();
  for (const { state, reason = "" } of statuses) {
    if (!WAITING.has(state) || reason === "" || isPassing(reason)) continue;
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const reasons = [...counts].map(([reason, count]) => `${count} for ${JSON.stringify(reason)}`);
  return (
    `Elements of the array ${ids.join(", ")} of stage "${stage}" wait, and not for their turn: of ${elements.length}, ` +
    `${reasons.join(", ")}. Somebody may have to act: change what is asked for, release it, or ask who runs the cluster.`
  );
}
