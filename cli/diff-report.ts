import { resolve } from "node:path";
import {
  createTwin,
  type Figure,
  type MetricRow,
  type ReportDocument,
  type ReportSection,
  type Table,
  type VersionDiff,
  versionName,
  writeFileAtomically,
} from "../core/index.ts";
import { report } from "../modules/report/index.ts";
import type { CommandIo } from "./command.ts";
import { difference, diffRows } from "./print-diff.ts";
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
  const isDrawn = (row: MetricRow): boolean => row.a !== null && row.b !== null && row.a !== row.b;
  // Metrics have many sizes: those above zero share a logarithmic axis.
  const isPositive = (row: MetricRow): boolean => Math.min(row.a ?? 0, row.b ?? 0) > 0;
  const positive = rows.filter((row) => isDrawn(row) && isPositive(row));
  const others = rows.filter((row) => isDrawn(row) && !isPositive(row));
  const rest = rows.filter((row) => !isDrawn(row));
  const table: Table = {
    kind: "table",
    caption: "Metrics side by side",
    columns: [{ name: "row" }, { name: "metric" }, ...names.map((name) => ({ name })), { name: "difference" }],
    rows: [...positive, ...others, ...rest].map((row, index) => [index + 1, row.metric, row.a, row.b, difference(row)]),
  };
  const figures = [
    metricFigure(positive, names, { caption: "Metrics that differ, and their ratio", first: 1, scale: "log" }),
    metricFigure(others, names, {
      caption: "Metrics that differ and are not all above zero",
      first: positive.length + 1,
      scale: "linear",
    }),
  ].filter((figure) => figure.series[0]?.x.length !== 0);
  const text =
    "Numbers on horizontal axes are rows of the table; what is equal, or measured once only, is in the table alone.";
  return { title, ...(figures.length > 0 && { text }), items: [...figures, table] };
}

/** Fewer places would have ticks between them. */
const FEWEST_PLACES = 7;

function metricFigure(
  rows: readonly MetricRow[],
  [a, b]: readonly [string, string],
  { caption, first, scale }: { readonly caption: string; readonly first: number; readonly scale: "linear" | "log" },
): Figure {
  const x = rows.map((_, index) => first + index);
  return {
    kind: "figure",
    caption,
    x: { label: "row of the table", min: first - 0.5, max: first - 0.5 + Math.max(rows.length, FEWEST_PLACES) },
    y: { label: "metric", scale },
    series: [
      { kind: "points", name: a, x, y: rows.map((row) => row.a) },
      { kind: "points", name: b, x, y: rows.map((row) => row.b) },
    ],
    ...(scale === "log" && { ratioTo: a }),
  };
}
