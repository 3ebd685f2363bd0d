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
  return [...groups].map(([title, rows]) => ({
    title,
    text: "Numbers on the horizontal axis are those of the rows of the table.",
    items: [metricFigure(rows, names), metricTable(rows, names)],
  }));
}

function metricTable(rows: readonly MetricRow[], [a, b]: readonly [string, string]): Table {
  return {
    kind: "table",
    caption: "Metrics side by side",
    columns: [{ name: "row" }, { name: "metric" }, { name: a }, { name: b }, { name: `${b} − ${a}` }],
    rows: rows.map((row, index) => [index + 1, row.metric, row.a, row.b, difference(row)]),
  };
}

/** Metrics have many sizes: a logarithmic axis where all are above zero. */
function metricFigure(rows: readonly MetricRow[], [a, b]: readonly [string, string]): Figure {
  const values = rows.flatMap((row) => [row.a, row.b]).filter((value) => value !== null);
  const places = rows.map((_, index) => index + 1);
  const series = (name: string, y: readonly (number | null)[]): Figure["series"][number] => {
    return { kind: "points", name, x: places, y };
  };
  return {
    kind: "figure",
    caption: "Metrics of both versions, and their ratio",
    x: { label: "row of the table", min: 0.5, max: rows.length + 0.5 },
    y: { label: "metric", ...(values.every((value) => value > 0) && { scale: "log" as const }) },
    series: [
      series(
        a,
        rows.map((row) => row.a),
      ),
      series(
        b,
        rows.map((row) => row.b),
      ),
    ],
    ratioTo: a,
  };
}
