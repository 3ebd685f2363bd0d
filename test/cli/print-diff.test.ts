import { expect, it } from "vitest";
import { printDiff } from "../../cli/print-diff.ts";
import { styleFor } from "../../cli/style.ts";
import type { MetricRow, VersionDiff } from "../../core/index.ts";

const version = (number: number): VersionDiff["a"] => ({
  twin: "ecal",
  number,
  digest: `sha256:${String(number).repeat(64)}`,
  state: "sealed",
  aliases: [],
});
const row = (metric: string, a: number | null, b: number | null): MetricRow => ({ source: "validation", metric, a, b });

it("prints the metrics that differ most, and counts the others", () => {
  const metrics = [
    ...Array.from({ length: 24 }, (_, index) => row(`m${index}`, 100, 100 + index)),
    row("gone", 1, null),
    row("new", null, 1),
  ];
  const lines: string[] = [];
  const nothing = {
    parts: [],
    options: [],
    wiring: [],
    plans: [],
    tolerances: [],
    models: [],
    data: [],
    code: [],
    environment: [],
  };
  const changes = { ...nothing, packages: [], parents: [], annotations: [] };
  printDiff(
    { a: version(1), b: version(2), changes, metrics },
    { print: (line) => lines.push(line), style: styleFor(false) },
  );
  const text = lines.join("\n");
  expect(text.match(/validation: \w+/g)).toEqual(Array.from({ length: 20 }, (_, k) => `validation: m${23 - k}`));
  expect(text).toContain(
    "Metrics: 3 more differ by less: --report and --json have all; 1 equal; 1 measured of ecal@v1 only; 1 measured of ecal@v2 only.",
  );
});
