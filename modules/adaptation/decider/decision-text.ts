import type { CounterFinding } from "../counters/counter-decision.ts";
import type { Attribution } from "../loop/attribute.ts";
import type { Decision } from "../loop/decision.ts";

const NAMES: Readonly<Record<string, string>> = {
  referred: "reference",
  alarmed: "alarm",
  dismissed: "dismissed",
  proposed: "proposed",
  refused: "refused",
  tracked: "tracked",
  accepted: "accepted",
  "rolled-back": "taken back",
  "retraining-requested": "retraining requested",
  "counters-referred": "counters: reference",
  "counters-alarmed": "counters: alarm",
  "counters-dismissed": "counters: dismissed",
  "counters-accepted": "counters: accepted",
};

/** Counters that are named in a line. */
const MOST_COUNTERS = 4;

/** What a decision is called where people read it. */
export function decisionName({ kind }: Pick<Decision, "kind">): string {
  return NAMES[kind] ?? kind;
}

/** Of decisions that have one. */
export function attributionOf(decision: Decision): Attribution | undefined {
  return "attribution" in decision ? decision.attribution : undefined;
}

/** What a decision is about, in a line. */
export function decisionText(decision: Decision): string {
  if (decision.kind === "referred") {
    return decision.blind.length === 0 ? "what is normal is known" : `not watched: ${decision.blind.join(", ")}`;
  }
  if (decision.kind === "alarmed") {
    const { condition, direction, changedAt } = decision.alarm;
    const what =
      condition === null
        ? `events are described ${direction === "up" ? "worse" : "better"}`
        : `${condition} ${direction}`;
    return `${what}, since event ${changedAt}`;
  }
  if (decision.kind === "counters-referred") {
    const { blindToSilence, blindToNoise } = decision;
    return `not seen to fall silent: ${blindToSilence.length}, to be noisy: ${blindToNoise.length}`;
  }
  if (decision.kind === "tracked") {
    return decision.tracked.map(({ condition, value, error }) => `${condition} ${valueText(value, error)}`).join(", ");
  }
  if ("findings" in decision) return findingsText(decision.findings);
  const attribution = attributionOf(decision);
  if (!attribution) return "";
  const { verdict, best } = attribution;
  if (verdict === "unexplained") {
    return `nothing that may be adapted explains it${best ? `, least badly ${best.causes.join(", ")}` : ""}`;
  }
  if (!best) return "nothing has changed";
  return best.moved.map(({ condition, value, error }) => `${condition} ${valueText(value, error)}`).join(", ");
}

function findingsText(findings: readonly CounterFinding[]): string {
  const shown = findings.slice(0, MOST_COUNTERS).map(({ name, to }) => `${name} ${to}`);
  const left = findings.length - shown.length;
  return `${shown.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

/** A value with so many digits as its standard error leaves: `1.0556 ± 0.0046`. */
export function valueText(value: number, error: number | null): string {
  if (error === null || !(error > 0)) return value.toPrecision(5);
  const digits = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${value.toFixed(digits)} ± ${error.toFixed(digits)}`;
}
