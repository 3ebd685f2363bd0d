import type { BatchStatus, TaskRunCounts } from "../core/index.ts";
import { harmless } from "./harmless.ts";
import { formatTable } from "./table.ts";

/** Failed runs that are told one by one. */
const MOST_FAILURES = 5;

/** `12 succeeded, 3 running, 5 queued`: those that there are. */
export function countsText(counts: TaskRunCounts): string {
  const shown = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .reverse()
    .map(([state, count]) => `${count} ${state}`);
  return shown.join(", ");
}

/** `1 h 20 min` */
export function durationText(ms: number): string {
  const s = Math.round(ms / 1_000);
  if (s < 60) return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 60) return `${min} min`;
  const h = Math.floor(min / 60);
  return h < 24 ? `${h} h ${min % 60} min` : `${Math.floor(h / 24)} d ${h % 24} h`;
}

/** How far a batch is, on the line of its bar. */
export function progressDetails({ counts, elementsRunning, etaMs }: BatchStatus): string {
  const parts = [countsText(counts), `${elementsRunning} elements at work`];
  if (etaMs !== undefined) parts.push(`about ${durationText(etaMs)} left`);
  return parts.join("; ");
}

/** Counts of each stage. */
export function stagesTable({ stages }: BatchStatus): string {
  const states = Object.keys(stages[0]?.counts ?? {}) as (keyof TaskRunCounts)[];
  const used = states.filter((state) => stages.some(({ counts }) => counts[state] > 0));
  return formatTable({
    columns: [{ name: "stage" }, ...used.map((name) => ({ name })), { name: "of" }],
    rows: stages.map(({ stage, counts, runs }) => [stage, ...used.map((state) => counts[state]), runs.length]),
  });
}

/** The first of the runs that failed, with what they say of it. */
export function failureLines({ stages }: BatchStatus): readonly string[] {
  const failed = stages.flatMap(({ stage, runs }) =>
    runs.flatMap(({ state, reason, cause }, run) =>
      state === "failed" ? [`${stage}.${run}: ${reason ?? cause ?? "It failed without a reason."}`] : [],
    ),
  );
  const more = failed.length - MOST_FAILURES;
  return [...failed.slice(0, MOST_FAILURES).map(harmless), ...(more > 0 ? [`and ${more} more that failed`] : [])];
}

const BAR_WIDTH = 32;

/** The bar, counts, what failed and what somebody should know. */
export function statusText(status: BatchStatus): string {
  const { progress, name, etaMs, elementsRunning, problems, total, counts } = status;
  const filled = Math.floor(progress * BAR_WIDTH);
  const bar = `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)}`;
  const now = [
    `${counts.succeeded} of ${total} have a result`,
    ...(elementsRunning > 0 ? [`${elementsRunning} elements at work`] : []),
    ...(etaMs === undefined ? [] : [`about ${durationText(etaMs)} left`]),
  ];
  const failures = failureLines(status);
  return [
    `${name}  ${bar} ${Math.floor(progress * 100)} %  ${now.join("; ")}`,
    stagesTable(status),
    ...(failures.length > 0 ? ["", ...failures] : []),
    ...(problems.length > 0 ? ["", ...problems.map(harmless)] : []),
  ].join("\n");
}
