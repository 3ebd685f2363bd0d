// Runs the benchmarks: `npm run bench`, or `npm run bench -- hdf5 gflash` for some, `--json` for programs. All of them
// together are kept in docs/measurements/bench.json with the machine they were run on.
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { batchOverheadBench } from "./batch-overhead.ts";
import { climateIndexBench } from "./climate-index.ts";
import { createTwinBench } from "./create-twin.ts";
import { csvBench } from "./csv.ts";
import { federationBench } from "./federation.ts";
import { gflashBench } from "./gflash.ts";
import { hdf5Bench } from "./hdf5.ts";
import { importTimeBench } from "./import-time.ts";
import { ingestBench } from "./ingest.ts";
import { lifecycleBench } from "./lifecycle.ts";
import { lifecycleListBench } from "./lifecycle-list.ts";
import { netcdfBench } from "./netcdf.ts";
import { rootBench } from "./root.ts";
import type { BenchRow } from "./row.ts";
import { servingBench } from "./serving.ts";
import { zarrBench } from "./zarr.ts";

const BENCHES: Readonly<Record<string, () => readonly BenchRow[] | Promise<readonly BenchRow[]>>> = {
  import: importTimeBench,
  "create-twin": createTwinBench,
  gflash: gflashBench,
  hdf5: hdf5Bench,
  netcdf: netcdfBench,
  root: rootBench,
  zarr: zarrBench,
  csv: csvBench,
  federation: federationBench,
  "climate-index": climateIndexBench,
  lifecycle: lifecycleBench,
  "lifecycle-list": lifecycleListBench,
  serving: servingBench,
  ingest: ingestBench,
  "batch-overhead": batchOverheadBench,
};

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false } },
  allowPositionals: true,
});
const wanted = positionals.length === 0 ? Object.keys(BENCHES) : positionals;
const results: Record<string, readonly BenchRow[]> = {};
for (const name of wanted) {
  const bench = BENCHES[name];
  if (bench === undefined) throw new Error(`No benchmark "${name}". There are: ${Object.keys(BENCHES).join(", ")}.`);
  process.stderr.write(`${name} …\n`);
  results[name] = await bench();
}

const measured = {
  date: new Date().toISOString().slice(0, 10),
  commit: execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim(),
  machine: {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  },
  results,
};
const text = `${JSON.stringify(measured, undefined, 2)}\n`;
if (positionals.length === 0) await writeFile(new URL("../../docs/measurements/bench.json", import.meta.url), text);
process.stdout.write(values.json ? text : table(results));

function table(all: Readonly<Record<string, readonly BenchRow[]>>): string {
  const head = ["", "value", "peer", "ratio", "spread", "note"];
  const rows = Object.entries(all).flatMap(([bench, lines]) =>
    lines.map(({ name, value, unit, peer, ratio, noise, note }) => [
      `${bench}: ${name}`,
      `${digits(value)} ${unit}`,
      peer === undefined ? "" : `${digits(peer)} ${unit}`,
      ratio === undefined ? "" : ratio.toFixed(2),
      noise ?? "",
      note ?? "",
    ]),
  );
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join("  ")
      .trimEnd();
  return `${[head, ...rows].map(line).join("\n")}\n`;
}

function digits(value: number): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}
