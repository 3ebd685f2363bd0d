import type { Adaptable } from "../core/index.ts";
import type { DecideProgress, RecordedDecision } from "../modules/adaptation/index.ts";
import { decisionName, decisionText } from "../modules/adaptation/index.ts";
import type { CommandIo } from "./command.ts";
import { harmless } from "./harmless.ts";
import { formatNumber, formatTable } from "./table.ts";

/** Over which the rate is taken, ms. */
const RATE_MS = 5_000;
const MOST_CONDITIONS = 8;
/** Of conditions on the one line that is shown where there is no terminal. */
const MOST_IN_LINE = 3;

/** How far a decider is, drawn again and again: what it does, and conditions that are not where they began. */
export class AdaptationTable {
  readonly #adaptable: Adaptable;
  readonly #io: CommandIo;
  /** Standard errors of estimates that hold, by condition. */
  readonly #errors: Map<string, number> = new Map();
  readonly #counts: Map<string, number> = new Map();
  #last: RecordedDecision["decision"] | undefined;
  #samples: { readonly ms: number; readonly events: number }[] = [];

  constructor(adaptable: Adaptable, io: CommandIo) {
    this.#adaptable = adaptable;
    this.#io = io;
  }

  decided({ decision }: RecordedDecision): void {
    const name = decisionName(decision);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    this.#last = decision;
    if (decision.kind === "rolled-back") this.#errors.clear();
    if (decision.kind !== "accepted") return;
    for (const { condition, error } of decision.attribution.best?.moved ?? []) {
      if (error === null) this.#errors.delete(condition);
      else this.#errors.set(condition, error);
    }
  }

  /**
   * @param of - Events that there are to decide on, where that is known; time of the newest event that has come, where it is
   *   known to come.
   */
  draw(progress: DecideProgress, of: { readonly events?: number; readonly newestNs?: bigint | undefined }): void {
    const { events, phase, timeNs, nearest } = progress;
    const behind =
      of.newestNs === undefined ? [] : [`${Math.max(0, Number(of.newestNs - timeNs) / 1e9).toFixed(1)} s behind`];
    const details = [`${events} events`, `${this.#rate(events).toFixed(0)}/s`, ...behind];
    const moved = this.#moved(progress);
    const { redraws } = this.#io;
    const line = redraws ? details : [...details, movedText(moved)];
    const fraction = of.events === undefined ? undefined : events / of.events;
    const below = redraws
      ? [...this.#lines(moved), ...(nearest ? [nearestText(nearest)] : []), ...this.#decisionLines()]
      : [];
    this.#io.progress(fraction, phase, harmless(line.join("  ").trimEnd()), below.map(harmless));
  }

  #moved({ conditions, tracked = [] }: DecideProgress): readonly Moved[] {
    for (const { condition, error } of tracked) this.#errors.set(condition, error);
    return this.#adaptable.conditions.flatMap(({ name, unit, initial }, index) => {
      const value = conditions[index] as number;
      return value === initial ? [] : [{ name, unit, initial, value, error: this.#errors.get(name) ?? null }];
    });
  }

  #lines(moved: readonly Moved[]): readonly string[] {
    if (moved.length === 0) return ["conditions are where they began"];
    const table = formatTable({
      columns: [
        { name: "condition" },
        { name: "now", digits: 5 },
        { name: "± error", digits: 2 },
        { name: "began at", digits: 5 },
        { name: "unit" },
      ],
      rows: moved
        .slice(0, MOST_CONDITIONS)
        .map(({ name, unit, initial, value, error }) => [name, value, error, initial, unit === "1" ? "" : unit]),
    });
    const more = moved.length - MOST_CONDITIONS;
    return [...table.split("\n"), ...(more > 0 ? [`and ${more} more`] : [])];
  }

  #decisionLines(): readonly string[] {
    const last = this.#last;
    if (!last) return ["nothing is decided yet"];
    const counts = [...this.#counts].map(([name, count]) => `${count} ${name}`);
    return [`decided: ${counts.join(", ")}`, `last: ${decisionName(last)}, ${decisionText(last)}`];
  }

  #rate(events: number): number {
    const ms = performance.now();
    this.#samples.push({ ms, events });
    while ((this.#samples[1]?.ms ?? ms) < ms - RATE_MS) this.#samples.shift();
    const first = this.#samples[0];
    return first && ms > first.ms ? ((events - first.events) / (ms - first.ms)) * 1000 : 0;
  }
}

interface Moved {
  readonly name: string;
  readonly unit: string;
  readonly initial: number;
  readonly value: number;
  readonly error: number | null;
}

function movedText(moved: readonly Moved[]): string {
  const shown = moved.slice(0, MOST_IN_LINE).map(({ name, value, unit }) => {
    return `${name} ${formatNumber(value, 5)}${unit === "1" ? "" : ` ${unit}`}`;
  });
  const more = moved.length > MOST_IN_LINE ? ` and ${moved.length - MOST_IN_LINE} more` : "";
  return `${shown.join(", ")}${more}`;
}

function nearestText({ condition, direction, share }: NonNullable<DecideProgress["nearest"]>): string {
  const what =
    condition === null
      ? `events are described ${direction === "up" ? "worse" : "better"}`
      : `${condition} ${direction}`;
  return `nearest to an alarm: ${what}, ${Math.floor(share * 100)} % of the threshold`;
}
