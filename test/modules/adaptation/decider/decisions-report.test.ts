import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTwin, type Figure, type ReportDocument, type Table } from "twinloom";
import { report } from "twinloom/modules/report";
import { afterAll, describe, expect, it } from "vitest";
import {
  type ConditionsAt,
  type Decided,
  decisionsReport,
  type RecordedDecision,
} from "../../../../modules/adaptation/index.ts";
import { SyntheticTwin } from "../loop/synthetic-twin.ts";
import { decideAll, unexplained } from "./sample.ts";

const folder = await mkdtemp(join(tmpdir(), "twinloom-report-"));
afterAll(() => rm(folder, { recursive: true }));

const { conditions } = new SyntheticTwin();
const decided = await decideAll(join(folder, "one"));
const GAIN = "gain of channel 3";

/** The gain of channel 3 as `windows()` has it: 5,000 events before it falls. */
const truth = [
  [0, 1],
  [2.5, 1],
  [2.5, 0.96],
  [99, 0.96],
].map(([seconds, value]): ConditionsAt => {
  return {
    timeNs: String(decided.fromNs + BigInt((seconds as number) * 1e9)),
    conditions: { [GAIN]: value as number },
  };
});

function made({ decisions, fromNs, toNs }: Decided, more: object = {}): ReportDocument {
  return decisionsReport({ title: "Adaptation", conditions, decisions, fromNs, toNs, ...more });
}

const section = ({ sections }: ReportDocument, title: string): ReportDocument["sections"][number] => {
  const found = sections.find((one) => one.title === title);
  if (!found) throw new Error(`no section ${title}`);
  return found;
};
const seriesOf = ({ series }: Figure, name: string): Figure["series"][number] | undefined =>
  series.find((one) => one.name === name);

describe("decisionsReport", () => {
  it("draws the conditions that moved, with the truth, and estimates by what became of them", () => {
    const figures = section(made(decided, { truth }), "Conditions").items as readonly Figure[];
    expect(figures.map(({ caption }) => caption)).toEqual([GAIN, "gain of channel 8"]);
    const [gain, taken] = figures as [Figure, Figure];
    expect(seriesOf(gain, "true")).toMatchObject({ x: [0, 2.5, 2.5, 15.0995], y: [1, 1, 0.96, 0.96] });
    const accepted = seriesOf(gain, "accepted");
    expect(accepted?.y[0]).toBeCloseTo(0.96, 2);
    expect(accepted?.yError?.[0]).toBeGreaterThan(0);
    const twin = seriesOf(gain, "twin");
    expect(twin?.x[0]).toBe(0);
    expect(twin?.y).toEqual([1, 1, accepted?.y[0], accepted?.y[0]]);
    // What was taken back has a mark, at where the twin is again.
    expect(seriesOf(taken, "taken back")?.y).toEqual([1]);
    expect(taken.series.map(({ name }) => name)).toEqual(gain.series.map(({ name }) => name));
  });

  it("says which conditions move between decisions, too", () => {
    const { text } = section(made(decided, { tracked: [GAIN] }), "Conditions");
    expect(text).toContain(
      `Tracked between decisions, and drawn where they had moved by what is worth a version: ${GAIN}.`,
    );
    expect(section(made(decided), "Conditions").text).not.toContain("Tracked");
  });

  it("lists all decisions, and when each was made", () => {
    const [timeline, table] = section(made(decided), "What happened").items as [Figure, Table];
    expect(timeline.x.names).toEqual(["alarm", "accepted", "taken back"]);
    expect(timeline.series[0]?.x).toEqual([0, 1, 0, 1, 2]);
    expect(table.rows).toHaveLength(decided.decisions.length);
    expect(table.rows[1]?.slice(1, 3)).toEqual([decided.decisions[1]?.decision.events, "alarm"]);
  });

  it("lists what every cause explains and what it has to, once for each change, the best first", () => {
    const tables = section(made(decided), "Why").items as readonly Table[];
    expect(tables).toHaveLength(2);
    const [first] = tables as [Table, Table];
    expect(first.rows.length).toBeGreaterThanOrEqual(conditions.length);
    expect(first.rows[0]?.[0]).toBe(GAIN);
    for (const [, , , falls, price, worth] of first.rows) {
      expect(Math.abs((falls as number) - (price as number) - (worth as number))).toBeLessThanOrEqual(1);
    }
    const worths = first.rows.map((row) => row[5] as number);
    expect(worths).toEqual([...worths].sort((a, b) => b - a));
  });

  it("draws what nothing explains", async () => {
    const asked = await decideAll(
      join(folder, "two"),
      { retrain: async () => ({ plan: "sha256:5", file: "5.json" }) },
      unexplained(),
    );
    const [timeline, table] = section(made(asked), "What happened").items as [Figure, Table];
    expect(timeline.x.names).toContain("retraining requested");
    expect(table.rows.find((row) => row[2] === "retraining requested")?.[5]).toBe("plan 5.json");
  });

  it("is a page also of kinds of decisions that it does not know, and of nothing", async () => {
    const [first] = decided.decisions as [RecordedDecision];
    const unknown = { ...first, decision: { ...first.decision, kind: "moved-house" } } as unknown as RecordedDecision;
    await using twin = await createTwin({ plugins: { report: report() } });
    const html = await twin.report.html(made({ ...decided, decisions: [...decided.decisions, unknown] }, { truth }));
    for (const text of ["moved-house", GAIN, "Why"]) expect(html).toContain(text);
    const empty = await twin.report.html(made({ ...decided, decisions: [], fromNs: 0n, toNs: 0n }));
    expect(empty).toContain("No condition moved.");
  });

  it("does not grow with the number of changes", () => {
    const many = Array.from({ length: 40 }, () => decided.decisions).flat();
    const document = made({ ...decided, decisions: many });
    expect(section(document, "Why").items).toHaveLength(12);
    expect(section(document, "Why").text).toContain("The last 12 of 80 changes");
  });
});
