import type { Adaptable } from "../core/index.ts";
import {
  type Decided,
  decisionName,
  decisionText,
  outcomeText,
  type RecordedDecision,
} from "../modules/adaptation/index.ts";
import { type ReportChoice, writeReport } from "./adaptation-report.ts";
import type { CommandIo, Style } from "./command.ts";
import { harmless } from "./harmless.ts";

/** What has been decided, for whoever asked. */
export interface AdaptationTold {
  readonly decided: Decided;
  readonly adaptable: Adaptable;
  readonly folder: string;
  /** Of the twin. */
  readonly name: string;
  /** Whether more events could have come. */
  readonly isLive: boolean;
}

/** A line for each decision; with --json, all of it. */
export function tellDecision({ number, decision, outcome }: RecordedDecision, io: CommandIo): void {
  if (io.json) {
    io.printJson({ number, ...decision, ...(outcome !== undefined && { outcome }) });
    return;
  }
  const { kind, events } = decision;
  const name = decisionName(decision);
  const told = kind === "refused" ? `${name} (${decision.reason})` : name;
  const shown = COLOURS[kind]?.(told, io.style) ?? told;
  const done = outcomeText(outcome);
  const parts = [decisionText(decision), ...(done === null ? [] : [done])].filter((part) => part !== "");
  io.print(`${String(events).padStart(9)}  ${shown}: ${harmless(parts.join(": "))}`);
}

const COLOURS: Readonly<Record<string, (text: string, style: Style) => string>> = {
  accepted: (text, style) => style.green(text),
  "rolled-back": (text, style) => style.red(text),
  "retraining-requested": (text, style) => style.yellow(text),
};

/** Counters that are named in the summary, of each kind. */
const MOST_FAULTS = 4;

/** Counters that are not as the twin describes them, by name. */
function faultNames({ decided, adaptable }: Pick<AdaptationTold, "decided" | "adaptable">): {
  readonly silent: readonly string[];
  readonly noisy: readonly string[];
} {
  const { counters } = adaptable;
  const { silent = [], noisy = [] } = decided.faults ?? {};
  const nameOf = (counter: number): string => counters?.name(counter) ?? String(counter);
  return { silent: silent.map(nameOf), noisy: noisy.map(({ counter }) => nameOf(counter)) };
}

/** What came of it; and the report. */
export async function tellSummary(
  { decided, adaptable, folder, name, isLive }: AdaptationTold,
  choice: ReportChoice,
  io: CommandIo,
): Promise<void> {
  const { events, phase, conditions, decisions, digest } = decided;
  const count = (kind: string): number => decisions.filter(({ decision }) => decision.kind === kind).length;
  const moved = adaptable.conditions.flatMap(({ name, unit, initial }, index) => {
    const value = conditions[index] as number;
    return value === initial ? [] : [{ name, unit, value }];
  });
  const [accepted, rolledBack] = [count("accepted"), count("rolled-back")];
  const faults = faultNames({ decided, adaptable });
  if (io.json)
    io.printJson({ events, phase, moved, faults, decisions: decisions.length, accepted, rolledBack, digest, folder });
  io.print(
    `${events} events, ${decisions.length} decisions: ${accepted} accepted, ${rolledBack} taken back; now ${phase}`,
  );
  for (const { name, unit, value } of moved)
    io.print(`${name}: ${value.toPrecision(6)}${unit === "1" ? "" : ` ${unit}`}`);
  for (const [what, names] of Object.entries(faults)) {
    const left = names.length - MOST_FAULTS;
    if (names.length > 0)
      io.print(`${what}: ${harmless(names.slice(0, MOST_FAULTS).join(", "))}${left > 0 ? ` and ${left} more` : ""}`);
  }
  io.print(`decisions ${digest}`);
  if (isLive) {
    io.print(
      "The newest events may not be decided on yet (a window is complete when something comes behind it): they are kept, and the same " +
        "command goes on with them.",
    );
  }
  await writeReport({ decided, adaptable, name }, choice, io);
}
