import { resolve } from "node:path";
import {
  type Axis,
  createTwin,
  type Figure,
  type MetricRow,
  MOST_AXIS_NAMES,
  type ReportDocument,
  type ReportSection,
  type Table,
  type VersionDiff,
  versionName,
  writeFileAtomically,
} from "../core/index.ts";
import { report } from "../modules/report/index.ts";
import type { CommandIo } from "./command.ts";
import { difference, differingMetrics, diffRows } from "./print-diff.ts";
import { withTwin } from "./with-twin.ts";

/** Writes a comparison of two versions as one HTML page. */
export async function writeDiffReport(
  diff: VersionDiff,
  page: string,
  { cwd, signal }: Pick<CommandIo, "cwd" | "signal">,
): Promise<void> {
  const twin = await createTwin({ name: "diff", plugins: { report: report() }, signal });
  const html = await withTwin(twin, ({ report }) => report.html(diffReport(diff), { signal }));
  await writeFileAtomically(resolve(cwd, page), html, { signal, existing: "replace" });
}

/** A comparison as tables and figures: metrics with both versions in each picture. */
export function diffReport(diff: VersionDiff): ReportDocument {
  const [a, b] = [versionName(diff.a), versionName(diff.b)];
  const changes = diffRows(diff).map(({ section, rows }): Table => {
    const columns = [{ name: "what" }, { name: a }, { name: b }];
    return { kind: "table", caption: section, columns, rows };
  });
  return {
    title: `${a} and ${b}`,
    summary: `How version ${b} differs from ${a}.`,
    sections: [
      ...(changes.length > 0 ? [{ title: "Changes", items: changes }] : []),
      ...metricSections(diff.metrics, [a, b]),
    ],
    provenance: { [a]: diff.a.digest, [b]: diff.b.digest },
  };
}

function metricSections(metrics: readonly MetricRow[], names: readonly [string, string]): readonly ReportSection[] {
  const groups = new Map<string, MetricRow[]>();
  for (const row of metrics) {
    const title = row.part === undefined ? "Validation" : `Model of ${row.part}`;
    groups.set(title, [...(groups.get(title) ?? []), row]);
  }
  return [...groups].map(([title, rows]) => metricSection(title, rows, names));
}

function metricSection(title: string, rows: readonly MetricRow[], names: readonly [string, string]): ReportSection {
  const differing = differingMetrics(rows);
  // Metrics have many sizes: those above zero share a logarithmic axis.
  const isPositive = ({ a, b }: MetricRow): boolean => Math.min(a ?? 0, b ?? 0) > 0;
  const positive = differing.filter(isPositive);
  const others = differing.filter((row) => !isPositive(row));
  const table: Table = {
    kind: "table",
    caption: "Metrics side by side",
    columns: [{ name: "metric" }, ...names.map((name) => ({ name })), { name: "difference" }],
    rows: rows.map((row) => [row.metric, row.a, row.b, difference(row)]),
  };
  const figures = [
    ...metricFigures(positive, names, {
      caption: `Metrics that differ, and the ratio of ${names[1]} to ${names[0]}`,
      scale: "log",
    }),
    ...metricFigures(others, names, { caption: "Metrics that differ and are not all above zero", scale: "linear" }),
  ];
  const text =
    "What differs most, relative to its size, comes first. What is equal, or measured once only, is in the table alone.";
  return { title, ...(figures.length > 0 && { text }), items: [...figures, table] };
}

/** One figure, or several of about the same height where the names do not fit one. */
function metricFigures(
  rows: readonly MetricRow[],
  [a, b]: readonly [string, string],
  { caption, scale }: { readonly caption: string; readonly scale: "linear" | "log" },
): readonly Figure[] {
  const count = Math.ceil(rows.length / MOST_AXIS_NAMES);
  return Array.from({ length: count }, (_, index): Figure => {
    const part = rows.slice(Math.ceil((index * rows.length) / count), Math.ceil(((index + 1) * rows.length) / count));
    const x = part.map((_, place) => place);
    return {
      kind: "figure",
      caption: count > 1 ? `${caption} (${index + 1} of ${count})` : caption,
      x: { label: "metric", names: part.map(({ metric }) => metric) },
      y: { label: "value", ...(scale === "log" && logAxis(part)) },
      series: [
        { kind: "points", name: a, x, y: part.map((row) => row.a) },
        { kind: "points", name: b, x, y: part.map((row) => row.b) },
      ],
      ...(scale === "log" && { ratioTo: a }),
    };
  });
}

/** Share of the median below which a metric is left to an arrow at the edge. */
const FAR_BELOW = 1e-6;

/** A logarithmic axis; a probability of 10⁻⁵⁰ would leave no room for the others. */
function logAxis(rows: readonly MetricRow[]): Pick<Axis, "scale" | "min" | "max"> {
  const sizes = rows.flatMap(({ a, b }) => [a ?? 0, b ?? 0]).sort((one, other) => one - other);
  const least = FAR_BELOW * (sizes[sizes.length / 2] ?? 0);
  const shown = sizes.filter((size) => size >= least);
  if (shown.length === sizes.length) return { scale: "log" };
  return { scale: "log", min: (shown[0] ?? 0) / 2, max: (shown.at(-1) ?? 0) * 2 };
}
