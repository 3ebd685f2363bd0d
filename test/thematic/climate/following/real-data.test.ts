import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createTwin } from "../../../../core/index.ts";
import { hdf5 } from "../../../../modules/hdf5/index.ts";
import { netcdf } from "../../../../modules/netcdf/index.ts";
import { ClimateEmulator } from "../../../../thematic/climate/following/emulator.ts";
import { fitField } from "../../../../thematic/climate/following/fit-emulator.ts";
import { readField } from "../../../../thematic/climate/following/read-field.ts";
import { stationNetwork } from "../../../../thematic/climate/following/stations.ts";
import { twinExperiment } from "../../../../thematic/climate/following/twin-experiment.ts";
import { stationsAt } from "./shared.ts";

const FILE = "../shared/data/netcdf/xclim-testdata/tas.sresb1.giss_model_e_r.run1.atm.da.nc";

// Nothing fitted to these data is kept: the emulator lives in memory.
describe.skipIf(!existsSync(FILE))(`following the field of ${FILE}, where it is there`, () => {
  it("beats persistence, of the whole field from two days on, and climatology to three days, in held-back years", async () => {
    await using twin = await createTwin({ plugins: { hdf: hdf5(), files: netcdf() } });
    const field = await readField(await twin.files.open(FILE), "tas");
    const years = [...new Set(field.axis.year)];
    expect(years).toHaveLength(20);
    const emulator = new ClimateEmulator(
      await fitField(field, { years: years.slice(0, 14), coupled: 5, lag: 3, explained: 0.995 }),
    );
    // Every second cell, as on a chess board; 0.5 K. A twin experiment.
    const cells = Array.from({ length: 30 }, (_, cell) => cell).filter(
      (cell) => (Math.floor(cell / 5) + (cell % 5)) % 2 === 0,
    );
    const { leads } = await twinExperiment(field, {
      ...{ emulator, network: stationNetwork(emulator, stationsAt(field, cells)), years: years.slice(14) },
      ...{ seed: 1n, members: 30, leads: 3, every: 10, resamplings: 500 },
    });
    for (const { rmseSkill, crpsSkill } of leads) {
      expect(rmseSkill["persistence of the analysis"].low).toBeGreaterThan(0);
      expect(rmseSkill.climatology.low).toBeGreaterThan(0);
      expect(crpsSkill.persistence.low).toBeGreaterThan(0);
      expect(crpsSkill.climatology.low).toBeGreaterThan(0);
    }
    for (const { rmseSkill } of leads.slice(1)) expect(rmseSkill.persistence.low).toBeGreaterThan(0);
  });
});
