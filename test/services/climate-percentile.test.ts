import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMPARED_FILES, COMPARED_MADE, writeMadeFiles } from "./climate-indices/peer-files.ts";
import { applies, isWithoutXclim, type PeerFile, type PeerRow, XclimPeer } from "./climate-indices/xclim-peer.ts";

const per = (input: string, percentile: number, window = 5): string =>
  `percentile_doy(${input}, window=${window}, per=${percentile}).sel(percentiles=${percentile})`;

/** R95p in numpy's words, with xclim's rule for missing days: it has no such sum. A wet day is one of 1 mm in the file's own type. */
const wetDays = `(lambda p, wet: p.where((p > p.where(wet).quantile(0.95, "time", method="median_unbiased")) | p.isnull(), 0))(pr.astype("float64"), pr >= convert_units_to("1 mm/day", pr, context="hydro"))`;
const veryWet = `atmos.precip_accumulation(${wetDays}.assign_attrs(pr.attrs), freq=freq)`;
const allWet = `atmos.precip_accumulation((lambda p, wet: p.where(wet | p.isnull(), 0))(pr.astype("float64"), pr >= convert_units_to("1 mm/day", pr, context="hydro")).assign_attrs(pr.attrs), freq=freq)`;

const ROWS: readonly PeerRow[] = [
  { index: "TX90p", xclim: `atmos.tx90p(tasmax, ${per("tasmax", 90)}, freq=freq)`, exact: true },
  { index: "TN10p", xclim: `atmos.tn10p(tasmin, ${per("tasmin", 10)}, freq=freq)`, exact: true },
  {
    index: "TX10p",
    parameters: { percentile: 25, percentileWindow: 7 },
    xclim: `atmos.tx10p(tasmax, ${per("tasmax", 25, 7)}, freq=freq)`,
    exact: true,
  },
  { index: "TN90p", frequencies: ["YS"], xclim: `atmos.tn90p(tasmin, ${per("tasmin", 90)}, freq=freq)`, exact: true },
  { index: "WSDI", xclim: `atmos.warm_spell_duration_index(tasmax, ${per("tasmax", 90)}, freq=freq)`, exact: true },
  {
    index: "CSDI",
    parameters: { window: 3 },
    xclim: `atmos.cold_spell_duration_index(tasmin, ${per("tasmin", 10)}, window=3, freq=freq)`,
    exact: true,
  },
  { index: "R95p", xclim: veryWet, unit: "mm" },
  { index: "R95pTOT", frequencies: ["YS"], xclim: `(100 * ${veryWet} / ${allWet})` },
];

/** With base periods within the data. */
const BASES: readonly { readonly file: string; readonly period: string; readonly slice: string }[] = [
  { file: "ERA5", period: "1990-1991", slice: `slice("1990", "1991")` },
  { file: "EC-EARTH", period: "1971-1975", slice: `slice("1971", "1975")` },
  { file: "made 360_day from 2001-01", period: "2002-2003", slice: `slice("2002", "2003")` },
  { file: "made standard", period: "1999-06/2001-11", slice: `slice("1999-06", "2001-11")` },
];

const BASE_ROWS: ReadonlyMap<string, PeerRow> = new Map(
  BASES.map(({ file, period, slice }) => [
    file,
    {
      index: "TX90p",
      period,
      frequencies: ["YS"],
      xclim: `atmos.tx90p(tasmax, ${per(`tasmax.sel(time=${slice})`, 90)}, freq=freq)`,
      exact: true,
    },
  ]),
);

const baseRows = (name: string): readonly PeerRow[] =>
  [...BASE_ROWS].filter(([file]) => name.startsWith(file)).map(([, row]) => row);

/** Two frequencies each, that xclim does not take too long. */
const twice = (files: readonly PeerFile[]): readonly PeerFile[] =>
  files.map((file) => ({ ...file, frequencies: file.frequencies.slice(0, 2) }));

const realFiles = twice(COMPARED_FILES);

describe.skipIf(isWithoutXclim)("percentile indices and xclim (needs scripts/climate-venv.sh)", () => {
  let folder = "";
  let made: readonly PeerFile[] = [];
  const asked = new Map<PeerFile, readonly PeerRow[]>();
  let peer: XclimPeer | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-percentile-"));
    made = twice(await writeMadeFiles(folder));
    const files = [...realFiles, ...made];
    for (const file of files)
      asked.set(
        file,
        [...ROWS, ...baseRows(file.name)].filter((row) => applies(file, row)),
      );
    peer = await XclimPeer.ask(files, [...new Set([...asked.values()].flat())]);
  }, 600_000);

  afterAll(async () => {
    await peer?.record("climate-percentiles", "npm run test:long -- test/services/climate-percentile.test.ts");
    await peer?.stop();
    if (folder !== "") await rm(folder, { recursive: true });
  });

  const check = async (file: PeerFile | undefined): Promise<void> => {
    if (!file) throw new Error("There is no such file.");
    const rows = asked.get(file) ?? [];
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) {
      const compared = await (peer as XclimPeer).compare(file, row);
      expect(compared.missing).toBeLessThan(compared.values);
    }
  };

  it("finds the files in ../shared, or says that there are none", ({ skip }) => {
    if (COMPARED_FILES.length === 0) skip("../shared/data/netcdf is not there");
    expect(COMPARED_FILES.length).toBeGreaterThan(2);
  });
  for (const file of realFiles) it(`agree on ${file.name}`, async () => await check(file));
  for (const [i, number] of COMPARED_MADE.entries()) {
    it(`agree on made weather, ${number}`, async () => await check(made[i]));
  }
});
