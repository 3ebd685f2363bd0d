import { existsSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { type CaseResult, campaign, LIMITS } from "../fuzz/campaign.ts";
import { FORMATS, findSeeds } from "../fuzz/seeds.ts";
import { summarised } from "../fuzz/summary.ts";

const isLong = process.env["TWINLOOM_LONG"] === "1";
const CASES = isLong ? 10_000 : 72;
/**
 * Cases that went wrong once: HDF5 printed its errors for ever (97), found no chunk where its index lists one (1567), took
 * 1.2 GB for a string (2654).
 */
const REGRESSIONS = isLong ? [] : [97, 1567, 2654];
const LANES = isLong ? cpus().length : 1;

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Values that differ from the reference's are looked at one by one; these kinds are known, and ours is not wrong. */
const MOST_DIFFERENT = 0.001;

it(`takes ${CASES} damaged files of ${FORMATS.length} formats for what they are: the reference's values or a coded error`, {
  timeout: 3_600_000,
}, async ({ skip }) => {
  const python = existsSync(here("../../.venv/bin/python"));
  if (!python && process.env["TWINLOOM_REQUIRE_SERVICES"] !== "1") skip("needs scripts/python-venv.sh");
  const results: CaseResult[] = [];
  const numbers = [...Array.from({ length: CASES }, (_, number) => number), ...REGRESSIONS];
  for await (const result of campaign(numbers, findSeeds(), { lanes: LANES })) results.push(result);

  const notable = results.flatMap(({ number, format, seed, damage, findings }) =>
    findings.map((finding) => ({ number, format, seed, damage, ...finding })),
  );
  const faults = notable.filter(({ verdict }) => verdict === "FAULT");
  const different = notable.filter(({ verdict }) => verdict === "differs");
  if (isLong) record(results, different);
  expect(results).toHaveLength(numbers.length);
  expect(faults).toEqual([]);
  expect(different.length, JSON.stringify(different)).toBeLessThanOrEqual(MOST_DIFFERENT * notable.length);
});

function record(results: readonly CaseResult[], different: readonly object[]): void {
  const { formats, ...totals } = summarised(results);
  const measured = {
    what: "Damaged files of test/fixtures, read by us and by the reference reader (netCDF4-python, h5py, uproot, csv, zarr-python); findings per file where it was refused, else per variable",
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: `${cpus()[0]?.model} (${cpus().length} cores)`,
    limits: LIMITS,
    ...totals,
    formats,
    different,
  };
  writeFileSync(here("../../docs/measurements/damaged-files.json"), `${JSON.stringify(measured, undefined, 2)}\n`);
}
