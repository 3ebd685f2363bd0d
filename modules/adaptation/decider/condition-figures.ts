import type { AdaptableCondition, Figure, Series } from "../../../core/index.ts";
import type { Decision } from "../loop/decision.ts";
import type { ConditionsAt } from "./conditions-over-time.ts";
import { attributionOf } from "./decision-text.ts";
import type { TimeAxis } from "./time-axis.ts";

/** What figures of conditions are drawn from. */
export interface ConditionFigures {
  readonly conditions: readonly AdaptableCondition[];
  readonly decisions: readonly Decision[];
  /** What was true. */
  readonly truth: readonly ConditionsAt[];
  readonly time: TimeAxis;
}

/** What becomes of an estimate. */
const FATES = ["accepted", "refused", "proposed", "no explanation"] as const;
type Fate = (typeof FATES)[number];

interface Points {
  readonly x: number[];
  readonly y: number[];
  readonly yError: (number | null)[];
}

/** Names of the conditions that moved or were estimated, or were not always the same in truth. */
export function notableConditions({ conditions, decisions, truth }: ConditionFigures): readonly string[] {
  const names = new Set<string>();
  for (const decision of decisions) {
    for (const { condition } of attributionOf(decision)?.best?.moved ?? []) names.add(condition);
    decision.after.forEach((value, index) => {
      const name = conditions[index]?.name;
      if (name !== undefined && value !== decision.before[index]) names.add(name);
    });
  }
  const first = truth[0]?.conditions ?? {};
  for (const row of truth) {
    for (const [name, value] of Object.entries(row.conditions)) if (value !== first[name]) names.add(name);
  }
  return conditions.flatMap(({ name }) => (names.has(name) ? name : []));
}

/** A figure of each condition: what is true, what the twin was under, and estimates with what became of them. All have the same series. */
export function conditionFigures(drawn: ConditionFigures, names: readonly string[]): readonly Figure[] {
  const { conditions, time } = drawn;
  const figures = names.map((name) => {
    const { unit } = conditions.find((condition) => condition.name === name) as AdaptableCondition;
    const y = { label: name, ...(unit !== "1" && { unit }) };
    return { name, y, series: seriesOf(name, drawn) };
  });
  // The same colours for the same things, on all of the page.
  const used = new Set(figures.flatMap(({ series }) => series.filter(({ x }) => x.length > 0).map((one) => one.name)));
  return figures.map(({ name, y, series }): Figure => {
    return { kind: "figure", caption: name, x: time.axis, y, series: series.filter((one) => used.has(one.name)) };
  });
}

function seriesOf(name: string, drawn: ConditionFigures): readonly Series[] {
  const { conditions, decisions, truth, time } = drawn;
  const index = conditions.findIndex((condition) => condition.name === name);
  const estimates = estimatesOf(name, drawn);
  const marks = (isMarked: (decision: Decision) => boolean): Points => {
    const points: Points = { x: [], y: [], yError: [] };
    for (const decision of decisions.filter(isMarked)) {
      points.x.push(time.of(decision.timeNs));
      points.y.push(decision.after[index] as number);
    }
    return points;
  };
  const alarms = marks((decision) => decision.kind === "alarmed" && decision.alarm.condition === name);
  const back = marks(({ kind, before, after }) => kind === "rolled-back" && before[index] !== after[index]);
  return [
    { kind: "line", name: "twin", ...twinLine(index, drawn) },
    { kind: "line", name: "true", ...lineOf(truth, name, time) },
    ...FATES.map((fate): Series => ({ kind: "points", name: fateName(fate), ...estimates[fate] })),
    { kind: "points", name: "alarm", x: alarms.x, y: alarms.y },
    { kind: "points", name: "taken back", x: back.x, y: back.y },
  ];
}

function fateName(fate: Fate): string {
  return fate === "proposed" ? "estimate" : fate;
}

/** Where the condition was estimated to be, once for each attribution. */
function estimatesOf(name: string, { decisions, time }: ConditionFigures): Readonly<Record<Fate, Points>> {
  const points = Object.fromEntries(FATES.map((fate): [Fate, Points] => [fate, { x: [], y: [], yError: [] }]));
  decisions.forEach((decision, place) => {
    const fate = fateOf(decision, decisions[place + 1]);
    const moved = attributionOf(decision)?.best?.moved.find(({ condition }) => condition === name);
    if (!fate || !moved) return;
    points[fate]?.x.push(time.of(decision.timeNs));
    points[fate]?.y.push(moved.value);
    points[fate]?.yError.push(moved.error);
  });
  return points as Readonly<Record<Fate, Points>>;
}

/** What follows a proposal is its fate; then it has no point of its own. */
function fateOf(decision: Decision, next: Decision | undefined): Fate | undefined {
  if (decision.kind === "retraining-requested") return "no explanation";
  if (decision.kind === "refused" && decision.comparison === null) return "refused";
  if (decision.kind !== "proposed") return undefined;
  return next?.kind === "accepted" || next?.kind === "refused" ? next.kind : "proposed";
}

/** Steps where conditions were set, and from one to the next, with their errors, where they were tracked. */
function twinLine(index: number, { decisions, time }: ConditionFigures): Points {
  const rows: { at: number; value: number; error: number | null }[] = [];
  const first = decisions[0];
  if (first) rows.push({ at: 0, value: first.before[index] as number, error: null });
  for (const decision of decisions) {
    const [before, value] = [decision.before[index] as number, decision.after[index] as number];
    const tracked = "tracked" in decision ? decision.tracked.find((one) => one.index === index) : undefined;
    const at = time.of(decision.timeNs);
    if (tracked) rows.push({ at, value, error: tracked.error });
    else if (before !== value) rows.push({ at, value: before, error: null }, { at, value, error: null });
  }
  const last = rows.at(-1);
  if (last && last.at < time.end) rows.push({ ...last, at: time.end });
  return pointsOf(rows);
}

function lineOf(
  rows: readonly ConditionsAt[],
  name: string,
  time: TimeAxis,
): { readonly x: number[]; readonly y: number[] } {
  const known = rows.flatMap(({ timeNs, conditions }) => {
    const value = conditions[name];
    return value === undefined ? [] : [{ at: time.of(timeNs), value }];
  });
  return { x: known.map(({ at }) => at), y: known.map(({ value }) => value) };
}

function pointsOf(
  rows: readonly { readonly at: number; readonly value: number; readonly error: number | null }[],
): Points {
  return { x: rows.map(({ at }) => at), y: rows.map(({ value }) => value), yError: rows.map(({ error }) => error) };
}
