import type { StageDocument } from "../batch-document.ts";
import type { BatchState } from "./batch-state.ts";
import { isFinal } from "./states.ts";

/** Whether what a run needs of other stages is there, or of which stage it will not be made unless that is tried again. */
export function inputsOf(
  { inputs }: Pick<StageDocument, "inputs">,
  run: number,
  state: BatchState,
): "ready" | "waiting" | { readonly lostIn: string } {
  let answer: "ready" | "waiting" = "ready";
  for (const input of Object.values(inputs)) {
    if (!("stage" in input)) continue;
    const needed = state.runs(input.stage)[run];
    if (needed?.state === "succeeded") continue;
    if (!needed || isFinal(needed.state)) return { lostIn: input.stage };
    answer = "waiting";
  }
  return answer;
}
