import type { Outcome, VariableOutcome } from "./outcome.ts";

/** How our reading of a file, or a variable, stands to the reference's. */
export type Verdict =
  | "equal"
  /** Both give values, and they are not the same. */
  | "differs"
  | "both refuse"
  | "we refuse"
  | "reference refuses"
  /** The reference died or hung; ours is a value or a code. */
  | "reference failed"
  /** Shown by one of them only: what hangs on a damaged name or link. */
  | "only ours"
  | "only reference's"
  /** No reference was asked. */
  | "alone"
  | "FAULT";

/** A verdict on a file as a whole, or on one variable. */
export interface Finding {
  readonly verdict: Verdict;
  readonly variable?: string;
  readonly ours?: string;
  readonly theirs?: string;
}

/** Judges a reading. @param theirs - `undefined` where no reference was asked. */
export function judge(ours: Outcome, theirs: Outcome | undefined): readonly Finding[] {
  if ("fault" in ours) return [{ verdict: "FAULT", ours: ours.fault }];
  const other = theirs ?? { variables: {} };
  if ("refused" in ours) {
    if (theirs === undefined) return [{ verdict: "alone", ours: ours.refused }];
    const verdict = "fault" in other ? "reference failed" : "refused" in other ? "both refuse" : "we refuse";
    return [{ verdict, ours: ours.refused }];
  }
  if ("fault" in other) return [{ verdict: "reference failed", theirs: other.fault }];
  if ("refused" in other) return [{ verdict: "reference refuses", theirs: other.refused }];
  const names = new Set([...Object.keys(ours.variables), ...Object.keys(other.variables)]);
  return [...names].map((variable) => ({
    variable,
    ...(theirs === undefined
      ? ({ verdict: "alone" } as const)
      : judgeVariable(ours.variables[variable], other.variables[variable])),
  }));
}

function judgeVariable(ours: VariableOutcome | undefined, theirs: VariableOutcome | undefined): Finding {
  if (ours === undefined) return { verdict: "only reference's" };
  if (theirs === undefined) return { verdict: "only ours" };
  if ("refused" in ours) return { verdict: "refused" in theirs ? "both refuse" : "we refuse", ours: ours.refused };
  if ("refused" in theirs) return { verdict: "reference refuses", theirs: theirs.refused };
  if (ours.values.some((value) => theirs.values.includes(value))) return { verdict: "equal" };
  return { verdict: "differs", ours: ours.values.join(" or "), theirs: theirs.values.join(" or ") };
}
