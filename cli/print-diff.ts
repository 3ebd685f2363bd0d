import { type DiffSection, type JsonValue, type MetricRow, type VersionDiff, versionName } from "../core/index.ts";
import type { CommandIo } from "./command.ts";
import { formatTable } from "./table.ts";
import { shortDigest } from "./version-text.ts";

/** Sections in the order of what people ask first. */
const SECTIONS: readonly DiffSection[] = [
  "parts",
  "options",
  "wiring",
  "plans",
  "tolerances",
  "models",
  "data",
  "code",
  "packages",
  "environment",
  "parents",
  "annotations",
];
const LONGEST = 72;
/** Those that differ most, relative to their size. */
const MOST_METRICS = 20;

/** Rows of one section, for a table: what, and its value in either version. */
export type DiffRow = readonly [what: string, a: string | null, b: string | null];

/** The sections of a comparison that hold something. */
export function diffRows({
  changes,
  ...compared
}: VersionDiff): readonly { section: DiffSection; rows: readonly DiffRow[] }[] {
  return SECTIONS.map((section) => {
    const rows = changes[section].map(({ part, path, a, b }): DiffRow => {
      const parent = [compared.a, compared.b].find(({ digest }) => digest === path);
      const name = parent === undefined ? shortDigest(path) : versionName(parent);
      const what = section === "parents" ? name : [part, path].filter(Boolean).join(".");
      return [what, shown(a), shown(b)];
    });
    return { section, rows };
  }).filter(({ rows }) => rows.length > 0);
}

/** What a metric is of, and its name. */
export function metricName({ source, part, metric }: MetricRow): string {
  return `${part ?? source}: ${metric}`;
}

/** Prints a comparison for people. */
export function printDiff(diff: VersionDiff, io: Pick<CommandIo, "print" | "style">): void {
  const [a, b] = [diff.a, diff.b].map((version) => versionName(version)) as [string, string];
  const sections = diffRows(diff);
  if (sections.length === 0) io.print(`${a} and ${b} have the same content.`);
  for (const [index, { section, rows }] of sections.entries()) {
    io.print(`${index > 0 ? "\n" : ""}${io.style.bold(section)}`);
    io.print(formatTable({ columns: [{ name: "what" }, { name: a }, { name: b }], rows }));
  }
  printMetrics(diff.metrics, [a, b], io);
}

function printMetrics(
  metrics: readonly MetricRow[],
  [a, b]: readonly [string, string],
  io: Pick<CommandIo, "print" | "style">,
): void {
  const both = metrics.filter((row) => row.a !== null && row.b !== null);
  const differing = differingMetrics(metrics);
  if (differing.length > 0) {
    io.print(`\n${io.style.bold("metrics")}`);
    const columns = [{ name: "metric" }, { name: a }, { name: b }, { name: "b - a" }];
    const rows = differing.slice(0, MOST_METRICS).map((row) => [metricName(row), row.a, row.b, difference(row)]);
    io.print(formatTable({ columns, rows }));
  }
  const rest: readonly (readonly [number, string])[] = [
    [differing.length - MOST_METRICS, "more differ by less: --report and --json have all"],
    [both.length - differing.length, "equal"],
    [metrics.filter((row) => row.b === null).length, `measured of ${a} only`],
    [metrics.filter((row) => row.a === null).length, `measured of ${b} only`],
  ];
  const lines = rest.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  if (lines.length > 0) io.print(`\nMetrics: ${lines.join("; ")}.`);
}

/** Metrics of both versions that differ, those that do most first. */
export function differingMetrics(metrics: readonly MetricRow[]): readonly MetricRow[] {
  const differing = metrics.filter(({ a, b }) => a !== null && b !== null && a !== b);
  return differing.sort((one, other) => relative(other) - relative(one));
}

/** Size of a difference beside that of the metric, 0 to 2. */
function relative({ a, b }: MetricRow): number {
  return Math.abs((b as number) - (a as number)) / Math.max(Math.abs(a as number), Math.abs(b as number));
}

/** How much larger the second is. */
export function difference({ a, b }: MetricRow): number | null {
  return a === null || b === null ? null : b - a;
}

function shown(value: JsonValue | undefined): string | null {
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : (modelText(value) ?? JSON.stringify(value));
  const short = text.replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => shortDigest(digest));
  return short.length > LONGEST ? `${short.slice(0, LONGEST - 1)}…` : short;
}

/** A model by its file, and its card. */
function modelText(value: JsonValue): string | undefined {
  const { path, digest, card } = (value ?? {}) as Partial<Record<"path" | "digest" | "card", JsonValue>>;
  if (path === undefined || digest === undefined) return undefined;
  return `${path} ${digest}${card === undefined ? "" : `, card ${card}`}`;
}
