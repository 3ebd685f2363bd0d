import { describe, expect, it } from "vitest";
import { diffReport } from "../../cli/diff-report.ts";
import { createTwin, type Figure, type MetricRow, type Table, type VersionDiff } from "../../core/index.ts";
import { report } from "../../modules/report/index.ts";

const validation = (metric: string, a: number | null, b: number | null): MetricRow => ({
  source: "validation",
  metric,
  a,
  b,
});

function diffOf(metrics: readonly MetricRow[]): VersionDiff {
  const version = (number: number): object => ({ twin: "ecal", number, digest: `sha256:${number}`, aliases: [] });
  // No section has any.
  const changes = new Proxy({}, { get: () => [] });
  return { a: version(1), b: version(2), changes, metrics } as unknown as VersionDiff;
}

function itemsOf(metrics: readonly MetricRow[]): { readonly figures: readonly Figure[]; readonly table: Table } {
  const items = diffReport(diffOf(metrics)).sections.flatMap((section) => section.items);
  const [table] = items.filter((item) => item.kind === "table");
  return { figures: items.filter((item) => item.kind === "figure"), table: table as Table };
}

describe("a report of what differs", () => {
  const metrics = [
    validation("AUC", 0.9, 0.6),
    validation("bias", -0.02, 0.01),
    validation("equal", 1, 1),
    validation("FPD", 10, 40),
    validation("new", null, 2),
  ];

  it("has the names of metrics in the picture, those that differ most first", () => {
    const { figures } = itemsOf(metrics);
    expect(figures).toMatchObject([
      {
        x: { label: "metric", names: ["FPD", "AUC"] },
        y: { scale: "log" },
        series: [
          { name: "ecal@v1", x: [0, 1], y: [10, 0.9] },
          { name: "ecal@v2", x: [0, 1], y: [40, 0.6] },
        ],
        ratioTo: "ecal@v1",
      },
      { x: { names: ["bias"] }, y: { label: "value" }, series: [{ y: [-0.02] }, { y: [0.01] }] },
    ]);
    expect(figures[1]).not.toHaveProperty("ratioTo");
  });

  it("has every metric in the table, in the order of their names", () => {
    const { table } = itemsOf(metrics);
    expect(table.columns.map(({ name }) => name)).toEqual(["metric", "ecal@v1", "ecal@v2", "difference"]);
    expect(table.rows.map(([name]) => name)).toEqual(["AUC", "bias", "equal", "FPD", "new"]);
    expect(table.rows[4]).toEqual(["new", null, 2, null]);
  });

  it("divides many metrics among figures of about one height", () => {
    const many = Array.from({ length: 50 }, (_, index) => validation(`metric ${index}`, 1, 1 + 1 / (index + 1)));
    const { figures } = itemsOf(many);
    expect(figures.map(({ x }) => x.names?.length)).toEqual([17, 17, 16]);
    expect(figures.flatMap(({ x }) => x.names)).toEqual(many.map(({ metric }) => metric));
    expect(figures.map(({ caption }) => caption.slice(-8))).toEqual(["(1 of 3)", "(2 of 3)", "(3 of 3)"]);
  });

  it("leaves room for the others where one is next to nothing", () => {
    const { figures } = itemsOf([validation("p-value", 0.6, 1e-48), validation("a", 0.1, 0.2), validation("b", 3, 4)]);
    expect(figures[0]?.y).toEqual({ label: "value", scale: "log", min: 0.05, max: 8 });
    expect(itemsOf(metrics).figures[0]?.y).toEqual({ label: "value", scale: "log" });
  });

  it.each([1, 3, 40])("is drawn with %d metrics", async (count) => {
    const many = Array.from({ length: count }, (_, index) => validation(`metric ${index}`, 1e-3 * 1.5 ** index, 1));
    await using twin = await createTwin({ name: "test", plugins: { report: report() } });
    const page = await twin.report.html(diffReport(diffOf(many)));
    const names = [...page.matchAll(/<text[^>]*>(metric \d+)</g)].map(([, name]) => name);
    expect(new Set(names).size).toBe(count);
  });
});
