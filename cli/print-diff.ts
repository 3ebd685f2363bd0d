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
  "models",
  "data",
  "code",
  "packages",
  "environment",
  "parents",
  "annotations",
];
const LONGEST = 60;

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
  const differing = diff.metrics.filter((row) => row.a !== row.b);
  if (sections.length === 0) io.print(`${a} and ${b} have the same content.`);
  for (const [index, { section, rows }] of sections.entries()) {
    io.print(`${index > 0 ? "\n" : ""}${io.style.bold(section)}`);
    io.print(formatTable({ columns: [{ name: "what" }, { name: a }, { name: b }], rows }));
  }
  if (differing.length > 0) {
    io.print(`\n${io.style.bold("metrics")}`);
    const columns = [{ name: "metric" }, { name: a }, { name: b }, { name: "b - a" }];
    const rows = differing.map((row) => [metricName(row), row.a, row.b, difference(row)]);
    io.print(formatTable({ columns, rows }));
  }
  const equal = diff.metrics.length - differing.length;
  if (equal > 0) io.print(`\n${equal === 1 ? "1 metric is" : `${equal} metrics are`} equal.`);
}

/** How much larger the second is. */
export function difference({ a, b }: MetricRow): number | null {
  return a === null || b === null ? null : b - a;
}

function shown(value: JsonValue | undefined): string | null {
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const short = text.replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => shortDigest(digest));
  return short.length > LONGEST ? `${short.slice(0, LONGEST - 1)}…` : short;
}
