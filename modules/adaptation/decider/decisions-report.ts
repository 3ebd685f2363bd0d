import type {
  AdaptableCondition,
  Figure,
  JsonValue,
  ReportDocument,
  ReportSection,
  Table,
} from "../../../core/index.ts";
import { MOST_AXIS_NAMES } from "../../../core/index.ts";
import type { Attribution, Explanation } from "../loop/attribute.ts";
import type { Decision } from "../loop/decision.ts";
import { type ConditionFigures, conditionFigures, notableConditions } from "./condition-figures.ts";
import type { ConditionsAt } from "./conditions-over-time.ts";
import { attributionOf, decisionName, decisionText, valueText } from "./decision-text.ts";
import type { RecordedDecision } from "./decisions-journal.ts";
import { TimeAxis } from "./time-axis.ts";

/** What a report of decisions is made of. */
export interface DecisionsReportOptions {
  readonly title: string;
  /** Those of the twin. */
  readonly conditions: readonly AdaptableCondition[];
  readonly decisions: readonly RecordedDecision[];
  /** Time of the first event and of the last, nanoseconds since 1970. */
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** What was true, where that is known; conditions that the twin has not are left out. In the order of time. */
  readonly truth?: readonly ConditionsAt[] | undefined;
  /** Names of conditions that were tracked (option `track`): the page says that they moved between decisions, too. */
  readonly tracked?: readonly string[] | undefined;
  /** Facts for the foot of the page. */
  readonly provenance?: Readonly<Record<string, string>> | undefined;
}

/** A page with more is not read: the first are drawn, and the others named. */
const MOST_FIGURES = 16;
/** Changes whose causes are listed: the last. */
const MOST_ATTRIBUTIONS = 12;
/** Of the table of decisions. */
const MOST_ROWS = 500;
/** Rows of the timeline, from what is noticed to what is done. */
const TIMELINE = ["alarm", "dismissed", "refused", "accepted", "taken back", "retraining requested"];

/**
 * Tables and figures of what was decided: what was found, and what became of it; how conditions moved, beside the truth where it is
 * known; and for each change the causes that were tried, with what they explain and what that must be worth.
 */
export function decisionsReport(options: DecisionsReportOptions): ReportDocument {
  const { title, decisions: recorded, provenance, fromNs, toNs } = options;
  const decisions = recorded.map(({ decision }) => decision);
  const time = new TimeAxis(fromNs, toNs);
  const count = (kind: Decision["kind"]): number => decisions.filter((decision) => decision.kind === kind).length;
  const { conditions, truth = [] } = options;
  const drawn: ConditionFigures = { conditions, decisions, truth: within(truth, fromNs, toNs), time };
  return {
    title,
    summary:
      `${number(time.end)} ${time.unit} of events from ${isoOf(fromNs)} on. Alarms: ${count("alarmed")}; changes accepted: ` +
      `${count("accepted")}, refused: ${count("refused")}, taken back: ${count("rolled-back")}; retraining requested: ${count("retraining-requested")}.`,
    sections: [
      {
        title: "What happened",
        items: [...timeline(decisions, time), decisionsTable(recorded, time)],
      },
      conditionsSection(drawn, options.tracked ?? []),
      ...attributionSections(recorded, time),
    ],
    ...(provenance && { provenance }),
  };
}

function timeline(decisions: readonly Decision[], time: TimeAxis): readonly Figure[] {
  const told = decisions.filter(({ kind }) => !["referred", "counters-referred", "proposed", "tracked"].includes(kind));
  if (told.length === 0) return [];
  const others = told.map(decisionName).filter((name) => !TIMELINE.includes(name));
  const names = [...TIMELINE, ...new Set(others)].filter((name) => told.some((one) => decisionName(one) === name));
  const shown = names.slice(0, MOST_AXIS_NAMES);
  const marks = told.filter((one) => shown.includes(decisionName(one)));
  const { label, unit, min, max } = time.axis;
  return [
    {
      kind: "figure",
      caption: "Decisions over event time.",
      x: { label: "decision", names: shown },
      y: { label, unit: unit as string, min: min as number, max: max as number },
      series: [
        {
          kind: "points",
          name: "when it was decided",
          x: marks.map((one) => shown.indexOf(decisionName(one))),
          y: marks.map(({ timeNs }) => time.of(timeNs)),
        },
      ],
    },
  ];
}

function decisionsTable(recorded: readonly RecordedDecision[], time: TimeAxis): Table {
  const decisions = recorded.filter(({ decision }) => decision.kind !== "tracked");
  const tracked = recorded.length - decisions.length;
  const shown = decisions.slice(-MOST_ROWS);
  const notes = [
    ...(tracked > 0 ? [` ${tracked} moves of tracked conditions are drawn below.`] : []),
    ...(shown.length < decisions.length ? [` The last ${MOST_ROWS} of ${decisions.length}.`] : []),
  ];
  return {
    kind: "table",
    caption: `What was decided. Times are those of events.${notes.join("")}`,
    columns: [
      { name: "time", unit: time.unit, digits: 5 },
      { name: "events" },
      { name: "decision" },
      { name: "what" },
      { name: "better by", unit: "standard errors", digits: 3 },
      { name: "done" },
    ],
    rows: shown.map(({ decision, outcome }) => [
      time.of(decision.timeNs),
      decision.events,
      decision.kind === "refused" ? `refused: ${decision.reason}` : decisionName(decision),
      decisionText(decision),
      "comparison" in decision && decision.comparison
        ? decision.comparison.meanDifference / decision.comparison.error
        : null,
      outcomeText(outcome),
    ]),
  };
}

