import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMPARED_FILES, COMPARED_MADE, writeMadeFiles } from "./peer-files.ts";
import { applies, isWithoutXclim, type PeerFile, type PeerRow, XclimPeer } from "./xclim-peer.ts";

const both = "tasmin=tasmin, tasmax=tasmax";

/** Each index of this package that needs neither percentiles nor fits, and what xclim calls it. */
const ROWS: readonly PeerRow[] = [
  { index: "TXx", xclim: "atmos.tx_max(tasmax, freq=freq)", unit: "degC", float64: true },
  { index: "TXn", xclim: "atmos.tx_min(tasmax, freq=freq)", unit: "degC", float64: true },
  { index: "TNx", xclim: "atmos.tn_max(tasmin, freq=freq)", unit: "degC", float64: true },
  { index: "TNn", xclim: "atmos.tn_min(tasmin, freq=freq)", unit: "degC", float64: true },
  { index: "SU", xclim: "atmos.tx_days_above(tasmax, thresh='25 degC', freq=freq)", exact: true },
  { index: "FD", xclim: "atmos.frost_days(tasmin, freq=freq)", exact: true },
  {
    index: "FD",
    parameters: { threshold: -2.5 },
    xclim: "atmos.frost_days(tasmin, thresh='-2.5 degC', freq=freq)",
    exact: true,
  },
  { index: "ID", xclim: "atmos.ice_days(tasmax, freq=freq)", exact: true },
  { index: "TR", xclim: "atmos.tropical_nights(tasmin, thresh='20 degC', freq=freq)", exact: true },
  { index: "DTR", xclim: "atmos.daily_temperature_range(tasmin=tasmin, tasmax=tasmax, freq=freq)" },
  {
    index: "GSL",
    xclim: "atmos.growing_season_length(tas, mid_date='01-01' if freq == 'YS-JUL' else '07-01', freq=freq)",
    exact: true,
  },
  { index: "CSU", xclim: "atmos.maximum_consecutive_warm_days(tasmax, thresh='25 degC', freq=freq)", exact: true },
  { index: "CFD", xclim: "atmos.consecutive_frost_days(tasmin, freq=freq)", exact: true },
  { index: "heat_wave_frequency", xclim: `atmos.heat_wave_frequency(${both}, freq=freq)`, exact: true },
  { index: "heat_wave_max_length", xclim: `atmos.heat_wave_max_length(${both}, freq=freq)`, exact: true },
  { index: "heat_wave_total_length", xclim: `atmos.heat_wave_total_length(${both}, freq=freq)`, exact: true },
  {
    index: "heat_wave_frequency",
    parameters: { thresholdTasmin: 10, thresholdTasmax: 18, window: 2 },
    xclim: `atmos.heat_wave_frequency(${both}, thresh_tasmin='10 degC', thresh_tasmax='18 degC', window=2, freq=freq)`,
    exact: true,
  },
  { index: "freezethaw_spell_frequency", xclim: `atmos.freezethaw_spell_frequency(${both}, freq=freq)`, exact: true },
  {
    index: "freezethaw_spell_max_length",
    parameters: { window: 2 },
    xclim: `atmos.freezethaw_spell_max_length(${both}, window=2, freq=freq)`,
    exact: true,
  },
  { index: "dlyfrzthw", xclim: `atmos.daily_freezethaw_cycles(${both}, freq=freq)`, exact: true },
  { index: "RX1day", xclim: "atmos.max_1day_precipitation_amount(pr, freq=freq)", unit: "mm/day" },
  { index: "RX5day", xclim: "atmos.max_n_day_precipitation_amount(pr, window=5, freq=freq)", unit: "mm" },
  { index: "CDD", xclim: "atmos.maximum_consecutive_dry_days(pr, freq=freq)", exact: true },
  { index: "CWD", xclim: "atmos.maximum_consecutive_wet_days(pr, freq=freq)", exact: true },
  { index: "SDII", xclim: "atmos.daily_pr_intensity(pr, freq=freq)", unit: "mm/day" },
  { index: "R1mm", xclim: "atmos.wetdays(pr, thresh='1 mm/day', freq=freq)", exact: true },
  { index: "R10mm", xclim: "atmos.wetdays(pr, thresh='10 mm/day', freq=freq)", exact: true },
  { index: "R20mm", xclim: "atmos.wetdays(pr, thresh='20 mm/day', freq=freq)", exact: true },
  {
    index: "Rnnmm",
    parameters: { threshold: 2.5 },
    xclim: "atmos.wetdays(pr, thresh='2.5 mm/day', freq=freq)",
    exact: true,
  },
  { index: "PRCPTOT", xclim: "atmos.wet_precip_accumulation(pr, freq=freq)", unit: "mm" },
  {
    index: "PRCPTOT",
    parameters: { threshold: 0 },
    xclim: "atmos.wet_precip_accumulation(pr, thresh='0 mm/day', freq=freq)",
    unit: "mm",
  },
];

const nothing: PeerFile = { name: "", path: "", variables: {}, frequencies: [] };

describe.skipIf(isWithoutXclim)("climate indices of days and xclim (needs scripts/climate-venv.sh)", () => {
  let folder = "";
  let made: readonly PeerFile[] = [];
  let peer: XclimPeer | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "twinloom-indices-"));
    made = await writeMadeFiles(folder);
    peer = await XclimPeer.ask([...COMPARED_FILES, ...made], ROWS);
  }, 1_200_000);

  afterAll(async () => {
    await peer?.record("climate-indices", "npm run test:long -- test/services/climate-indices/days.test.ts");
    await peer?.stop();
    if (folder !== "") await rm(folder, { recursive: true });
  });

  const check = async (file: PeerFile, isWithGaps: boolean): Promise<void> => {
    const rows = ROWS.filter((row) => applies(file, row));
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      const compared = await (peer as XclimPeer).compare(file, row);
      expect(compared.values).toBeGreaterThan(0);
      // Not all are missing, of which agreement would tell nothing.
      expect(compared.missing).toBeLessThan(compared.values);
      if (isWithGaps) expect(compared.missing).toBeGreaterThan(0);
    }
  };

  it("finds the files in ../shared, or says that there are none", ({ skip }) => {
    if (COMPARED_FILES.length === 0) skip("../shared/data/netcdf is not there");
    expect(COMPARED_FILES.length).toBeGreaterThan(2);
  });
  for (const file of COMPARED_FILES) it(`agree on ${file.name}`, async () => await check(file, false));
  for (const [i, number] of COMPARED_MADE.entries()) {
    it(`agree on made weather, ${number}`, async () => {
      const file = made[i] ?? nothing;
      await check(file, file.name.includes("gaps"));
    });
  }
});