/** What was done about a decision: the version that was sealed, or the plan; null where nothing was, or nothing that is known here. */
export function outcomeText(outcome: JsonValue | undefined): string | null {
  const { name, plan, file } = (outcome ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof name === "string") return name;
  return plan !== undefined && typeof file === "string" ? `plan ${file}` : null;
}

function conditionsSection(drawn: ConditionFigures, tracked: readonly string[]): ReportSection {
  const names = notableConditions(drawn);
  const shown = names.slice(0, MOST_FIGURES);
  const hasTruth = drawn.truth.length > 0;
  const rest = names.slice(MOST_FIGURES);
  return {
    title: "Conditions",
    text:
      names.length === 0
        ? "No condition moved."
        : `${hasTruth ? "Lines are what the twin was under, and what was true" : "The line is what the twin was under"}; points are estimates, ` +
          "with their standard errors, when they were found, by what became of them." +
          (tracked.length > 0
            ? ` Tracked between decisions, and drawn where they had moved by what is worth a version: ${tracked.join(", ")}.`
            : "") +
          (rest.length > 0 ? ` Not drawn: ${rest.join(", ")}.` : ""),
    items: conditionFigures(drawn, shown),
  };
}

/** For each change that was looked into, the causes that were tried. */
function attributionSections(decisions: readonly RecordedDecision[], time: TimeAxis): readonly ReportSection[] {
  // A proposal tells what its acceptance or refusal tells again.
  const looked = decisions.flatMap(({ decision }) => {
    const attribution = attributionOf(decision);
    const isFirst = decision.kind !== "accepted" && decision.kind !== "rolled-back" && !isProven(decision);
    return attribution && isFirst ? [{ decision, attribution }] : [];
  });
  if (looked.length === 0) return [];
  const shown = looked.slice(-MOST_ATTRIBUTIONS);
  const left = looked.length > shown.length ? ` The last ${shown.length} of ${looked.length} changes are shown.` : "";
  return [
    {
      title: "Why",
      text:
        "Each cause by itself, and those that may join, was fitted to the events after the alarm. It is worth something where the " +
        `deviance falls by more than its price; the one that is worth most is the explanation.${left}`,
      items: shown.map(({ decision, attribution }) => attributionTable(decision, attribution, time)),
    },
  ];
}

function isProven(decision: Decision): boolean {
  return decision.kind === "refused" && decision.comparison !== null;
}

function attributionTable(decision: Decision, { events, best, left, tried }: Attribution, time: TimeAxis): Table {
  const { scores, deviance } = left;
  const inDeviance = deviance === null ? "" : `; of deviances p = ${deviance.probability.toPrecision(2)}`;
  return {
    kind: "table",
    caption:
      `${number(time.of(decision.timeNs))} ${time.unit}, ${decisionName(decision)}: ${best ? best.causes.join(" with ") : "no cause is worth its price"}. ` +
      `${events} events. What is left, of scores: χ² = ${scores.chiSquare.toPrecision(3)} for ${scores.degreesOfFreedom} conditions, ` +
      `p = ${scores.probability.toPrecision(2)}${inDeviance}.`,
    columns: [
      { name: "cause" },
      { name: "rung" },
      { name: "would be" },
      { name: "deviance falls by" },
      { name: "price" },
      { name: "worth" },
    ],
    rows: [...tried].sort((a, b) => worth(b) - worth(a)).map(explanationRow),
  };
}

function explanationRow(tried: Explanation): readonly (string | number | null)[] {
  const { causes, rung, moved, reduction, price, atBounds } = tried;
  const values = moved.map(({ value, error, condition }) => {
    return `${moved.length > 1 ? `${condition} ` : ""}${valueText(value, error)}`;
  });
  const bounds = atBounds.length > 0 ? ", at its bound" : "";
  // Less than 1 is noise, so whole numbers tell all.
  const numbers = [reduction, price, worth(tried)].map(Math.round);
  return [causes.join(" with "), rung, `${values.join(", ")}${bounds}`, ...numbers];
}

function worth({ reduction, price }: Explanation): number {
  return reduction - price;
}

/** The times of the report; what holds before its first and its last time is at these. */
function within(rows: readonly ConditionsAt[], fromNs: bigint, toNs: bigint): readonly ConditionsAt[] {
  const first = rows.findLast(({ timeNs }) => BigInt(timeNs) <= fromNs);
  const between = rows.filter(({ timeNs }) => BigInt(timeNs) > fromNs && BigInt(timeNs) <= toNs);
  const isLonger = rows.some(({ timeNs }) => BigInt(timeNs) > toNs);
  const last = isLonger ? (between.at(-1) ?? first) : undefined;
  return [
    ...(first ? [{ ...first, timeNs: String(fromNs) }] : []),
    ...between,
    ...(last ? [{ ...last, timeNs: String(toNs) }] : []),
  ];
}

function isoOf(timeNs: bigint): string {
  return new Date(Number(timeNs / 1_000_000n)).toISOString();
}

function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
